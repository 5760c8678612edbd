"""Fits that a request waits for, made in a separate process for all workers: one at once, each with a time limit.

A fit takes a hundred times as long as an answer from saved paths. In a request's thread it would hold the interpreter's
lock, which all other requests need, and load statsmodels into every worker. The pool refuses fits beyond its places.
"""

from __future__ import annotations

import pickle
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cachetools import LRUCache, cached
from flask import g, has_request_context

from forecast_service.errors import ServiceError
from forecast_service.forecasting.shared_vintages import SharedVintages
from forecast_service.observability import metrics
from forecast_service.settings import Settings
from forecast_service.shared_process.caller import Lost, NoTurn, Overdue, SharedProcess, repeated_if_lost
from models.dataset.countries import Ally
from models.dataset.observations import Figures
from models.errors import CannotForecast
from models.forecast.forecaster import OVERRIDES_CACHED
from models.scenarios.levers import HistoryOverride
from models.series import Series
from models.simulation.path_store import Fit

PLACES = 3
"""How many requests of a worker wait for fits at most: one of its 4 threads is left for saved forecasts."""
RETRY_S = 5
"""``Retry-After`` of a refused fit, seconds."""
FIT_S = 5
"""Seconds that a fit may take on a busy machine; decides how many fits a request may wait for."""


class FitUnavailable(ServiceError):
    """A fit was not made; ``kind`` and ``detail`` say why."""

    status = 503

    def __init__(self, kind: str, detail: str, retry_after_s: int = RETRY_S) -> None:
        super().__init__(detail=detail, kind=kind, retry_after_s=retry_after_s)
        metrics.FITS_REFUSED.labels(kind).inc()


class FitFailed(RuntimeError):
    """The models raised an unexpected error, which is in the log."""


class FitPool:
    """The process that fits, as one worker uses it.

    Parameters
    ----------
    places : how many of the worker's requests may wait for fits; fewer than its threads.
    timeout_s : how long a request waits for a fit, the queue included; after as long it gets no further fits.
    """

    def __init__(self, places: int, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._places = threading.BoundedSemaphore(places)
        self._thread = threading.local()
        self.shared = SharedProcess("fit-process", "forecast_service.forecasting.fit_process")
        weakref.finalize(self, self.shared.close)
        # The condition makes requests for the same fit wait for the first of them.
        share = cached(LRUCache(OVERRIDES_CACHED), lambda question, _end: question, condition=threading.Condition())
        self._shared = share(self._make)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Let this thread wait for fits. Raises FitUnavailable if too many threads do."""
        if getattr(self._thread, "admitted", False):
            yield
            return
        if not self._places.acquire(blocking=False):
            raise FitUnavailable("busy", "As many fits as this service makes at once are under way. Ask again soon.")
        self._thread.admitted = True
        try:
            yield
        finally:
            del self._thread.admitted
            self._places.release()

    def fit(self, question: tuple[Any, ...]) -> Fit:
        """The fit that answers ``question`` (:mod:`models.simulation.fit_process`); equal questions share it.

        Raises FitUnavailable, CannotForecast or FitFailed.
        """
        end = time.monotonic() + self.timeout_s
        with self.admitted():
            return self._shared(pickle.dumps(question), end)

    def _make(self, question: bytes, end: float) -> Fit:
        if has_request_context() and time.monotonic() > g.setdefault("fits_until", end):
            raise FitUnavailable(
                "busy", "This needs more fits than a request may wait for. Those made are kept: ask again."
            )
        try:
            reply = repeated_if_lost(lambda: self._ask(question, end))
        except NoTurn:
            raise FitUnavailable("busy", "Other fits took too long. Ask again soon.") from None
        except Lost:
            raise FitUnavailable("fit-lost", "The fit was interrupted.") from None
        except Overdue:
            raise FitUnavailable("fit-too-long", "The fit took longer than this service allows.") from None
        if isinstance(reply, Fit):
            return reply
        if reply is None:
            raise FitFailed
        raise CannotForecast(*reply)

    def _ask(self, question: bytes, end: float) -> Any:
        with metrics.FITS_WAITING.track_inprogress():
            turn = self.shared.turn(max(0.0, end - time.monotonic()))
        with turn, metrics.FITS_RUNNING.track_inprogress(), metrics.FIT_SECONDS.time():
            answer = turn.ask(question, end - time.monotonic())
        return pickle.loads(answer)  # noqa: S301  of a process of this replica

    def stop(self) -> None:
        """End the process if this worker has started it; a later question starts another."""
        self.shared.close()


class RemoteFitter:
    """The methods of :class:`models.simulation.fitter.Fitter`, carried out by a pool."""

    def __init__(self, pool: FitPool, vintages: SharedVintages, figures: Figures, draws: int, seed: int) -> None:
        self._pool = pool
        self._vintages = vintages
        self._figures = (vintages.folder, figures.vintage, figures.sipri, draws, seed)

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Fit:
        self._vintages.require_copy(self._figures[1])  # the process that fits has no database
        return self._pool.fit((self._figures, method, arguments, options))

    def fit(self, ally: Ally, origin: int, *, pledge: bool) -> Fit:
        return self._ask("fit", ally, origin, pledge=pledge)

    def fit_overridden(self, ally: Ally, override: HistoryOverride, origin: int, *, pledge: bool) -> Fit:
        return self._ask("fit_overridden", ally, override, origin, pledge=pledge)

    def fit_history(self, ally: Ally, history: Series, *, pledge: bool) -> Fit:
        return self._ask("fit_history", ally, history, pledge=pledge)

    def fit_series(self, history: Series) -> Fit:
        return self._ask("fit_series", history)


def pool_of(settings: Settings) -> FitPool:
    """The pool for these settings."""
    return FitPool(PLACES, settings.fit_timeout_s)
