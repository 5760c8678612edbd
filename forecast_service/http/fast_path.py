"""The fast path: an answer in the cache is sent without passing through Flask.

Most questions were asked before in the same words, and Flask spends most of such a request on routing, checks and
negotiation. Once Flask has led to a cached answer, a request of the same words gets it from here, with the same
headers, count and log line, for as long as the cache holds it.

Every request passes through Flask where callers are told apart, limited or traced.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, request
from werkzeug.http import parse_etags, remove_entity_headers

from forecast_service.callers import is_known
from forecast_service.http import security_headers
from forecast_service.observability import metrics, telemetry
from forecast_service.settings import Settings, auth

Headers = list[tuple[str, str]]
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]

OFFERED = "forecast_service.cached_route"
"""The variable of a request in which Flask says which cached answer it sent."""
MOST, LONGEST = 1024, 500
"""How many ways of asking are known, and how many characters each may have."""
_ASKED = ("PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ORIGIN")
"""All of a request that its answer may depend on."""


@dataclass(frozen=True)
class CachedRoute:
    """A cached answer that Flask found.

    Attributes
    ----------
    key : of the answer in the cache. body : takes it out; None if it is gone, or another vintage of the figures is
    current or about to be. entity : the headers of the body.
    """

    key: Hashable
    body: Callable[[], bytes | None]
    tag: str
    entity: Headers
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Known:
    found: CachedRoute
    route: str
    full: Headers
    unchanged: Headers


def offer(found: CachedRoute) -> None:
    """Say which cached answer the present request got, so that the next one may take the fast path."""
    if not is_known():
        request.environ[OFFERED] = (found, telemetry.route())


class FastPath:
    """WSGI middleware, right around Flask: what a proxy says of a request has been taken in already."""

    def __init__(self, application: Application) -> None:
        self._flask = application
        self._known: dict[tuple[str, ...], _Known] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] != "GET":
            return self._flask(environ, start)
        begun = time.perf_counter()
        asked = tuple([environ.get(name, "") for name in _ASKED])
        known = self._known.get(asked)
        if known is not None and (body := known.found.body()) is not None:
            return _answer(environ, start, known, body, begun)
        sent: Headers = []

        def watch(status: str, headers: Headers, *more: Any) -> Any:
            sent[:] = headers
            return start(status, headers, *more)

        answer = self._flask(environ, watch)
        if OFFERED in environ and sum(map(len, asked)) <= LONGEST:
            self._learn(asked, sent, *environ[OFFERED])
        return answer

    def _learn(self, asked: tuple[str, ...], sent: Headers, found: CachedRoute, route: str) -> None:
        entity = {name.lower() for name, _ in found.entity} | {"x-request-id"}
        common = [(name, value) for name, value in sent if name.lower() not in entity]
        unchanged = common.copy()
        remove_entity_headers(unchanged)
        said_before = security_headers.NAMES
        unchanged = [(name, value) for name, value in unchanged if name.lower() not in said_before]
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[asked] = _Known(found, route, [*found.entity, *common], unchanged)


def _answer(environ: dict[str, Any], start: Start, known: _Known, body: bytes, begun: float) -> Iterable[bytes]:
    named = telemetry.bind_request_id(environ.get("HTTP_X_REQUEST_ID", ""), environ.get("HTTP_TRACEPARENT", ""))
    has, tag = environ.get("HTTP_IF_NONE_MATCH"), known.found.tag
    metrics.cache(hit=True)
    metrics.answered(known.found.facts.get("vintage"))
    if has is not None and (has == f'"{tag}"' or parse_etags(has).contains_weak(tag)):  # most send just one
        status, text, headers, body = 304, "304 NOT MODIFIED", known.unchanged, b""
    else:
        status, text, headers = 200, "200 OK", known.full
    start(text, [*headers, ("X-Request-ID", named)])
    seconds = time.perf_counter() - begun
    telemetry.log_request("GET", environ["PATH_INFO"], known.route, status, seconds, known.found.facts)
    return (body,)


def register(app: Flask, settings: Settings) -> None:
    """Give ``app`` the fast path, where its settings leave one. To be registered before what wraps the application."""
    tells_apart = settings.auth != auth.NONE or settings.identity_header
    if not (tells_apart or settings.rate_limit or settings.traces):
        app.wsgi_app = FastPath(cast(Application, app.wsgi_app))  # type: ignore[method-assign,assignment]
