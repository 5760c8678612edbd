"""What is seen from outside: logs without secrets, request ids, figures, spans."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app, g
from flask.testing import FlaskClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from forecast_service import create_app
from forecast_service.forecasting.registry import EXTENSION
from forecast_service.observability import logs, tracing
from forecast_service.settings import BadSetting, Settings
from tests.support.service import DRAWS

FORECAST = "/v1/countries/DEU/forecast"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Lines:
    """What was written to standard error since the last look."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def text(self) -> str:
        return self._capture.readouterr().err

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def lines(app: Flask, capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    logs.configure("json", "info")
    capsys.readouterr()
    yield Lines(capsys)
    logs.configure("json", "info")


def test_a_request_is_one_line_of_json(client: FlaskClient, lines: Lines) -> None:
    client.get("/v1/countries/it/forecast?deadline=2033", headers={"X-Request-ID": "from-gateway-1"})
    client.get("/v1/countries/it/forecast?deadline=2033", headers={"traceparent": PARENT})
    first, second = lines.read()
    assert first["event"] == "request"
    assert {name: first[name] for name in ("method", "path", "route", "status", "country", "scenario", "cache")} == {
        "method": "GET",
        "path": "/v1/countries/it/forecast",
        "route": "/v1/countries/{code}/forecast",
        "status": 200,
        "country": "ITA",
        "scenario": "baseline",
        "cache": "miss",
    }
    assert first["request_id"] == "from-gateway-1"
    assert first["ms"] > 0
    assert first["timestamp"].endswith("Z")
    assert (second["cache"], second["country"], second["scenario"]) == ("hit", "ITA", "baseline")
    assert (second["traceparent"], second["trace_id"]) == (PARENT, TRACE)
    assert "traceparent" not in first


def test_an_analysts_scenario_is_not_named(client: FlaskClient, lines: Lines) -> None:
    body = {"country": "DEU", "scenario": {"name": "secret plan", "levers": [{"type": "cap", "share_pct": 2.0}]}}
    client.post("/v1/forecasts", json=body)
    text = lines.text()
    assert "secret plan" not in text
    assert json.loads(text)["scenario"] == "own"


def test_the_caller_is_named(state_dir: Path, lines: Lines) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS))

    @app.before_request
    def know() -> None:
        g.caller, g.caller_known = "anna", True

    app.test_client().get("/v1/countries")
    assert lines.read()[-1]["caller"] == "anna"


SECRET = "hunter2-hunter2"  # noqa: S105  what must not be seen
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.aHVudGVyMg"


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_reaches_a_log(state_dir: Path, lines: Lines, form: str) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, log_format=form, log_level="debug"))

    @app.get("/crash")
    def crash() -> str:
        current_app.logger.warning("calling with %s", f"Authorization: Bearer {SECRET}")
        current_app.logger.warning("db at postgresql://forecast:%s@db:5432/x", SECRET)
        raise RuntimeError(f"token={SECRET}&api_key={SECRET} {JWT}")

    client = app.test_client()
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "X-API-Key": SECRET,
        "Cookie": f"session={SECRET}",
        "X-Request-ID": f"{SECRET} {SECRET}",
        "traceparent": SECRET,
        "Referer": f"https://a.example/?key={SECRET}",
        "User-Agent": SECRET,
    }
    for path in (
        FORECAST,
        f"{FORECAST}?api_key={SECRET}",
        f"/nowhere?token={SECRET}",
        f"/crash?key={SECRET}",
        "/healthz",
    ):
        client.get(path, headers=headers)
    client.post("/v1/forecasts", json={"country": "DEU", "password": SECRET}, headers=headers)
    client.post("/v1/forecasts", data=SECRET, headers=headers)
    text = lines.text()
    assert "RuntimeError" in text
    assert SECRET not in text
    assert "eyJ" not in text
    assert text.count("***") >= 5


def test_what_is_named_like_a_secret_is_starred_out() -> None:
    event = {"event": "x", "api_key": "k", "Authorization": "b", "db_password": "p", "note": "key=abc&y=1", "n": 1}
    assert logs.without_secrets(None, "info", event) == {
        "event": "x",
        "api_key": "***",
        "Authorization": "***",
        "db_password": "***",
        "note": "key=***&y=1",
        "n": 1,
    }


def test_no_path_forges_a_line(client: FlaskClient, lines: Lines) -> None:
    logs.configure("text", "info")
    client.get("/v1/countries/a%0a2026-01-01%20forged")
    text = lines.text()
    assert len(text.splitlines()) == 1
    assert "a%0A2026-01-01%20forged" in text


def test_probes_are_logged_at_debug_only(client: FlaskClient, lines: Lines) -> None:
    client.get("/healthz")
    assert lines.read() == []
    logs.configure("json", "debug")
    client.get("/healthz")
    assert lines.read()[0]["level"] == "debug"


def test_a_crash_is_logged_with_its_request(state_dir: Path, lines: Lines) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS))

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError("boom")

    app.test_client().get("/crash", headers={"X-Request-ID": "id-1"})
    crash_line, request_line = lines.read()
    assert "RuntimeError: boom" in crash_line["exception"]
    assert crash_line["request_id"] == request_line["request_id"] == "id-1"
    assert (crash_line["level"], request_line["status"]) == ("error", 500)


@pytest.mark.parametrize("sane", ["a", "01JD3K8V2XQ4", "c0ffee-1.2_3:4", "x" * 128])
def test_a_sane_request_id_is_given_back(client: FlaskClient, sane: str) -> None:
    for path in (FORECAST, "/nowhere"):
        assert client.get(path, headers={"X-Request-ID": sane}).headers["X-Request-ID"] == sane


@pytest.mark.parametrize("odd", ["", "x" * 129, "a b", "a;b", 'a"b', "<script>", "ä"])
def test_another_is_replaced(client: FlaskClient, odd: str) -> None:
    made = client.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
    assert made != odd
    assert len(made) == 32


def figures(client: FlaskClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = client.get("/metrics")
    assert (found.status_code, found.mimetype) == (200, "text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(found.text)
        for sample in family.samples
    }


def labels(**given: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(given.items()))


def test_requests_are_counted_by_route_method_and_status(client: FlaskClient) -> None:
    before = figures(client)
    client.get("/v1/countries/XXX")
    client.get("/v1/countries/YYY")
    client.open("/nowhere/secret", method="BREW")
    after = figures(client)

    def grown(name: str, **given: str) -> float:
        return after[name, labels(**given)] - before.get((name, labels(**given)), 0)

    route = "/v1/countries/{code}"
    assert grown("forecast_http_requests_total", route=route, method="GET", status="404") == 2
    assert grown("forecast_http_requests_total", route="unmatched", method="other", status="404") == 1
    assert grown("forecast_http_request_seconds_count", route=route, method="GET", status="4xx") == 2
    assert not [key for key in after if "secret" in str(key) or "XXX" in str(key)]


@pytest.mark.slow
def test_cache_fits_and_drift_are_counted(tmp_path: Path) -> None:
    app = create_app(Settings(state_dir=tmp_path, draws=200))
    client = app.test_client()
    before = figures(client)
    answer = [client.get("/v1/countries/EST/forecast") for _ in range(3)][-1].json
    client.get("/v1/countries/EST/forecast?deadline=2030")
    client.get("/v1/countries/EST/forecast?scenario=trend")
    assert app.extensions[EXTENSION].observe() is None, "other allies have no fits"
    after = figures(client)
    grown = {name: after[name, ()] - before[name, ()] for name, given in before if not given}
    assert grown["forecast_cache_hits_total"] == 2
    assert grown["forecast_cache_misses_total"] == 3
    assert grown["forecast_fits_total"] == grown["forecast_fit_seconds_count"] == 2
    key = labels(country="EST", vintage=answer["vintage"], model_version=answer["model_version"])
    headline = answer["targets"][0]["probability"]["at_deadline"]
    assert after["forecast_probability", key] == pytest.approx(headline, abs=1e-4)


def test_metrics_with_a_port_of_their_own_are_not_here(state_dir: Path) -> None:
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, metrics_port=9100))
    assert app.test_client().get("/metrics").status_code == 404


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FlaskClient, InMemorySpanExporter]:
    spans = InMemorySpanExporter()
    original = tracing.register
    monkeypatch.setattr(tracing, "register", lambda app, settings: original(app, settings, spans))
    app = create_app(Settings(state_dir=tmp_path, draws=200, traces=True))

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError(SECRET)

    return app.test_client(), spans


@pytest.mark.slow
def test_a_request_is_a_span_below_the_callers(traced: tuple[FlaskClient, InMemorySpanExporter]) -> None:
    client, spans = traced
    client.get("/v1/countries/EST/forecast", headers={"traceparent": PARENT})
    fit, forecast, request = spans.get_finished_spans()
    assert [fit.name, forecast.name, request.name] == ["fit", "forecast", "GET /v1/countries/{code}/forecast"]
    assert f"{request.context.trace_id:032x}" == TRACE
    assert request.parent
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert forecast.parent == request.context
    assert fit.parent == forecast.context
    assert request.kind.name == "SERVER"
    attributes = dict(request.attributes or {})
    assert attributes["http.response.status_code"] == 200
    assert attributes["http.route"] == "/v1/countries/{code}/forecast"
    assert (attributes["forecast.country"], attributes["forecast.cache"]) == ("EST", "miss")
    assert request.resource.attributes["service.name"] == "forecast-service"


def test_a_hit_computes_nothing_and_a_crash_is_an_error(traced: tuple[FlaskClient, InMemorySpanExporter]) -> None:
    client, spans = traced
    client.get("/v1/countries")
    spans.clear()
    client.get("/v1/countries", headers={"Authorization": f"Bearer {SECRET}"})
    client.get(f"/crash?api_key={SECRET}", headers={"User-Agent": SECRET})
    hit, crash = spans.get_finished_spans()
    assert dict(hit.attributes or {})["forecast.cache"] == "hit"
    assert hit.parent is None
    assert crash.status.status_code.name == "ERROR"
    assert SECRET not in hit.to_json() + crash.to_json()


def test_traces_without_the_extra_are_refused(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(BadSetting, match=r"^FORECAST_TRACES: "):
        create_app(Settings(state_dir=state_dir, draws=DRAWS, traces=True))


def test_other_libraries_logs_are_left_alone(state_dir: Path) -> None:
    before = logging.getLogger().handlers.copy()
    create_app(Settings(state_dir=state_dir, draws=DRAWS))
    assert logging.getLogger().handlers == before
