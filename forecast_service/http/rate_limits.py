"""Rate limits: 429 with ``Retry-After`` above the limit, and ``RateLimit`` fields on every answer."""

from __future__ import annotations

import math
import time

from flask import Flask, Response, request

from forecast_service.callers import caller, is_known
from forecast_service.http import gateway_cache
from forecast_service.observability.telemetry import PROBES
from forecast_service.redis_client import EXTENSION, patience
from forecast_service.settings import Settings

RETRY_S = 5
"""``Retry-After`` of a 503 that sets none, seconds."""


def counted_by() -> str:
    """The caller if identified, otherwise the address."""
    return f"caller:{caller()}" if is_known() else f"address:{request.remote_addr}"


def register(app: Flask, settings: Settings) -> None:
    """Limit ``app`` if the settings say so. Register this after authentication."""

    @app.after_request
    def add_retry_after(response: Response) -> Response:
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
        key_func=counted_by,
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=shared or "memory://",
        storage_options=patience() | {"wrap_exceptions": True} if shared else {},
        strategy="fixed-window",  # its end, and so Retry-After, is known exactly
        # Without Redis each worker counts for itself: a limit that is too high is better than no answer.
        in_memory_fallback_enabled=bool(shared),
        # If several threads lose Redis at once, only the first falls back; the requests of the others are not counted.
        swallow_errors=bool(shared),
    )

    @limiter.request_filter
    def exempt() -> bool:
        return request.method == "OPTIONS" or request.path in PROBES

    @app.after_request
    def count(response: Response) -> Response:
        current = limiter.current_limit
        if current is None or gateway_cache.is_shared(response):  # the fields are one caller's own
            return response
        limit, window = current.limit.amount, current.limit.get_expiry()
        try:
            left, wait = max(0, current.remaining), min(window, max(0, math.ceil(current.reset_at - time.time())))
        except StorageError:
            # Redis was lost after the request was counted. The request was carried out, so its answer stays.
            return response
        response.headers["RateLimit-Policy"] = f'"default";q={limit};w={window}'
        response.headers["RateLimit"] = f'"default";r={left};t={wait}'
        # The names in earlier drafts.
        response.headers["RateLimit-Limit"] = str(limit)
        response.headers["RateLimit-Remaining"] = str(left)
        response.headers["RateLimit-Reset"] = str(wait)
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", str(max(1, wait)))
        return response
