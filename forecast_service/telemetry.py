"""What is seen of a request: a line in the log, figures for Prometheus, a span. See docs/observability.md."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import structlog
from flask import Flask, Response, g, has_request_context, request

from forecast_service import logs, metrics, tracing
from forecast_service.callers import caller, is_known
from forecast_service.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is asked every few seconds by machines: logged at debug only."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})

_log = structlog.stdlib.get_logger("forecast_service.access")


def note(**facts: Any) -> None:
    """Add to what is logged of the present request; nothing happens outside one."""
    if has_request_context():
        g.setdefault("telemetry", {}).update(facts)


def facts() -> dict[str, Any]:
    """What an answer's log line repeats when the answer is served again."""
    noted: dict[str, Any] = g.get("telemetry", {})
    return {name: noted[name] for name in ("country", "scenario", "vintage") if name in noted}


def route() -> str:
    """The template of the route that was asked for, as the contract writes it."""
    rule = request.url_rule
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule) if rule else "unmatched"


def register(app: Flask, settings: Settings) -> None:
    """Observe every request. To be registered before everything else: it sees the response last, as it is sent."""
    logs.configure(settings.log_format, settings.log_level)
    tracing.register(app, settings)

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()
        sent = request.headers.get("X-Request-ID", "")
        # Anything else could forge lines of a log, or fill it.
        g.request_id = sent if REQUEST_ID.fullmatch(sent) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        parent = request.headers.get("traceparent", "")
        if found := TRACEPARENT.fullmatch(parent):
            structlog.contextvars.bind_contextvars(traceparent=parent, trace_id=found[1])
        tracing.begin(request.method, route())

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("begun", time.perf_counter())
        method = request.method if request.method in METHODS else "other"
        if "request_id" in g:
            response.headers["X-Request-ID"] = g.request_id
        metrics.request_answered(route(), method, response.status_code, seconds)
        noted = dict(g.get("telemetry", {}))
        tracing.describe(response.status_code, noted)
        if is_known():
            noted["caller"] = caller()
        # The query is left out: keys have been seen in queries. Quoted, a path stays on its line.
        _log.log(
            logs.DEBUG if request.path in PROBES else logs.INFO,
            "request",
            method=method,
            path=quote(request.path[:200]),
            route=route(),
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            **noted,
        )
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        tracing.end()
