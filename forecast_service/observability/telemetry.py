"""Observes every request: a line in the log, metrics, a span. See docs/observability.md."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import cache, lru_cache
from random import getrandbits
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, has_request_context, request

from forecast_service.callers import caller, is_known
from forecast_service.observability import logs, metrics, tracing
from forecast_service.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that machines request every few seconds; their requests are logged at debug level."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def annotate(**facts: Any) -> None:
    """Add facts to the log line of the present request; do nothing outside a request."""
    if has_request_context():
        g.setdefault("telemetry", {}).update(facts)


def facts() -> dict[str, Any]:
    """The facts that a cached answer repeats in its log line."""
    notes: dict[str, Any] = g.get("telemetry", {})
    return {name: notes[name] for name in ("country", "scenario", "vintage") if name in notes}


def route() -> str:
    """The template of the requested route, in the contract's notation."""
    rule = request.url_rule
    return _template(rule.rule) if rule else "unmatched"


@cache
def _template(rule: str) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)


def bind_request_id(request_id: str, traceparent: str) -> str:
    """Bind the client's request id, or a new one if it is invalid, and the trace to the log; return the id."""
    # An arbitrary id could forge or fill lines of the log.
    valid_id = request_id if REQUEST_ID.fullmatch(request_id) else f"{getrandbits(128):032x}"
    bound = {"request_id": valid_id}
    if match := TRACEPARENT.fullmatch(traceparent):
        bound |= {"traceparent": traceparent, "trace_id": match[1]}
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)
    return valid_id


_quoted = lru_cache(1024)(quote)


def log_request(method: str, path: str, route: str, status: int, seconds: float, notes: Mapping[str, Any]) -> None:
    """Count and log a request that has been answered."""
    metrics.request_answered(route, method, status, seconds)
    # The query is left out, because some clients send keys in it. The path is quoted, so that it has no line breaks.
    facts = {"method": method, "path": _quoted(path[:200]), "route": route, "status": status}
    logs.access(logs.DEBUG if path in PROBES else logs.INFO, {**facts, "ms": round(seconds * 1000, 2), **notes})


def register(app: Flask, settings: Settings) -> None:
    """Observe every request. Register this first, so that it sees the response last, as it is sent."""
    logs.configure(settings.log_format, settings.log_level)
    tracing.register(app, settings)

    @app.before_request
    def begin() -> None:
        g.begun = time.perf_counter()
        g.request_id = bind_request_id(request.headers.get("X-Request-ID", ""), request.headers.get("traceparent", ""))
        tracing.begin(request.method, route())

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("begun", time.perf_counter())
        method = request.method if request.method in METHODS else "other"
        if "request_id" in g:
            response.headers["X-Request-ID"] = g.request_id
        notes = dict(g.get("telemetry", {}))
        tracing.describe(response.status_code, notes)
        if is_known():
            notes["caller"] = caller()
        log_request(method, request.path, route(), response.status_code, seconds, notes)
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        tracing.end()
