"""The fast path to kept answers gives what Flask gives."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forecast_service import create_app
from forecast_service.forecasting.current_vintage import Switch
from forecast_service.forecasting.registry import EXTENSION as FORECASTERS
from forecast_service.http.answers import EXTENSION
from forecast_service.http.fast_path import MOST, FastPath
from forecast_service.observability import logs, metrics
from forecast_service.settings import Settings
from tests.support.service import DRAWS, FIT_TIMEOUT_S

FORECAST = "/v1/countries/DEU/forecast"
PACKED = {"Accept-Encoding": "gzip"}


def make(state_dir: Path, **settings: object) -> Flask:
    return create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, **settings))  # type: ignore[arg-type]


@pytest.fixture
def short(state_dir: Path) -> FlaskClient:
    """A client of an application that has answered nothing yet."""
    return make(state_dir, cors_origins="https://page.example").test_client()


def way(client: FlaskClient) -> FastPath:
    found = client.application.wsgi_app
    assert isinstance(found, FastPath)
    return found


def without_id(response: TestResponse) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in response.headers if name != "X-Request-ID")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (FORECAST, {}),
        (FORECAST, PACKED),
        (FORECAST + "?scenario=trend&deadline=2033", {"Accept-Encoding": "zstd, gzip;q=0.5"}),
        (FORECAST, {"Origin": "https://page.example"}),
        (FORECAST, {"Origin": "https://other.example"}),
        (FORECAST, {"Accept": "text/csv"}),
        ("/v1/countries/DEU/history.csv?", {}),
        ("/v1/alliance/forecast", {}),
        ("/openapi.json", PACKED),
    ],
)
@pytest.mark.parametrize("conditional", [False, True])
def test_both_ways_give_the_same(
    short: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str], conditional: bool
) -> None:
    long_way = short.get(path, headers=headers)
    if conditional:
        headers = headers | {"If-None-Match": str(long_way.headers["ETag"])}
        monkeypatch.setattr(way(short), "_entries", {})
        long_way = short.get(path, headers=headers)
    monkeypatch.setattr(way(short), "_flask", None)  # from here on it would fail
    short_way = short.get(path, headers=headers)
    assert short_way.status_code == long_way.status_code == (304 if conditional else 200)
    assert without_id(short_way) == without_id(long_way)
    assert short_way.data == long_way.data
    assert bool(short_way.data) is not conditional


@pytest.mark.parametrize(
    ("sent", "status"), [("{}", 304), ("W/{}", 304), ('"x", {}', 304), ("*", 304), ('"x"', 200), ("x", 200)]
)
def test_a_tag_is_compared_weakly_and_among_others(short: FlaskClient, sent: str, status: int) -> None:
    tag = short.get(FORECAST).headers["ETag"]
    assert short.get(FORECAST, headers={"If-None-Match": sent.format(tag)}).status_code == status


def test_an_answer_that_was_dropped_is_made_again(short: FlaskClient) -> None:
    before = short.get(FORECAST)
    cached = short.application.extensions[EXTENSION].answers
    cached.clear()
    assert short.get(FORECAST).data == before.data
    assert len(cached) == 1


@pytest.mark.parametrize(("ahead_s", "calls"), [(3600, 0), (5, 1)])
def test_it_ends_as_a_switch_comes_near(
    short: FlaskClient, monkeypatch: pytest.MonkeyPatch, ahead_s: float, calls: int
) -> None:
    coming = Switch(1, "nato-2025", datetime.now(UTC), time.monotonic() + ahead_s)
    monkeypatch.setattr(short.application.extensions[FORECASTERS].current_vintage, "pending", lambda: coming)
    before, long_way, asked = short.get(FORECAST), way(short)._flask, []
    monkeypatch.setattr(way(short), "_flask", lambda *request: asked.append(1) or long_way(*request))
    after = short.get(FORECAST)
    assert (after.data, len(asked)) == (before.data, calls)
    assert int(after.headers["Cache-Control"].split("max-age=")[1]) == pytest.approx(min(60, ahead_s), abs=2)


def test_it_is_logged_and_counted(short: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    short.get(FORECAST, headers={"X-Request-ID": "one"})
    hits, asked = metrics.HITS._value.get(), _requests(200)
    answer = short.get(FORECAST, headers={"X-Request-ID": "two"})
    unchanged = short.get(FORECAST, headers={"X-Request-ID": "a b", "If-None-Match": answer.headers["ETag"]})
    assert answer.headers["X-Request-ID"] == "two"
    assert len(unchanged.headers["X-Request-ID"]) == 32
    assert (metrics.HITS._value.get() - hits, _requests(200) - asked) == (2, 1)
    miss, hit, third = map(json.loads, capsys.readouterr().err.splitlines())
    assert (miss["cache"], hit["cache"], third["status"]) == ("miss", "hit", 304)
    assert hit["request_id"] == "two"
    changes = {"cache", "ms", "request_id", "timestamp"}
    assert {k: v for k, v in hit.items() if k not in changes} == {k: v for k, v in miss.items() if k not in changes}


def _requests(status: int) -> float:
    return metrics.REQUESTS.labels("/v1/countries/{code}/forecast", "GET", str(status))._value.get()


@pytest.mark.parametrize(
    "settings",
    [
        {"rate_limit": "100/minute"},
        {"auth": "api-key"},
        {"identity_header": "X-Caller", "trusted_proxies": 1},
    ],
)
def test_where_callers_matter_there_is_no_short_way(state_dir: Path, settings: dict[str, object]) -> None:
    assert not isinstance(make(state_dir, **settings).wsgi_app, FastPath)


def test_what_changes_or_is_refused_takes_the_flask(short: FlaskClient) -> None:
    for path in ("/healthz", "/v1/scenarios", FORECAST + "?scenario=nobodys", "/v1/countries/XYZ/forecast"):
        short.get(path)
    short.head(FORECAST)
    short.post("/v1/forecasts", json={"country": "DEU"})
    assert not way(short)._entries


def test_the_ways_of_asking_are_bounded(short: FlaskClient) -> None:
    for number in range(MOST + 10):
        short.get(FORECAST, headers={"Accept": f"application/json, x/{number}"})
    assert 0 < len(way(short)._entries) <= MOST
    short.get(FORECAST, headers={"Accept": "application/json, " + "x" * 500})
    assert all(sum(map(len, asked)) <= 500 for asked in way(short)._entries)
