"""Which questions are computed now: who may spend what, and how many questions run at once in this worker process.

A worker has few threads, and one that computes or waits serves nobody else. So a costly question takes its turn with
other costly ones, of which few may wait, while the others, each a fraction of a second, wait only for each other.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

from flask import Flask, current_app, g, has_request_context

from forecast_service.errors import ServiceError
from forecast_service.http import budget
from forecast_service.http.rate_limits import present_caller
from forecast_service.settings import Settings

EXTENSION = "forecast-costly"
COSTLY = 100
"""Units (:mod:`forecast_service.services.price`) above which a question is costly: about a third of a second."""
PATIENCE_S = 10
"""How long a question waits for those before it, seconds."""

_compute_lock = threading.Lock()
"""The threads of a worker compute one at a time. Otherwise they would interrupt each other whenever numpy releases the
interpreter lock and compete for the processor's cache, and every answer would be slower. A thread that waits for a fit
does not hold this lock, nor does a costly question, for which the others would wait too long."""


class TooManyAtOnce(ServiceError):
    """The caller has as many costly questions under way as it may."""

    status, kind, retry_after_s = 429, "too-many-at-once", 2
    headers = {"RateLimit": f'"{budget.COSTLY}";r=0'}  # noqa: RUF012  as in the base class

    def __init__(self, most: int) -> None:
        super().__init__(
            detail=f"This question is costly: it costs more than {COSTLY} units. A caller may have {most} of those "
            "under way here at once. Ask again when the answer is there."
        )


class Busy(ServiceError):
    """As many questions are computed or wait as this worker allows."""

    status, kind, retry_after_s = 503, "busy", 2
    detail = "As many costly questions as this service computes at once are under way. Ask again soon."


class Costly:
    """The costly questions of this worker process: one is computed at a time, few wait, and each caller has few.

    Parameters
    ----------
    per_caller, at_once : how many may be under way, of one caller and of all.
    """

    def __init__(self, per_caller: int, at_once: int) -> None:
        self.per_caller, self.at_once = per_caller, at_once
        self.turn, self._counting = threading.Lock(), threading.Lock()
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def under_way(self, who: str) -> Iterator[None]:
        """Count a question of ``who``. Raises TooManyAtOnce or Busy."""
        with self._counting:
            if self._under_way[who] >= self.per_caller:
                raise TooManyAtOnce(self.per_caller)
            if self._under_way.total() >= self.at_once:
                raise Busy
            self._under_way[who] += 1
        try:
            yield
        finally:
            with self._counting:
                self._under_way -= Counter([who])  # forgets who has none left


def register(app: Flask, settings: Settings) -> None:
    """Bound the costly questions of ``app``."""
    app.extensions[EXTENSION] = Costly(settings.costly_per_caller, settings.costly_at_once)


@contextmanager
def admitted(price: int) -> Iterator[None]:
    """Spend the caller's budget on one question or several together, and wait for their turn if they are costly.

    A question that is a part of an admitted one is paid already.

    Raises
    ------
    TooCostly, BudgetSpent, TooManyAtOnce, Busy
    """
    if "admitted" in g:
        yield
        return
    with ExitStack() as stack:
        costly: Costly = current_app.extensions[EXTENSION]
        if price > COSTLY:
            stack.enter_context(costly.under_way(present_caller() if has_request_context() else ""))
        budget.spend(price)
        if price > COSTLY:
            stack.enter_context(_held(costly.turn))
        g.admitted = price
        stack.callback(g.pop, "admitted")
        yield


@contextmanager
def computing(price: int, *, fitted: bool) -> Iterator[None]:
    """Compute a question of this price when it is admitted, one at a time if every fit that it needs is saved."""
    # A part of a costly question would take the lock again and again before others, since locks are not fair.
    with admitted(price), _held(_compute_lock) if fitted and g.admitted <= COSTLY else nullcontext():
        yield


@contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    if not lock.acquire(timeout=PATIENCE_S):
        raise Busy
    try:
        yield
    finally:
        lock.release()
