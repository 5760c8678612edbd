"""What the client remembers: fresh answers cost no request, others are asked for by their ETag."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from forecast_service_client import AsyncClient, Client
from forecast_service_client.cache import LARGEST_BYTES, AnswerCache


class Server:
    """Answers with one ETag; a request that names it gets a 304."""

    def __init__(self, control: str, **headers: str) -> None:
        self.headers = {"Cache-Control": control, "ETag": '"1"'} | headers
        self.asked: list[int] = []
        self.content = b"answer"

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        known = request.headers.get("If-None-Match") == self.headers.get("ETag", "none")
        self.asked.append(304 if known else 200)
        return httpx.Response(self.asked[-1], headers=self.headers, content=b"" if known else self.content)


class Reader:
    """Sends requests through a cache, as the clients do, by a clock that it sets."""

    def __init__(self, server: Server, size: int = 100) -> None:
        self.now = 0.0
        self.http = httpx.Client(base_url="http://service", transport=server.transport())
        self.cache = AnswerCache(size, lambda: self.now)

    def get(self, path: str = "/a", method: str = "GET") -> bytes:
        request = self.http.build_request(method, path)
        answer = self.cache.fresh(request)
        return (answer or self.cache.take(self.http.send(request))).content


def test_a_fresh_answer_costs_no_request_and_an_old_one_is_asked_for_by_its_etag() -> None:
    server = Server("public, max-age=300, stale-while-revalidate=86400")
    reader = Reader(server)
    for now, asked in ((0, [200]), (299, [200]), (300, [200, 304]), (599, [200, 304]), (600, [200, 304, 304])):
        reader.now = now
        assert reader.get() == b"answer"
        assert server.asked == asked


def test_the_time_that_an_answer_has_spent_in_a_gateway_counts() -> None:
    server = Server("max-age=300", Age="290")
    reader = Reader(server)
    reader.get()
    reader.now = 9.0
    reader.get()
    reader.now = 10.0
    reader.get()
    assert server.asked == [200, 304]


@pytest.mark.parametrize(
    ("control", "etag", "asked"),
    [
        ("private, no-cache", '"1"', [200, 304]),
        ("no-cache, max-age=300", '"1"', [200, 304]),
        ("no-store", '"1"', [200, 200]),
        ("no-store, max-age=300", '"1"', [200, 200]),
        ("s-maxage=300", '"1"', [200, 304]),
        ("", "", [200, 200]),
        ("max-age=300", "", [200]),
    ],
)
def test_only_what_the_service_allows_is_remembered(control: str, etag: str, asked: list[int]) -> None:
    server = Server(control)
    server.headers = {name: value for name, value in (server.headers | {"ETag": etag}).items() if value}
    reader = Reader(server)
    assert [reader.get(), reader.get()] == [b"answer"] * 2
    assert server.asked == asked


def test_the_answers_used_last_stay() -> None:
    server = Server("max-age=300")
    reader = Reader(server, size=2)
    for path in ("/a", "/b", "/a", "/c", "/a", "/b"):
        reader.get(path)
    assert len(server.asked) == 4  # /a, /b, /c, and /b again


def test_nothing_is_remembered_if_nothing_may_be_or_the_answer_is_large_or_the_request_changes_something() -> None:
    server = Server("max-age=300")
    for reader, method in ((Reader(server, size=0), "GET"), (Reader(server), "POST")):
        server.asked.clear()
        assert [reader.get(method=method), reader.get(method=method)] == [b"answer"] * 2
        assert server.asked == [200, 200]
    server.asked.clear()
    server.content = b"x" * (LARGEST_BYTES + 1)
    reader = Reader(server)
    assert [reader.get(), reader.get()] == [server.content] * 2
    assert server.asked == [200, 200]


def test_an_error_is_not_remembered() -> None:
    answers = iter((httpx.Response(404, headers={"Cache-Control": "max-age=300"}), httpx.Response(200, content=b"now")))
    reader = Reader(Server(""))
    reader.http = httpx.Client(base_url="http://service", transport=httpx.MockTransport(lambda _: next(answers)))
    assert [reader.get(), reader.get()] == [b"", b"now"]


def test_both_clients_use_it() -> None:
    server = Server("max-age=300")
    server.content = b'{"items": []}'

    async def ask_twice() -> None:
        async with AsyncClient("http://service", transport=server.transport()) as found:
            assert [await found.countries(), await found.countries()] == [[], []]

    with Client("http://service", transport=server.transport()) as found:
        assert [found.countries(), found.countries()] == [[], []]
    asyncio.run(ask_twice())
    assert server.asked == [200, 200]
