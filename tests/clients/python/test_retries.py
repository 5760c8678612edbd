"""What the client repeats: after 429, 503 and lost connections, and nothing twice that changes something."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service_client import AsyncClient, Client, Problem, Unavailable
from tests.clients.python.scenarios import HALF_WAY, SWEEP
from tests.support.service import DRAWS


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the synchronous client waits; it does not really."""
    found: list[float] = []
    monkeypatch.setattr("forecast_service_client.clients.time.sleep", found.append)
    return found


def ask(client: Client, times: int) -> None:
    for _ in range(times):
        client.history("EST")


def test_a_limit_is_waited_for_but_not_for_long(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, rate_limit="1/second"))
    waits: list[float] = []
    import time

    sleep = time.sleep
    monkeypatch.setattr("forecast_service_client.clients.time.sleep", lambda s: (waits.append(s), sleep(s)))
    with Client("http://service", transport=httpx.WSGITransport(app), remembered=0) as patient:
        for _ in range(3):
            assert patient.history("EST").shares()
    assert waits
    assert all(0 < wait <= 2 for wait in waits)
    hasty = Client("http://service", transport=httpx.WSGITransport(app), retries=0, remembered=0)
    with hasty, pytest.raises(Unavailable) as refused:
        ask(hasty, 3)
    assert refused.value.status == 429
    assert refused.value.retry_after is not None
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, rate_limit="1/hour"))
    waits.clear()
    bounded = Client("http://service", transport=httpx.WSGITransport(app), longest_wait=2, remembered=0)
    with bounded, pytest.raises(Unavailable):
        ask(bounded, 2)
    assert waits == []


def test_it_gives_up_after_its_tries() -> None:
    asked: list[httpx.Request] = []

    def away(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503, headers={"Retry-After": "0"}, text="a gateway's page, not a problem")

    with Client("http://service", transport=httpx.MockTransport(away)) as found, pytest.raises(Unavailable) as gone:
        found.create_scenario(HALF_WAY)
    assert len(asked) == 4
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1
    assert (gone.value.status, gone.value.title) == (503, "HTTP 503")


@pytest.mark.parametrize(
    ("ask", "argument", "deleted"),
    [
        ("create_scenario", HALF_WAY, False),
        ("create_scenario", HALF_WAY, True),
        ("fork_scenario", "peace-dividend", False),
        ("fork_scenario", "peace-dividend", True),
        ("sweep", SWEEP, True),
    ],
)
def test_a_lost_answer_creates_nothing_twice(
    state_dir: Path, tmp_path: Path, ask: str, argument: Any, deleted: bool
) -> None:
    url = f"sqlite:///{tmp_path}/lost.sqlite"
    to_service = httpx.WSGITransport(create_app(Settings(state_dir=state_dir, draws=DRAWS, database_url=url)))
    created: list[str] = []

    def lose_first(request: httpx.Request) -> httpx.Response:
        answer = to_service.handle_request(request)
        answer.read()
        if request.method != "POST" or created:
            return answer
        created.append(answer.headers["Location"])
        if deleted:
            to_service.handle_request(httpx.Request("DELETE", f"http://service{created[0]}"))
        raise httpx.RemoteProtocolError("the connection is lost")

    with Client("http://service", transport=httpx.MockTransport(lose_first)) as found:
        if not deleted:
            assert getattr(found, ask)(argument).id == created[0].rsplit("/", 1)[1]
            return
        with pytest.raises(Problem) as gone:
            getattr(found, ask)(argument)
    assert (gone.value.status, gone.value.type.rsplit(":", 1)[1]) == (409, "key-of-deleted")
    assert gone.value.errors[0].field == "Idempotency-Key"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_may_be_repeated_is_sent_again_where_a_kept_connection_had_just_been_closed(asynchronous: bool) -> None:
    sent: list[str] = []

    def closing(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        if len(sent) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(200, json={"items": [], "next": None})

    transport = httpx.MockTransport(closing)
    if asynchronous:

        async def listed() -> list[Any]:
            async with AsyncClient("http://service", transport=transport) as found:
                return [one async for one in found.scenarios()]

        assert asyncio.run(listed()) == []
    else:
        with Client("http://service", transport=transport) as found:
            assert list(found.scenarios()) == []
    assert sent == ["GET", "GET"]
    sent.clear()
    with Client("http://service", transport=transport) as found, pytest.raises(httpx.RemoteProtocolError):
        found.forecast("DEU", scenario=HALF_WAY)
    assert sent == ["POST"]


def failing(errors: list[type[httpx.TransportError]], sent: list[str]) -> httpx.MockTransport:
    """A transport whose first calls fail with these errors."""
    left = list(errors)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        if left:
            raise left.pop(0)("no connection")
        return httpx.Response(200, json={"items": []})

    return httpx.MockTransport(answer)


def test_a_connection_that_fails_is_tried_again_after_growing_waits(waits: list[float]) -> None:
    sent: list[str] = []
    errors = [httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError]
    with Client("http://service", transport=failing(errors, sent)) as found:
        assert found.countries() == []
    assert sent == ["GET"] * 4
    assert [0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits)] == [True] * 3


def test_the_asynchronous_client_tries_again_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async def asked() -> list[Any]:
        async with AsyncClient("http://service", transport=failing([httpx.ConnectError], sent)) as found:
            return list(await found.countries())

    monkeypatch.setattr("forecast_service_client.clients.asyncio.sleep", wait)
    assert asyncio.run(asked()) == []
    assert (sent, len(waits)) == (["GET", "GET"], 1)


def test_a_service_that_stays_away_is_an_error_of_the_connection(waits: list[float]) -> None:
    sent: list[str] = []
    away = failing([httpx.ConnectError] * 9, sent)
    with Client("http://service", transport=away, retries=2) as found, pytest.raises(httpx.ConnectError):
        found.countries()
    assert (len(sent), len(waits)) == (3, 2)


def test_a_change_without_a_key_is_repeated_if_nothing_was_sent(waits: list[float]) -> None:
    sent: list[str] = []
    with Client("http://service", transport=failing([httpx.ConnectError], sent)) as found:
        assert found.batch([]) == []
    assert (sent, len(waits)) == (["POST"] * 2, 1)


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.RemoteProtocolError])
def test_a_change_without_a_key_is_not_repeated_if_it_may_have_arrived(
    waits: list[float], error: type[httpx.TransportError]
) -> None:
    sent: list[str] = []
    with Client("http://service", transport=failing([error], sent)) as found, pytest.raises(error):
        found.batch([])
    assert (sent, waits) == (["POST"], [])


def test_a_time_limit_is_not_stretched_by_repeating(waits: list[float]) -> None:
    sent: list[str] = []
    limited = Client("http://service", transport=failing([httpx.ReadTimeout], sent))
    with limited, pytest.raises(httpx.ReadTimeout):
        limited.countries()
    assert (sent, waits) == (["GET"], [])
