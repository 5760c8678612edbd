"""Where a request ends, and what the kernel does not take of an answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from forecast_service.server.waits import BYTES_A_SECOND, Client, Closing, Receiving, Sending

MOST = 1000
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
WHOLE = {
    "no body": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    "a length": (POST + b"content-LENGTH: 5\r\n\r\nhello", b"hello"),
    "length 0": (POST + b"Content-Length: 0\r\n\r\n", b""),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
    "trailers": (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n\r\n", b"hello"),
    "end in chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n8\r\n0\r\n\r\n\r\n\r\r\n0\r\n\r\n", b"0\r\n\r\n\r\n\r"),
}
REFUSED = {
    "line": b"GET /" + b"x" * 9000,
    "length": POST + b"Content-Length: five\r\n\r\n",
    "chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "sign": POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
}


@pytest.fixture
def pair() -> Iterator[tuple[Client, socket.socket]]:
    """The service's end of a connection, and the client's."""
    ours, theirs = socket.socketpair()
    with Client(ours) as client, theirs:
        yield client, theirs


@pytest.mark.parametrize("name", WHOLE)
def test_a_request_is_complete_with_its_last_byte(pair: tuple[Client, socket.socket], name: str) -> None:
    client, theirs = pair
    sent, body = WHOLE[name]
    request = Receiving(10, MOST, b"")
    for end in range(1, len(sent) + 1):
        theirs.sendall(sent[end - 1 : end])
        assert request.go_on(client) == (end == len(sent)), end
    assert not request.cut
    assert next(RequestParser(Config(), [bytes(request.data)], None)).body.read() == body


@pytest.mark.parametrize("name", REFUSED)
def test_what_gunicorn_refuses_is_not_waited_for(pair: tuple[Client, socket.socket], name: str) -> None:
    client, theirs = pair
    theirs.sendall(REFUSED[name])
    assert Receiving(10, MOST, b"").go_on(client)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(b"Content-Length: 1001\r\n\r\n", b"", id="length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n", b"7d0\r\n" + b"x" * MOST, id="chunk"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 167, id="chunks"),
    ],
)
def test_the_rest_of_a_long_body_is_not_waited_for(
    pair: tuple[Client, socket.socket], head: bytes, body: bytes
) -> None:
    client, theirs = pair
    theirs.sendall(POST + head + body)
    request = Receiving(10, MOST, b"")
    assert request.go_on(client)
    assert request.cut


def test_what_the_kernel_does_not_take_is_sent_later(pair: tuple[Client, socket.socket]) -> None:
    client, theirs = pair
    answer = bytes(range(256)) * 40_000
    client.sendall(answer)
    client.sendall(b"end")
    sending, taken = Sending(10, client), b""
    held = sending.held_bytes
    assert 0 < held < len(answer)
    while sending.held_bytes:
        taken += theirs.recv(1_000_000)
        with suppress(BlockingIOError):  # the kernel is full again
            sending.go_on(client)
    while len(taken) < len(answer) + 3:
        taken += theirs.recv(1_000_000)
    assert taken == answer + b"end"


def test_who_goes_on_has_more_time(pair: tuple[Client, socket.socket]) -> None:
    client, theirs = pair
    closing = Closing(10)
    before = closing.until
    theirs.sendall(b"x" * 10_000)
    assert not closing.go_on(client)
    assert closing.until - before == pytest.approx(10_000 / BYTES_A_SECOND)
    theirs.close()
    assert closing.go_on(client)
    assert closing.gone
