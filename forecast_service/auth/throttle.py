"""Throttles the guessing of credentials: after too many wrong ones an address must wait."""

from __future__ import annotations

import math
import time
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from forecast_service.redis_client import patience
from forecast_service.settings import Settings


class Throttle:
    """Counts wrong credentials by address, in Redis or, if there is none or it fails, in this process."""

    def __init__(self, settings: Settings) -> None:
        self._limits = parse_many(settings.auth_failures) if settings.auth_failures != "0" else []
        self._local = self._counter = FixedWindowRateLimiter(MemoryStorage())
        if settings.redis_url and self._limits:
            shared = storage_from_string(settings.redis_url, wrap_exceptions=True, **patience())
            self._counter = FixedWindowRateLimiter(shared)

    def wait_s(self, address: str) -> int | None:
        """Seconds until ``address`` may try a credential; None if it may now."""
        for limit in self._limits:
            if not self._count("test", limit, address):
                reset = self._count("get_window_stats", limit, address).reset_time
                return max(1, math.ceil(reset - time.time()))
        return None

    def failed(self, address: str) -> None:
        """Count a wrong credential."""
        for limit in self._limits:
            self._count("hit", limit, address)

    def _count(self, method: str, limit: RateLimitItem, address: str) -> Any:
        try:
            return getattr(self._counter, method)(limit, "wrong-credentials", address)
        except StorageError:
            return getattr(self._local, method)(limit, "wrong-credentials", address)
