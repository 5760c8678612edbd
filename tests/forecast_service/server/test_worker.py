"""The service as it is deployed: from nothing kept to ready, and a clean end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from benchmarks.speed.measure import workers_of
from models.dataset.countries import allies
from tests.support.service import Service, serving
from tests.support.sockets import ESTABLISHED, connections, sockets_of

pytestmark = pytest.mark.slow


def test_it_answers_at_once_becomes_ready_and_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        assert service.wait_until("/healthz") == {"status": "ok"}
        status, body = service.ask("GET", "/readyz")
        # How far the fits are by now depends on the machine; what is said of them must be true.
        assert (status, body["status"]) == ((503, "not-ready") if body["missing"] else (200, "ready"))
        assert set(body["missing"]) <= set(allies())
        service.wait_until_ready()
        status, forecast = service.ask("GET", "/v1/countries/DEU/forecast")
        assert (status, forecast["country"]["code"]) == (200, "DEU")
        assert service.stop() == 0


def test_it_refuses_what_is_no_http_as_a_problem(live_service: Service) -> None:
    for line, status in (("GET /" + "x" * 9000 + " HTTP/1.1", 414), ("NONSENSE", 400)):
        with socket.create_connection(("127.0.0.1", live_service.port), timeout=10) as connection:
            connection.sendall(f"{line}\r\n\r\n".encode())
            with connection.makefile("rb") as answer:
                text = answer.read().decode()
        assert text.startswith(f"HTTP/1.1 {status} ")
        assert "Content-Type: application/problem+json" in text
        assert "urn:forecast-service:problem:bad-http" in text
    assert live_service.ask("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("body", ["zz\r\n{}\r\n0\r\n\r\n", "\r\n", "2;\x00\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx0\r\n\r\n"])
def test_it_refuses_badly_framed_chunks_as_a_problem(live_service: Service, body: str) -> None:
    head = (
        "POST /v1/forecasts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live_service.port), timeout=30) as connection:
        connection.sendall((head + body).encode())
        with connection.makefile("rb") as answer:
            text = answer.read().decode()  # to the end: the connection is closed, as nobody knows where it stands
    assert text.startswith("HTTP/1.1 400 ")
    assert text.count("HTTP/1.1") == 1
    assert "urn:forecast-service:problem:bad-http" in text
    assert live_service.ask("GET", "/healthz")[0] == 200


def received(connection: socket.socket) -> str:
    """All that the service sends until it closes."""
    with connection.makefile("rb") as answer:
        return answer.read().decode()


HEAD = "POST /v1/forecasts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SIZE = 12_000_000
"""More than the kernel takes in for a service that does not read."""


@pytest.mark.parametrize(
    ("head", "pieces"),
    [
        pytest.param(f"{HEAD}Content-Length: {SIZE}\r\n", [b" " * SIZE], id="with a length"),
        pytest.param(
            f"{HEAD}Transfer-Encoding: chunked\r\n",
            [b"%x\r\n%b\r\n" % (SIZE // 12, b" " * (SIZE // 12))] * 12 + [b"0\r\n\r\n"],
            id="in chunks",
        ),
    ],
)
def test_who_sends_too_much_can_read_why_and_then_the_connection_closes(
    live_service: Service, head: str, pieces: list[bytes]
) -> None:
    with socket.create_connection(("127.0.0.1", live_service.port), timeout=30) as connection:
        connection.sendall(f"{head}\r\n".encode())
        for piece in pieces:
            connection.sendall(piece)  # all of it before the first look at the answer, as most clients do
        text = received(connection)
    assert text.startswith("HTTP/1.1 413 ")
    assert "\r\nConnection: close\r\n" in text
    assert "urn:forecast-service:problem:too-large" in text
    assert text.count("HTTP/1.1") == 1
    assert live_service.ask("GET", "/healthz")[0] == 200


def test_a_small_body_that_nobody_reads_ends_no_connection(live_service: Service) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", live_service.port, timeout=30)) as client:
        client.connect()
        kept = client.sock
        for _ in range(2):
            client.request("POST", "/v1/nothing", b" " * 60_000)
            answer = client.getresponse()
            assert (answer.status, answer.getheader("Connection")) == (404, "keep-alive")
            answer.read()
        assert client.sock is kept


@pytest.fixture(scope="module")
def impatient(saved_fits: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with one worker of four threads, which waits two seconds for a client."""
    state = tmp_path_factory.mktemp("impatient")
    variables = {"FORECAST_CLIENT_TIMEOUT_S": "2", "GUNICORN_CMD_ARGS": f"--worker-connections {ROOM}"}
    with serving(state, FORECAST_FITS_DIR=saved_fits, **variables) as service:
        service.wait_until_ready()
        yield service


ROOM = 80
FORECAST = "/v1/countries/DEU/forecast"
SLOW = [
    pytest.param(HEAD, b"", "too-slow", id="half a head"),
    pytest.param(f"{HEAD}X-Slow: ", b"x", "too-slow", id="a head in drops"),
    pytest.param(f"{HEAD}Content-Length: 1000\r\n\r\n{{", b"", "too-slow", id="half a body"),
    pytest.param(f"{HEAD}Content-Length: 1000\r\n\r\n{{", b" ", "too-slow", id="a body in drops"),
    pytest.param(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{{", b" ", "too-slow", id="chunks in drops"),
    pytest.param("", b"", "", id="nothing"),
    pytest.param("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"", "ok", id="never closing"),
]


@contextmanager
def dripping(connections: list[socket.socket], drop: bytes) -> Iterator[None]:
    """Send a drop on each connection again and again."""

    def drip() -> None:
        while drop and not ended.wait(0.3):
            for connection in connections:
                with suppress(OSError):  # the service has closed it
                    connection.send(drop)

    ended = threading.Event()
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(("first", "drop", "answer"), SLOW)
def test_slow_clients_hold_up_nobody_and_are_closed(impatient: Service, first: str, drop: bytes, answer: str) -> None:
    impatient.ask("GET", FORECAST)
    with ExitStack() as stack:
        address = ("127.0.0.1", impatient.port)
        slow = [stack.enter_context(socket.create_connection(address, timeout=30)) for _ in range(64)]
        for connection in slow:
            connection.sendall(first.encode())
        with dripping(slow, drop):
            for _ in range(5):
                assert impatient.ask("GET", "/healthz")[0] == 200
                assert impatient.ask("GET", FORECAST)[0] == 200
            idle(impatient)  # the service has closed all, although the clients have not
        for connection in slow:
            text = received(connection)
            assert text.count("HTTP/1.1") == bool(answer)
            assert answer in text


def test_clients_that_read_nothing_hold_up_nobody_and_are_closed(impatient: Service) -> None:
    length = len(json.dumps(impatient.ask("GET", "/v1/alliance/forecast")[1]))
    asked = b"GET /v1/alliance/forecast HTTP/1.1\r\nHost: x\r\n\r\n" * (12_000_000 // length)
    with ExitStack() as stack:
        for _ in range(8):  # twice as many as there are threads; none reads what the kernel does not hold
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", impatient.port), timeout=30))
            connection.sendall(asked)
        for _ in range(5):
            assert impatient.ask("GET", "/healthz")[0] == 200
            assert impatient.ask("GET", FORECAST)[0] == 200
        idle(impatient)


def test_where_there_is_no_room_the_longest_waiting_gives_way(impatient: Service) -> None:
    with ExitStack() as stack:
        for _ in range(3 * ROOM):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", impatient.port), timeout=30))
            connection.sendall(HEAD.encode())
        assert impatient.ask("GET", "/healthz")[0] == 200
        assert sum(held_by(impatient).values()) <= ROOM
        idle(impatient)


def test_a_client_can_ask_whether_to_send_its_body(impatient: Service) -> None:
    body = b'{"country": "DEU"}'
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        connection.sendall(f"{HEAD}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, json.loads(response.read())["country"]["code"]) == (200, "DEU")


def test_requests_that_come_together_are_answered_in_order(impatient: Service) -> None:
    post = f'{HEAD}Content-Length: 18\r\n\r\n{{"country": "DEU"}}'
    last = "GET /v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=30) as connection:
        connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n{post}{last}".encode())
        text = received(connection)
    assert [line.split()[1] for line in text.splitlines() if line.startswith("HTTP/1.1")] == ["200", "200", "404"]


def test_sigusr2_is_refused(impatient: Service) -> None:
    impatient.process.send_signal(signal.SIGUSR2)
    log = Path(f"/proc/{impatient.process.pid}/fd/2").resolve()
    end = time.monotonic() + 30
    while "SIGUSR2 is refused" not in log.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert impatient.ask("GET", "/healthz")[0] == 200


def test_a_request_that_comes_in_pieces_is_answered(live_service: Service) -> None:
    head = "POST /v1/forecasts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    sent = f'{head}Content-Length: 18\r\n\r\n{{"country": "DEU"}}'.encode()
    with closing(socket.create_connection(("127.0.0.1", live_service.port), timeout=60)) as connection:
        for _ in range(2):  # the second time on a connection that was kept
            for start in range(0, len(sent), 20):
                connection.sendall(sent[start : start + 20])
                time.sleep(0.05)
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert (response.status, json.loads(response.read())["country"]["code"]) == (200, "DEU")


@pytest.fixture
def two_workers(saved_fits: str, tmp_path: Path) -> Iterator[Service]:
    """A service with two workers, both of which take connections."""
    with serving(tmp_path, WEB_CONCURRENCY="2", FORECAST_FITS_DIR=saved_fits) as service:
        service.wait_until_ready()
        end = time.monotonic() + 30
        while not all(_of_four(service).values()):
            assert time.monotonic() < end, "one worker takes nothing"
        idle(service)
        yield service


def _of_four(service: Service) -> dict[int, int]:
    """How many of four connections each worker takes: one that is only starting none."""
    with kept(service, 4):
        held = held_by(service)
    return held if len(held) == 2 else {0: 0}


def held_by(service: Service) -> dict[int, int]:
    """Worker -> how many connections of clients it has."""
    mine = {one.inode for one in connections() if one.local_port == service.port and one.state == ESTABLISHED}
    return {pid: len(mine & sockets_of(pid)) for pid in workers_of(service.process.pid)}


def idle(service: Service) -> None:
    """Wait until no client is connected."""
    end = time.monotonic() + 30
    while any(held_by(service).values()):
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def kept(service: Service, count: int) -> Iterator[list[int]]:
    """Connections that come at the same moment and are kept after an answer; the statuses."""
    together, statuses = threading.Barrier(count), []
    with ExitStack() as stack:
        clients = [http.client.HTTPConnection("127.0.0.1", service.port, timeout=30) for _ in range(count)]

        def ask(client: http.client.HTTPConnection) -> None:
            together.wait(30)
            client.request("GET", "/v1/countries")
            answer = client.getresponse()
            answer.read()
            statuses.append(answer.status)

        threads = [threading.Thread(target=ask, args=(stack.enter_context(closing(client)),)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield statuses


def test_connections_that_come_together_are_spread_over_the_workers(two_workers: Service) -> None:
    with kept(two_workers, 16) as statuses:
        held = held_by(two_workers)
    assert statuses == [200] * 16
    assert sum(held.values()) == 16
    assert min(held.values()) >= 5, held  # without spreading one has nearly all


def test_a_worker_that_hangs_keeps_no_connection_from_the_other(two_workers: Service) -> None:
    hung, other = workers_of(two_workers.process.pid)
    os.kill(hung, signal.SIGSTOP)
    try:
        with kept(two_workers, 6) as statuses:
            held = held_by(two_workers)
    finally:
        os.kill(hung, signal.SIGCONT)
    assert statuses == [200] * 6
    assert held == {hung: 0, other: 6}
