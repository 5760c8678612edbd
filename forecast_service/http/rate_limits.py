"""How often a caller may ask: 429 with ``Retry-After`` beyond, and ``RateLimit`` fields on every answer."""

from __future__ import annotations

import math
import time

from flask import Flask, Response, request

from forecast_service.callers import caller, is_known
from forecast_service.observability.telemetry import PROBES
from forecast_service.redis_client import EXTENSION, patience
from forecast_service.settings import Settings

RETRY_S = 5
"""After how long a 503 that says nothing itself may be tried again."""


def _who() -> str:
    """What is counted by: the caller where one is known, otherwise the address it comes from."""
    return f"caller:{caller()}" if is_known() else f"address:{request.remote_addr}"


def register(app: Flask, settings: Settings) -> None:
    """Limit ``app`` if the settings say so. To be registered after what finds out who calls."""

    @app.after_request
    def say_when(response: Response) -> Response:
        if response.status_code == 503 and "Retry-After" not in response.headers:
            response.headers["Retry-After"] = str(RETRY_S)
        return response

    if settings.redis_url:
        from redis import Redis

        app.extensions[EXTENSION] = Redis.from_url(settings.redis_url, **patience())
    if not settings.rate_limit:
        return
    from flask_limiter import Limiter
    from limits.errors import StorageError

    shared = settings.redis_url
    limiter = Limiter(
        key_func=_who,
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=shared or "memory://",
        storage_options=patience() | {"wrap_exceptions": True} if shared else {},
        strategy="fixed-window",  # the one whose end, and so Retry-After, is known exactly
        # Without Redis each worker counts for itself: too generous is better than not answering.
        in_memory_fallback_enabled=bool(shared),
        # Of several threads that lose Redis at once, only the first falls back; the others' requests go uncounted.
        swallow_errors=bool(shared),
    )

    @limiter.request_filter
    def exempt() -> bool:
        return request.method == "OPTIONS" or request.path in PROBES

    @app.after_request
    def count(response: Response) -> Response:
        found = limiter.current_limit
        if found is None:
            return response
        limit, window = found.limit.amount, found.limit.get_expiry()
        try:
            left, wait = max(0, found.remaining), min(window, max(0, math.ceil(found.reset_at - time.time())))
        except StorageError:
            # Redis has gone since the request was counted. What was done must not be answered as if it had failed.
            return response
        response.headers["RateLimit-Policy"] = f'"default";q={limit};w={window}'
        response.headers["RateLimit"] = f'"default";r={left};t={wait}'
        # The names that clients know from earlier drafts.
        response.headers["RateLimit-Limit"] = str(limit)
        response.headers["RateLimit-Remaining"] = str(left)
        response.headers["RateLimit-Reset"] = str(wait)
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", str(max(1, wait)))
        return response
