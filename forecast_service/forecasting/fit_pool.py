"""Fits that a request waits for, made in separate processes: few at once, each with a time limit.

A fit takes a hundred times as long as an answer from saved paths. In a request's thread it would hold the interpreter's
lock, which all other requests need, and load statsmodels into every worker. The pool refuses fits beyond its queue and
ends a process that does not answer in time. Processes start when first needed and end with the worker.
"""

from __future__ import annotations

import pickle
import socket
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from queue import Empty, LifoQueue
from subprocess import DEVNULL
from typing import Any

from cachetools import LRUCache, cached
from flask import g, has_request_context

from forecast_service.errors import ServiceError
from forecast_service.forecasting.shared_vintages import SharedVintages
from forecast_service.observability import metrics
from forecast_service.observability.helpers import OnDemand
from forecast_service.settings import Settings
from models.dataset.countries import Ally
from models.dataset.observations import Figures
from models.errors import CannotForecast
from models.forecast.forecaster import OVERRIDES_CACHED
from models.scenarios.levers import HistoryOverride
from models.series import Series
from models.simulation.path_store import Fit

PROCESSES, WAITING = 1, 2
"""How many fits a worker makes at once, and how many more requests may wait. The sum is below a worker's 4 threads, so
that a thread is left for saved forecasts."""
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


class FitProcess:
    """One process that fits. It starts with the first question, and again if it has ended."""

    def __init__(self) -> None:
        self._end: weakref.finalize[Any, Any] | None = None
        self._line: Connection | None = None
        self.process: OnDemand | None = None

    def ask(self, question: bytes, patience_s: float) -> Any:
        """The reply to a pickled question; one caller at a time.

        Raises FitUnavailable if there is no reply in time, or the process was ended from outside.
        """
        if self._line is not None and self._line.poll(0):
            self.stop()  # the other end is closed: it was idle for long, or was killed
        line = self._line or self._start()
        try:
            line.send_bytes(question)
            if line.poll(patience_s):
                return line.recv()
        except (EOFError, OSError):
            self.stop()
            raise FitUnavailable("fit-lost", "The fit was interrupted.") from None
        self.stop()
        raise FitUnavailable("fit-too-long", "The fit took longer than this service allows.")

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "forecast_service.forecasting.fit_process", str(theirs.fileno())]
            process = OnDemand("fit-process", command, pass_fds=[theirs.fileno()], stdin=DEVNULL)
        line = Connection(ours.detach())
        self.process, self._line = process, line
        self._end = weakref.finalize(self, _stop, process, line)
        return line

    def stop(self) -> None:
        """End the process, even during a fit."""
        if self._end is not None:
            self._end()
        self.process = self._line = self._end = None


def _stop(process: OnDemand, line: Connection) -> None:
    line.close()
    process.end()


class FitPool:
    """The processes of one worker that fit.

    Parameters
    ----------
    processes : how many fits are made at once.
    queue : how many more requests may wait; the sum must be less than the worker's threads.
    timeout_s : how long a request waits for a fit, the queue included; after as long it gets no further fits.
    """

    def __init__(self, processes: int, queue: int, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._places = threading.BoundedSemaphore(processes + queue)
        self._thread = threading.local()
        self._free: LifoQueue[FitProcess] = LifoQueue()
        self.all = [FitProcess() for _ in range(processes)]
        for process in self.all:
            self._free.put(process)
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
            with metrics.FITS_WAITING.track_inprogress():
                process = self._free.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            raise FitUnavailable("busy", "Other fits took too long. Ask again soon.") from None
        try:
            with metrics.FITS_RUNNING.track_inprogress(), metrics.FIT_SECONDS.time():
                reply = process.ask(question, max(0.0, end - time.monotonic()))
        finally:
            self._free.put(process)
        if isinstance(reply, Fit):
            return reply
        if reply is None:
            raise FitFailed
        raise CannotForecast(*reply)

    def stop(self) -> None:
        """End all processes; a later question starts them again."""
        for process in self.all:
            process.stop()


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
    return FitPool(PROCESSES, WAITING, settings.fit_timeout_s)
