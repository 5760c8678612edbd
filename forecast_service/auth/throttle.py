"""Throttles the guessing of credentials: after too many wrong ones an address must wait."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse_many

from forecast_service.http.counting import Counter
from forecast_service.settings import Settings
from forecast_service.settings.http import UNLIMITED

NAME = "wrong-credentials"


class Throttle:
    """Counts wrong credentials by address, in Redis or, if there is none or it fails, in this process."""

    def __init__(self, settings: Settings) -> None:
        self._limits = parse_many(settings.auth_failures) if settings.auth_failures != UNLIMITED else []
        self._counter = Counter(settings.redis_url if self._limits else "")

    def wait_s(self, address: str) -> int | None:
        """Seconds until ``address`` may try a credential; None if it may now."""
        return next(
            (self._seconds_left(limit, address) for limit in self._limits if self._is_used_up(limit, address)), None
        )

    def failed(self, address: str) -> None:
        """Count a wrong credential."""
        for limit in self._limits:
            self._hit(limit, address)

    def _is_used_up(self, limit: RateLimitItem, address: str) -> bool:
        return not self._counter.ask(lambda counts: counts.test(limit, NAME, address))

    def _seconds_left(self, limit: RateLimitItem, address: str) -> int:
        stats = self._counter.ask(lambda counts: counts.get_window_stats(limit, NAME, address))
        return max(1, math.ceil(stats.reset_time - time.time()))

    def _hit(self, limit: RateLimitItem, address: str) -> None:
        self._counter.ask(lambda counts: counts.hit(limit, NAME, address))
