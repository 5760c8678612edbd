"""Computes sweeps: leases chunks, submits them to an executor, and saves the results."""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from forecast_service.observability import tracing
from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.idempotency import DAYS, forget_keys
from forecast_service.store.sweeps import Key, Leased, Sweeps
from forecast_service.store.vintages import Vintages
from forecast_service.sweeps.executors import Executor, ExecutorUnavailable
from forecast_service.sweeps.task import compute
from models.analysis.sweep import TRACEPARENT
from models.dataset.tables import VINTAGES
from models.forecast import MODEL_VERSION

LEASE_S = 30.0
"""Length of a lease (s). Its worker renews it every third of that time; others take the chunks of an expired lease."""
IDLE_S = 1.0
"""Time between two looks of an idle worker for work (s)."""
RETRY_S = 5.0
REST_S, TIDY_S = 60.0, 600.0
ROLLED_OUT = timedelta(days=1)
"""Time after which no process with an old version of the statistics is expected to remain."""
AHEAD = 2
"""Chunks leased per slot of the executor, so that no slot waits for the database."""

_log = logging.getLogger(__name__)


class Worker:
    """A process that computes sweeps; any number may share a database.

    Parameters
    ----------
    folder : where the fits are; None if the executor's processes have their own folders.
    lease_s : see :data:`LEASE_S`.
    keep : how long a finished sweep is saved.
    tidy_fits : called with the other tidying, every ten minutes, for the fits that sweeps have made.
    tracer : makes a span for every chunk, below the request that posted the sweep; no spans if None.
    """

    def __init__(
        self,
        sweeps: Sweeps,
        executor: Executor,
        folder: Path | None,
        lease_s: float = LEASE_S,
        keep: timedelta = timedelta(days=90),
        tracer: Any = None,
        tidy_fits: Callable[[], None] = lambda: None,
    ) -> None:
        self.sweeps = sweeps
        self.executor = executor
        self.folder = None if folder is None else str(folder.resolve())
        self.lease_s = lease_s
        self.keep = keep
        self.tracer = tracer
        self.tidy_fits = tidy_fits
        self.name = f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.stopping = threading.Event()
        self.heartbeat: Path | None = None
        """A file that is touched in every round, for an orchestrator's probe."""
        self._vintages = Vintages(sweeps.database)
        self._archives: dict[str, bytes | None] = {}
        self._running: dict[Key, Future[bytes]] = {}
        self._traces: dict[Key, tuple[str | None, Any]] = {}
        self._unsaved: dict[Key, bytes] = {}
        self._renewed = 0.0
        self._worked: float | None = None
        self._tidied = time.monotonic()

    def stop(self) -> None:
        """Let :meth:`run` return soon."""
        self.stopping.set()

    def run(self, *, once: bool = False) -> None:
        """Compute sweeps until :meth:`stop`; with ``once``, until no sweep is open, on other workers either.

        While the database is read-only it computes nothing; with ``once`` it raises ReadOnly.
        """
        try:
            if self.sweeps.database.read_only and not once:
                _log.warning("sweeps wait: the service is read-only")
                while not self.stopping.wait(IDLE_S):
                    self._beat()
            while not self.stopping.is_set():
                self._beat()
                try:
                    if self._round():
                        self._worked = time.monotonic()
                        self.tidy()
                        continue
                    if once and not self.sweeps.is_anything_open(MODEL_VERSION):
                        return
                    self.tidy()
                    self.stopping.wait(IDLE_S)
                except (DatabaseUnavailable, ExecutorUnavailable) as error:
                    # Unsaved results stay in memory. If another worker takes a chunk over, its result is the same.
                    if once:
                        raise
                    _log.warning("sweeps wait: %s", error)
                    self.stopping.wait(RETRY_S)
        finally:
            self._leave()

    def _beat(self) -> None:
        if self.heartbeat:
            self.heartbeat.touch()

    def _round(self) -> bool:
        """Lease, submit, wait a moment, save; False if there was nothing to do."""
        self._renew()
        wanted = AHEAD * self.executor.slots - len(self._running)
        leased = self.sweeps.lease(self.name, wanted, self.lease_s, MODEL_VERSION) if wanted > 0 else []
        for place, one in enumerate(leased):
            try:
                arguments = one.document, one.number, self.folder, self._archive(one.document)
                self._running[one.key] = self.executor.submit(compute, *arguments)
                self._begin_trace(one)
            except (DatabaseUnavailable, ExecutorUnavailable) as error:
                if isinstance(error, ExecutorUnavailable):  # without the database, leases end by themselves
                    self.sweeps.release(self.name, [other.key for other in leased[place:]], begun=False)
                raise
        if not self._running and not self._unsaved:
            return False
        if self._running:
            wait(self._running.values(), timeout=min(IDLE_S, self.lease_s / 3), return_when=FIRST_COMPLETED)
        self._collect()
        self._save()
        return True

    def _archive(self, document: str) -> bytes | None:
        """The archive of a sweep's vintage, which the executor's processes may lack. Raises DatabaseUnavailable."""
        name = json.loads(document)["vintage"]
        if name not in VINTAGES and name not in self._archives:
            self._archives = {name: self._vintages.archive(name)}  # of the last one only
        return self._archives.get(name)

    def _begin_trace(self, one: Leased) -> None:
        parent = json.loads(one.document).get(TRACEPARENT)
        facts = {"forecast.sweep": one.sweep_id, "forecast.chunk": one.number}
        self._traces[one.key] = parent, tracing.begin_task(self.tracer, "sweep chunk", parent, **facts)

    def _collect(self) -> None:
        """Collect the finished chunks from the executor."""
        for key, future in [item for item in self._running.items() if item[1].done()]:
            parent, task = self._traces.pop(key)
            tracing.end_task(task, None if future.cancelled() else future.exception())
            structlog.contextvars.clear_contextvars()
            if parent:
                structlog.contextvars.bind_contextvars(traceparent=parent, trace_id=parent.split("-")[1])
            if future.cancelled():
                self.sweeps.release(self.name, [key], begun=False)
            elif (error := future.exception()) is None:
                self._unsaved[key] = future.result()
            elif isinstance(error, self.executor.lost):
                _log.error("chunk %d of sweep %s was lost: %r", key[1], key[0], error)
                self.sweeps.release(self.name, [key], begun=True)
            else:
                # Every worker would fail in the same way, so none tries again.
                _log.error("chunk %d of sweep %s cannot be computed", key[1], key[0], exc_info=error)
                self.sweeps.fail(key[0], "A chunk could not be computed; the service's log says more.")
            del self._running[key]
        structlog.contextvars.clear_contextvars()

    def _save(self) -> None:
        for key in list(self._unsaved):
            self.sweeps.complete(key, self._unsaved[key])
            del self._unsaved[key]

    def _renew(self) -> None:
        """Renew the leases, and cancel chunks whose lease is lost."""
        if not self._running or time.monotonic() < self._renewed + self.lease_s / 3:
            return
        held = self.sweeps.renew(self.name, self.lease_s)
        self._renewed = time.monotonic()
        for key, future in self._running.items():
            if key not in held:
                future.cancel()

    def tidy(self) -> None:
        """Let an idle executor rest; every few minutes delete what is old, and give up sweeps of old versions."""
        if self._worked and time.monotonic() > self._worked + REST_S:
            self._worked = None
            self.executor.rest()
        if time.monotonic() > self._tidied + TIDY_S:
            self._tidied = time.monotonic()
            self.sweeps.give_up(MODEL_VERSION, ROLLED_OUT)
            while self.sweeps.forget(self.keep):
                _log.info("sweeps that finished more than %d days ago were deleted", self.keep.days)
            while forget_keys(self.sweeps.database):
                _log.info("idempotency keys older than %d days were deleted", DAYS)
            self.sweeps.database.empty_log()
            self.tidy_fits()

    def _leave(self) -> None:
        """Finish and save the running chunks, release the others, and end the executor."""
        for future in self._running.values():
            future.cancel()
        self.executor.shutdown(cancel_futures=True)
        try:
            self._collect()
            self._save()
            if self._running:
                self.sweeps.release(self.name, self._running, begun=False)
        except DatabaseUnavailable:
            _log.warning("leases could not be given back; they run out by themselves")
