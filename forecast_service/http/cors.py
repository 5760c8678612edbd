"""Pages of the origins in FORECAST_CORS_ORIGINS may read answers. Origins must match exactly.

flask-cors takes some origins for regular expressions. Credentials are never allowed: a page sends its key in a header.
"""

from __future__ import annotations

from flask import Flask, Response, request

from forecast_service.settings import Settings
from forecast_service.settings.http import origins as origins_of

EXPOSED = (
    "Content-Disposition, ETag, Link, Location, Retry-After, X-Alt-Text, X-Request-ID, RateLimit, RateLimit-Policy, "
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)
ACCEPTED = (
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, X-Request-ID, "
    "traceparent, tracestate"
)
PREFLIGHT_S = 7200
"""How many seconds a browser may cache a preflight: the most that all browsers accept."""


def register(app: Flask, settings: Settings) -> None:
    """Answer preflights, which carry no key. Register this before authentication."""
    origins = frozenset(origins_of(settings))

    @app.before_request
    def preflight() -> Response | None:
        # Even if no origin is allowed: allowed methods are no secret, and OPTIONS changes nothing.
        if request.method != "OPTIONS" or request.routing_exception is not None:
            return None
        response = Response(status=204)
        del response.headers["Content-Type"]
        response.allow.update(request_methods())
        return response

    @app.after_request
    def allow(response: Response) -> Response:
        if not origins:
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(response.allow))
            response.headers["Access-Control-Allow-Headers"] = ACCEPTED
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
        else:
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response


def request_methods() -> list[str]:
    """The methods that the requested address allows."""
    from flask.globals import request_ctx

    adapter = request_ctx.url_adapter
    return sorted(adapter.allowed_methods()) if adapter else []
