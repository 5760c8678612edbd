"""What a caller may spend: every question has a price, and a caller has a budget in each window of time."""

from __future__ import annotations

import math
import time

from flask import Flask, Response, current_app, g, has_request_context
from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter

from forecast_service.errors import ServiceError
from forecast_service.http import gateway_cache
from forecast_service.http.counting import Counter
from forecast_service.http.rate_limits import present_caller
from forecast_service.settings import Settings
from forecast_service.settings.http import UNLIMITED

EXTENSION = "forecast-budget"
POLICY = "cost"
"""The name of the budget in the ``RateLimit`` fields."""
COSTLY = "costly"
"""The name there of the bound on a caller's costly questions that run at once."""


class TooCostly(ServiceError):
    """A question costs more than a caller may spend in a whole window."""

    status, kind = 422, "too-costly"

    def __init__(self, price: int, limit: RateLimitItem) -> None:
        super().__init__(
            detail=f"This question costs {price:,} units, more than the {limit.amount:,} that a caller has in "
            f"{limit.get_expiry()} s. Ask with fewer levers, years or items."
        )


class BudgetSpent(ServiceError):
    """A caller has too little left for a question."""

    status, kind = 429, "budget-spent"

    def __init__(self, price: int, left: int, limit: RateLimitItem, wait_s: int) -> None:
        self.left = left
        super().__init__(
            detail=f"This question costs {price:,} units; of the {limit.amount:,} that a caller has in "
            f"{limit.get_expiry()} s, {left:,} are left. Retry-After says when to ask again.",
            retry_after_s=wait_s,
        )


class Budget:
    """The budgets of all callers."""

    def __init__(self, limit: RateLimitItem, redis_url: str) -> None:
        self.limit = limit
        self._counter = Counter(redis_url)

    def spend(self, who: str, price: int) -> int:
        """Take ``price`` from the budget of ``who`` and return what is left.

        Raises TooCostly or BudgetSpent, and then takes nothing.
        """
        if price > self.limit.amount:
            raise TooCostly(price, self.limit)
        left = self.limit.amount - self._add(who, price)
        if left >= 0:
            return left
        self._add(who, -price)
        stats = self._counter.ask(lambda counts: counts.get_window_stats(self.limit, POLICY, who))
        raise BudgetSpent(price, stats.remaining, self.limit, max(1, math.ceil(stats.reset_time - time.time())))

    def _add(self, who: str, price: int) -> int:
        """Add to what ``who`` has spent, and return it. Not ``hit``, which would need a second request for the sum."""

        def add(counts: FixedWindowRateLimiter) -> int:
            return counts.storage.incr(self.limit.key_for(POLICY, who), self.limit.get_expiry(), amount=price)

        return self._counter.ask(add)


def register(app: Flask, settings: Settings) -> None:
    """Give every caller of ``app`` a budget if the settings say so. Register this before the rate limits."""
    if settings.cost_budget == UNLIMITED:
        return
    budget = app.extensions[EXTENSION] = Budget(parse(settings.cost_budget), settings.redis_url)
    limit = budget.limit
    at_once = f'"{COSTLY}";q={settings.costly_per_caller};qu="concurrent-requests"'
    policy = f'"{POLICY}";q={limit.amount};w={limit.get_expiry()}, {at_once}'

    @app.after_request
    def tell(response: Response) -> Response:
        # What caches keep is sent to other callers too.
        cached = "max-age" in response.headers.get("Cache-Control", "") or gateway_cache.is_shared(response)
        if not cached and (left := g.get("budget_left")) is not None:
            for name, value in (("RateLimit-Policy", policy), ("RateLimit", f'"{POLICY}";r={left}')):
                others = response.headers.get(name)
                response.headers[name] = f"{others}, {value}" if others else value
        return response


def spend(price: int) -> None:
    """Take ``price`` (units) from the budget of the present request's caller. Raises TooCostly or BudgetSpent."""
    budget: Budget | None = current_app.extensions.get(EXTENSION)
    if budget is None or not has_request_context():
        return
    try:
        g.budget_left = budget.spend(present_caller(), price)
    except BudgetSpent as error:
        g.budget_left = error.left
        raise
