"""Counts what callers do in fixed windows of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from forecast_service.http.windows import WindowStorage
from forecast_service.redis_client import patience

T = TypeVar("T")


class Counter:
    """Counts in Redis or, if there is none or it fails, in this process."""

    def __init__(self, redis_url: str) -> None:
        self._local = self._shared = FixedWindowRateLimiter(WindowStorage())
        if redis_url:
            storage = storage_from_string(redis_url, wrap_exceptions=True, **patience())
            self._shared = FixedWindowRateLimiter(storage)

    def ask(self, question: Callable[[FixedWindowRateLimiter], T]) -> T:
        """The answer of the counts to ``question``."""
        try:
            return question(self._shared)
        except StorageError:
            return question(self._local)
