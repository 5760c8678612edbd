"""Rate limits: 429 with ``Retry-After`` above the limit, and ``RateLimit`` fields on every answer."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from limits import RateLimitItem, parse_many
from limits.errors import StorageError

from forecast_service.callers import caller, is_known
from forecast_service.http import gateway_cache
from forecast_service.http.windows import SCHEME
from forecast_service.observability.telemetry import PROBES
from forecast_service.redis_client import EXTENSION, patience
from forecast_service.settings import Settings

if TYPE_CHECKING:
    from flask_limiter import Limiter

RETRY_S = 5
"""``Retry-After`` of a 503 that sets none, seconds."""


Fields = list[tuple[str, str]]

COUNT = "forecast-rate-limit"
"""The extension with :class:`Count`, if there is a limit."""
_SCOPE = "global"
"""flask-limiter's name for a limit of the whole application."""


def counted_by(caller: str | None, address: str | None) -> str:
    """The caller if identified, otherwise the address."""
    return f"address:{address}" if caller is None else f"caller:{caller}"


def present_caller() -> str:
    """As :func:`counted_by`, of the present request."""
    return counted_by(caller() if is_known() else None, request.remote_addr)


def _fields(limit: RateLimitItem, remaining: int, reset_at: float) -> Fields:
    quota, window = limit.amount, limit.get_expiry()
    left, wait = max(0, remaining), min(window, max(0, math.ceil(reset_at - time.time())))
    return [
        ("RateLimit-Policy", f'"default";q={quota};w={window}'),
        ("RateLimit", f'"default";r={left};t={wait}'),
        # The names in earlier drafts.
        ("RateLimit-Limit", str(quota)),
        ("RateLimit-Remaining", str(left)),
        ("RateLimit-Reset", str(wait)),
    ]


class Count:
    """Counts requests that pass by Flask, in the same windows as those that pass through it.

    Attributes
    ----------
    waits : whether the counts are in Redis, so that counting takes a moment.
    """

    def __init__(self, limiter: Limiter, limits: list[RateLimitItem], *, waits: bool) -> None:
        self._limiter, self._limits, self.waits = limiter, sorted(limits), waits
        self._windows = lru_cache(1024)(lambda key: [limit.key_for(key, _SCOPE) for limit in self._limits])

    def add(self, key: str) -> Fields | None:
        """Count a request; the fields for its answer. None if it is over the limit, or if only Flask can tell."""
        storage = self._limiter.limiter.storage
        if storage is not self._limiter.storage:  # Redis was lost, and flask-limiter looks whether it is back
            return None
        windows = self._windows(key)
        try:
            # As FixedWindowRateLimiter does, but what is left is known from the count.
            counts = [storage.incr(name, limit.get_expiry()) for name, limit in zip(windows, self._limits, strict=True)]
            reset_at = storage.get_expiry(windows[0])
        except StorageError:
            return None
        left = [limit.amount - count for limit, count in zip(self._limits, counts, strict=True)]
        return None if min(left) < 0 else _fields(self._limits[0], left[0], reset_at)


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

    shared = settings.redis_url
    limiter = Limiter(
        key_func=present_caller,
        app=app,
        application_limits=[settings.rate_limit],
        storage_uri=shared or f"{SCHEME}://",
        storage_options=patience() | {"wrap_exceptions": True} if shared else {},
        strategy="fixed-window",  # its end, and so Retry-After, is known exactly
        # Without Redis each worker counts for itself: a limit that is too high is better than no answer.
        in_memory_fallback_enabled=bool(shared),
        # If several threads lose Redis at once, only the first falls back; the requests of the others are not counted.
        swallow_errors=bool(shared),
    )

    app.extensions[COUNT] = Count(limiter, parse_many(settings.rate_limit), waits=bool(shared))

    @limiter.request_filter
    def exempt() -> bool:
        return request.method == "OPTIONS" or request.path in PROBES

    @app.after_request
    def count(response: Response) -> Response:
        current = limiter.current_limit
        if current is None or gateway_cache.is_shared(response):  # the fields are one caller's own
            return response
        try:
            fields = dict(_fields(current.limit, current.remaining, current.reset_at))
        except StorageError:
            # Redis was lost after the request was counted. The request was carried out, so its answer stays.
            return response
        response.headers.update(fields)
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", str(max(1, int(fields["RateLimit-Reset"]))))
        return response
