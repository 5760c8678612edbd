"""Slows down who tries credentials: after so many wrong ones an address is told to wait, before anything is looked up.

Who has lately shown a valid credential is let through: a stranger behind the same address shuts nobody out.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from forecast_service.redis_client import patience
from forecast_service.settings import Settings

GOOD_S = 900.0
MAX_REMEMBERED = 1000


class Throttle:
    """Counts wrong credentials by address: in Redis where there is one, otherwise, and while it is away, here."""

    def __init__(self, settings: Settings) -> None:
        self._limits = parse_many(settings.auth_failures) if settings.auth_failures != "0" else []
        self._counters = [FixedWindowRateLimiter(MemoryStorage())]
        if settings.redis_url and self._limits:
            shared = storage_from_string(settings.redis_url, wrap_exceptions=True, **patience())
            self._counters.insert(0, FixedWindowRateLimiter(shared))
        self._lock = threading.Lock()
        # By hash: what is remembered opens nothing.
        self._good: OrderedDict[bytes, float] = OrderedDict()

    def wait_s(self, address: str, credential: str) -> int | None:
        """Seconds after which ``credential`` may be tried from ``address``; None if it may be now."""
        if not self._limits or self._good.get(_digest(credential), -GOOD_S) > time.monotonic() - GOOD_S:
            return None
        for limit in self._limits:
            if not self._count("test", limit, address):
                reset = self._count("get_window_stats", limit, address).reset_time
                return max(1, math.ceil(reset - time.time()))
        return None

    def failed(self, address: str) -> None:
        """Count a wrong credential."""
        for limit in self._limits:
            self._count("hit", limit, address)

    def succeeded(self, credential: str) -> None:
        """Remember a valid one."""
        with self._lock:
            digest = _digest(credential)
            self._good[digest] = time.monotonic()
            self._good.move_to_end(digest)
            if len(self._good) > MAX_REMEMBERED:
                self._good.popitem(last=False)

    def _count(self, method: str, limit: RateLimitItem, address: str) -> Any:
        """Ask the first counter that can be reached."""
        for counter in self._counters[:-1]:
            try:
                return getattr(counter, method)(limit, "wrong-credentials", address)
            except StorageError:
                continue
        return getattr(self._counters[-1], method)(limit, "wrong-credentials", address)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "replace")).digest()
