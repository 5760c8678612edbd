"""The fast path to kept answers gives what Flask gives."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, TestResponse

from forecast_service import create_app
from forecast_service.auth.authentication import EXTENSION as AUTH
from forecast_service.auth.authentication import FRESH_S, Auth
from forecast_service.forecasting.current_vintage import Switch
from forecast_service.forecasting.registry import EXTENSION as FORECASTERS
from forecast_service.http.answers import EXTENSION
from forecast_service.http.fast_path import AT_ONCE, LATER, MOST, FastPath
from forecast_service.http.fast_path import EXTENSION as EXTENSION_OF_WAY
from forecast_service.observability import logs, metrics
from forecast_service.settings import Settings
from forecast_service.store.keys import Keys
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


@pytest.fixture
def limited(state_dir: Path, tmp_path: Path) -> FlaskClient:
    """A client with a key of an application that counts requests and has answered nothing yet."""
    database = f"sqlite:///{tmp_path}/keys.sqlite"
    app = make(state_dir, auth="api-key", rate_limit="5/hour", database_url=database)
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = _keys(client).create("someone", ["read"])[1]
    return client


def _keys(client: FlaskClient) -> Keys:
    auth: Auth = client.application.extensions[AUTH]
    return auth.keys


def without_flask(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way(client), "_flask", None)


def _without_count(response: TestResponse) -> list[tuple[str, str]]:
    """The headers; of the fields of the limit only their names."""
    return [(name, "" if name.startswith("RateLimit") else value) for name, value in without_id(response)]


@pytest.mark.parametrize("conditional", [False, True])
def test_callers_are_checked_and_counted_on_both_ways(
    limited: FlaskClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], conditional: bool
) -> None:
    logs.configure("json", "info")
    headers = {"If-None-Match": "*"} if conditional else {}
    long_way = limited.get(FORECAST, headers=headers)
    without_flask(limited, monkeypatch)
    short_way = limited.get(FORECAST, headers=headers)
    assert (short_way.status_code, short_way.data) == (long_way.status_code, long_way.data)
    assert _without_count(short_way) == _without_count(long_way)
    assert short_way.headers.get("Cache-Control", "").startswith("private")
    assert [answer.headers["RateLimit-Remaining"] for answer in (long_way, short_way)] == ["4", "3"]
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["caller"] == second["caller"] == "someone"
    assert set(first) == set(second)


def test_over_the_limit_flask_refuses(limited: FlaskClient) -> None:
    answers = [limited.get(FORECAST) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].headers["RateLimit-Remaining"] == "0"
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_who_may_not_read_gets_no_cached_answer(limited: FlaskClient, tmp_path: Path) -> None:
    assert limited.get(FORECAST).status_code == 200
    keys, past = _keys(limited), datetime.now(UTC) - timedelta(days=1)
    writer, expired = keys.create("writer", ["write"])[1], keys.create("late", ["read"], expires_at=past)[1]
    sent = {"wrong": 401, "": 401, writer: 403, expired: 401}
    for _ in range(2):  # the second time the key is remembered, if it is valid
        assert {key: limited.get(FORECAST, headers={"X-API-Key": key}).status_code for key in sent} == sent
    del limited.environ_base["HTTP_X_API_KEY"]
    assert limited.get(FORECAST).status_code == 401


def test_a_revoked_key_gets_no_cached_answer(limited: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier, key = _keys(limited).create("other", ["read"])
    mine = {"X-API-Key": key}
    assert [limited.get(FORECAST, headers=mine).status_code for _ in range(2)] == [200, 200]
    _keys(limited).revoke(identifier)
    now = time.monotonic()
    monkeypatch.setattr("forecast_service.auth.authentication.time.monotonic", lambda: now + FRESH_S)
    assert limited.get(FORECAST, headers=mine).status_code == 401


def test_without_keys_addresses_are_counted(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make(state_dir, rate_limit="5/hour;9/day").test_client()
    client.get(FORECAST)
    without_flask(client, monkeypatch)
    left = [client.get(FORECAST, environ_base={"REMOTE_ADDR": f"192.0.2.{end}"}) for end in (1, 1, 2)]
    assert [answer.headers["RateLimit-Remaining"] for answer in left] == ["4", "3", "4"]


def test_where_a_gateway_names_callers_nothing_is_remembered(state_dir: Path) -> None:
    app = make(state_dir, identity_header="X-Caller", trusted_proxies=1)
    client = app.test_client()
    headers = {"X-Caller": "someone", "X-Forwarded-For": "192.0.2.1"}
    assert client.get(FORECAST, headers=headers).status_code == 200
    assert not app.extensions[EXTENSION_OF_WAY]._entries


def test_at_once_it_answers_what_is_cached_and_health(short: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(path: str, method: str = "GET") -> bytes | None:
        environ = EnvironBuilder(path=path, method=method).get_environ() | {AT_ONCE: True}
        body = short.application.wsgi_app(environ, lambda *_: lambda _: None)
        return None if body is LATER else b"".join(body)

    assert at_once(FORECAST) is None
    cached = short.get(FORECAST).data
    assert at_once(FORECAST) == cached
    assert at_once(FORECAST, "HEAD") is None
    assert at_once("/healthz") == short.get("/healthz").data
    assert at_once("/readyz") is None


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
