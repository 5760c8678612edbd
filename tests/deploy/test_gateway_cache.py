"""The gateway's cache: it answers for the service what is the same for everyone, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.support.gateway import BEHIND, CALLER, KEY, OTHER_CALLER, OTHER_KEY, Answer, Gateway, gateway, start
from tests.support.service import free_port

pytestmark = pytest.mark.slow

FORECAST = "/forecasting/v1/countries/DEU/forecast"
ORIGIN, OTHER_ORIGIN = "https://one.example", "https://two.example"
HIT, MISS, REVALIDATED = (f"forecast-gateway; {it}" for it in ("hit", "fwd=miss", "fwd=stale; fwd-status=304"))
SCENARIO = {"name": "capped", "levers": [{"type": "cap", "share_pct": 3.0}]}


@pytest.fixture(scope="module")
def caching(nginx: None, state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway before one replica whose answers it may keep for two seconds."""
    settings = {
        "FORECAST_CACHE_MAX_AGE": "4",
        "FORECAST_RATE_LIMIT": "100000/minute",
        "FORECAST_CORS_ORIGINS": f"{ORIGIN} {OTHER_ORIGIN}",
    }
    service = start(state_dir, free_port(), **BEHIND, **settings)
    try:
        service.wait_until_ready()
        with gateway(tmp_path_factory.mktemp("gateway"), (service.port, service.port)) as running:
            yield running
    finally:
        service.stop()


def ask_until(front: Gateway, status: str, path: str = FORECAST, **how: Any) -> Answer:
    """The first answer with this Cache-Status; each one must be right."""
    for _ in range(400):
        answer = front.ask(path, **how)
        assert answer.status == 200
        if answer.headers["Cache-Status"] == status:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"no {status}")


def logged(front: Gateway, answer: Answer) -> tuple[str, str, str]:
    """Caller, state of the cache and the service's status in the gateway's log, which comes after the answer."""
    for _ in range(200):
        for line in (front.folder / "nginx.log").read_text().splitlines():
            if answer.headers["X-Request-ID"] in line:
                found = json.loads(line)
                return found["caller"], found["cache"], found["upstream_status"]
        time.sleep(0.02)
    raise AssertionError("not in the log")


def test_an_answer_for_everyone_is_given_to_every_caller(caching: Gateway) -> None:
    path = f"{FORECAST}?deadline=2031"
    first = caching.ask(path)
    assert (first.status, first.headers["Cache-Status"]) == (200, MISS)
    other = ask_until(caching, HIT, path, key=OTHER_KEY)
    assert other.body == first.body
    own = {"X-Request-ID", "Date", "Cache-Status"}
    assert [it for it in other.headers.items() if it[0] not in own] == [
        it for it in first.headers.items() if it[0] not in own
    ]
    assert other.headers["X-Request-ID"] != first.headers["X-Request-ID"], "each request has its own"
    assert logged(caching, first) == (CALLER, "MISS", "200")
    assert logged(caching, other) == (OTHER_CALLER, "HIT", "")


def test_a_stored_answer_says_nothing_that_gets_old_or_is_one_callers_own(caching: Gateway) -> None:
    headers = ask_until(caching, HIT).headers
    assert headers["Cache-Control"] == "private, no-cache", "a client that kept it would add its time to the gateway's"
    assert not [name for name in headers if name.startswith(("RateLimit", "X-Accel"))]
    assert headers.get_all("X-Request-ID") is not None
    assert len(headers.get_all("X-Request-ID", [])) == 1


@pytest.mark.parametrize("key", [None, "wrong", KEY[:-1]])
def test_a_stored_answer_needs_a_key_too(caching: Gateway, key: str | None) -> None:
    ask_until(caching, HIT)
    assert caching.ask(FORECAST, key=key).status == 401


def test_another_question_has_another_answer(caching: Gateway) -> None:
    paths = [FORECAST, f"{FORECAST}?deadline=2030", f"{FORECAST}.csv", FORECAST.replace("DEU", "POL")]
    assert len({ask_until(caching, HIT, path).body for path in paths}) == len(paths)
    assert caching.ask(f"{FORECAST}%3Fdeadline=2030").status == 404, "a question mark in the path begins no query"


def test_each_header_that_vary_names_has_its_own_copy(caching: Gateway) -> None:
    ways: dict[str, dict[str, str]] = {
        "json": {},
        "csv": {"Accept": "text/csv"},
        "gzip": {"Accept-Encoding": "gzip"},
        "zstd": {"Accept-Encoding": "zstd"},
        "one": {"Origin": ORIGIN},
        "two": {"Origin": OTHER_ORIGIN},
        "neither": {"Origin": "https://evil.example"},
    }
    found = {name: ask_until(caching, HIT, headers=headers).headers for name, headers in ways.items()}
    assert {headers["Vary"] for headers in found.values()} == {"Accept, Accept-Encoding, Origin"}
    assert found["csv"]["Content-Type"].startswith("text/csv")
    assert [found[name]["Content-Encoding"] for name in ("json", "gzip", "zstd")] == [None, "gzip", "zstd"]
    allowed = [found[name]["Access-Control-Allow-Origin"] for name in ("json", "one", "two", "neither")]
    assert allowed == [None, ORIGIN, OTHER_ORIGIN, None]


def test_an_old_answer_is_confirmed_by_its_etag_before_it_is_given_again(caching: Gateway) -> None:
    first = ask_until(caching, HIT)
    confirmed = ask_until(caching, REVALIDATED)
    assert (confirmed.body, confirmed.headers["ETag"]) == (first.body, first.headers["ETag"])
    assert caching.ask(FORECAST).headers["Cache-Status"] == HIT


def test_what_a_client_has_is_not_sent_again(caching: Gateway) -> None:
    tag = ask_until(caching, HIT).headers["ETag"]
    for _ in range(20):
        again = caching.ask(FORECAST, headers={"If-None-Match": tag})
        assert (again.status, again.body) == (304, b"")
        if again.headers["Cache-Status"] == HIT:
            break
    else:
        raise AssertionError("never from the cache")
    assert caching.ask(FORECAST, headers={"If-None-Match": '"other"'}).status == 200
    head = caching.ask(FORECAST, "HEAD")
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", tag)


def test_what_depends_on_the_caller_is_never_stored(caching: Gateway) -> None:
    made = caching.ask("/forecasting/v1/scenarios", "POST", SCENARIO)
    assert made.status == 201, made.body
    mine, identifier = made.headers["Location"], made.json["id"]
    for path in (mine, "/forecasting/v1/scenarios", f"{FORECAST}?scenario={identifier}"):
        first, second = caching.ask(path), caching.ask(path)
        assert (first.status, second.status) == (200, 200), path
        assert first.headers["Cache-Status"] is second.headers["Cache-Status"] is None
        conditional = caching.ask(path, headers={"If-None-Match": first.headers["ETag"]})
        assert conditional.status == 304, "the service sees the condition"
        other = caching.ask(path, key=OTHER_KEY)
        assert other.body != first.body
        assert (other.status == 200) == (path == "/forecasting/v1/scenarios")


def test_a_saved_scenario_in_another_spelling_is_not_stored_either(caching: Gateway) -> None:
    """The gateway does not see that the query names one; the service does, and says so."""
    identifier = caching.ask("/forecasting/v1/scenarios", "POST", SCENARIO).json["id"]
    path = f"{FORECAST}?scenario={identifier[:9]}%{ord(identifier[9]):x}{identifier[10:]}"
    assert [caching.ask(path).headers["Cache-Status"] for _ in range(3)] == [MISS] * 3
    assert caching.ask(path, key=OTHER_KEY).status == 422, "the other may not read it"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("v1/countries/XXX/forecast", 404),
        ("v1/countries/DEU/forecast?deadline=1", 422),
        ("v1/countries/DEU/forecast.xml", 404),
        ("v1/vintages", 200),
        ("v1/sweeps", 200),
        ("version", 200),
        ("", 200),
    ],
)
def test_errors_and_all_that_may_change_at_once_are_not_stored(caching: Gateway, path: str, status: int) -> None:
    for _ in range(3):
        answer = caching.ask(f"/forecasting/{path}")
        assert answer.status == status
        assert answer.headers["Cache-Status"] in {None, MISS}
