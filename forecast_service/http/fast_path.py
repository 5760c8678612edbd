"""The fast path: a cached answer is sent without Flask.

Most requests repeat an earlier one, and Flask spends most of their time on routing, checks and negotiation. After Flask
has sent a cached answer, the fast path answers equal requests with the same headers, count and log line, as long as
the answer is cached. The caller is checked and counted each time; if the fast path cannot allow it, Flask decides.

If callers are identified by tokens or by a gateway, or requests are traced, every request passes through Flask.

The server's event loop asks first, and must not wait: it gets a cached answer, or is told to use a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, request
from werkzeug.http import parse_etags, remove_entity_headers

from forecast_service.http import security_headers
from forecast_service.http.addresses import hides_slash
from forecast_service.http.rate_limits import COUNT, Count, Fields, counted_by
from forecast_service.observability import metrics, telemetry
from forecast_service.settings import Settings, auth

Headers = list[tuple[str, str]]
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]

OFFERED = "forecast_service.cached_route"
"""The key in the environ under which Flask puts the cached answer that it sent."""
AT_ONCE = "forecast_service.at_once"
"""The key in the environ of a request that is answered at once or not at all."""
LATER: Iterable[bytes] = []
"""The answer to it if only a thread can answer."""
EXTENSION = "forecast-fast-path"
HEALTH = "/healthz"
"""The one route that passes through Flask at once: it is to answer while all threads compute, and waits for nothing."""
MOST, LONGEST = 1024, 500
"""How many requests are remembered at most, and how many characters each may have."""
_KEY = ("PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ORIGIN")
"""The parts of a request that its answer may depend on."""


@dataclass(frozen=True)
class CachedRoute:
    """A cached answer that Flask has sent.

    Attributes
    ----------
    key : of the answer in the cache.
    body : reads it from the cache; None if it is gone, or the vintage has changed or soon will.
    entity : the headers of the body.
    """

    key: Hashable
    body: Callable[[], bytes | None]
    tag: str
    entity: Headers
    facts: dict[str, Any]


Allow = Callable[[dict[str, Any], str], tuple[str, bool] | None]
"""Takes the environ and the endpoint; the caller and whether it is authenticated, None if only Flask can tell."""


@dataclass(frozen=True)
class _Entry:
    cached: CachedRoute
    route: str
    endpoint: str
    full: Headers
    unchanged: Headers


def offer(cached: CachedRoute) -> None:
    """Name the cached answer of the present request, so that the next equal one takes the fast path."""
    request.environ[OFFERED] = (cached, telemetry.route(), request.endpoint)


class FastPath:
    """WSGI middleware right around Flask, inside the middleware that reads forwarding headers."""

    def __init__(
        self, application: Application, allow: Allow, count: Callable[[], Count | None], remembers: bool
    ) -> None:
        self._flask, self._allow, self._count, self._remembers = application, allow, count, remembers
        self._entries: dict[tuple[str, ...], _Entry] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer a request."""
        at_once = environ.pop(AT_ONCE, False)
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_RANGE" in environ or hides_slash(environ):
            return LATER if at_once else self._flask(environ, start)
        begun = time.perf_counter()
        key = tuple([environ.get(name, "") for name in _KEY])
        entry = self._entries.get(key)
        if entry is not None and (body := entry.cached.body()) is not None:
            passed = self._pass(environ, entry, at_once)
            if passed is not None:
                return _answer(environ, start, entry, body, passed, begun)
        if at_once and environ["PATH_INFO"] != HEALTH:
            return LATER
        sent: Headers = []

        def watch(status: str, headers: Headers, *more: Any) -> Any:
            sent[:] = headers
            return start(status, headers, *more)

        answer = self._flask(environ, watch)
        if self._remembers and OFFERED in environ and sum(map(len, key)) <= LONGEST:
            self._remember(key, sent, *environ[OFFERED])
        return answer

    def _pass(self, environ: dict[str, Any], entry: _Entry, at_once: bool) -> tuple[str | None, Fields] | None:
        """The caller, if authenticated, and the fields of the limit; None if Flask has to decide."""
        allowed = self._allow(environ, entry.endpoint)
        if allowed is None:
            return None
        caller = allowed[0] if allowed[1] else None
        count = self._count()
        if at_once and count and count.waits:
            return None
        fields = count.add(counted_by(caller, environ.get("REMOTE_ADDR"))) if count else []
        return None if fields is None else (caller, fields)

    def _remember(self, key: tuple[str, ...], sent: Headers, cached: CachedRoute, route: str, endpoint: str) -> None:
        entity = {name.lower() for name, _ in cached.entity} | {"x-request-id"}
        common = [(n, v) for n, v in sent if n.lower() not in entity and not n.lower().startswith("ratelimit")]
        unchanged = common.copy()
        remove_entity_headers(unchanged)
        unchanged = [(name, value) for name, value in unchanged if name.lower() not in security_headers.NAMES]
        if len(self._entries) >= MOST:
            self._entries.clear()
        self._entries[key] = _Entry(cached, route, endpoint, [*cached.entity, *common], unchanged)


def _answer(
    environ: dict[str, Any],
    start: Start,
    entry: _Entry,
    body: bytes,
    passed: tuple[str | None, Fields],
    begun: float,
) -> Iterable[bytes]:
    caller, fields = passed
    request_id = telemetry.bind_request_id(environ.get("HTTP_X_REQUEST_ID", ""), environ.get("HTTP_TRACEPARENT", ""))
    held, tag = environ.get("HTTP_IF_NONE_MATCH"), entry.cached.tag
    metrics.cache(hit=True)
    metrics.answered(entry.cached.facts.get("vintage"))
    if held is not None and (held == f'"{tag}"' or parse_etags(held).contains_weak(tag)):  # most clients send one
        status, text, headers, body = 304, "304 NOT MODIFIED", entry.unchanged, b""
    else:
        status, text, headers = 200, "200 OK", entry.full
    start(text, [*headers, *fields, ("X-Request-ID", request_id)])
    seconds = time.perf_counter() - begun
    notes = entry.cached.facts if caller is None else {**entry.cached.facts, "caller": caller}
    telemetry.log_request("GET", environ["PATH_INFO"], entry.route, status, seconds, notes)
    return (body,)


def register(app: Flask, settings: Settings, allow: Allow) -> None:
    """Give ``app`` the fast path. Register this before other middleware."""
    remembers = settings.auth in {auth.NONE, auth.API_KEY} and not (settings.identity_header or settings.traces)
    way = FastPath(cast(Application, app.wsgi_app), allow, lambda: app.extensions.get(COUNT), remembers=remembers)
    app.wsgi_app = way  # type: ignore[method-assign,assignment]
    app.extensions[EXTENSION] = way
