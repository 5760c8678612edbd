"""The executors (as in :mod:`concurrent.futures`) that compute sweeps.

``FORECAST_SWEEP_EXECUTOR`` chooses: a pool of local processes, or a Dask cluster. Both run a pure function of plain
data, so both compute the same.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar, cast

from forecast_service.observability import log_lines
from forecast_service.processes import end_with_parent

LOCAL = "local"
CONNECT_S = 10
LOST = (BrokenExecutor, OSError, MemoryError)
T = TypeVar("T")


class ExecutorUnavailable(Exception):
    """The scheduler cannot be reached, or Dask is not installed; the message says which."""


class Executor(Protocol):
    """Runs tasks."""

    lost: tuple[type[BaseException], ...]
    """Exceptions of tasks that failed through no fault of their own, so that the worker tries them again."""

    @property
    def slots(self) -> int:
        """Number of tasks that run at once."""

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """Run ``function``."""

    def rest(self) -> None:
        """Release processes and memory while there is no work."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; drop the tasks that have not begun if ``cancel_futures``."""


class LocalExecutor:
    """A pool of processes on this machine; a pool that loses a process is replaced.

    Parameters
    ----------
    niceness : added to the niceness of the processes, so that requests come first.
    """

    def __init__(self, processes: int, niceness: int = 10) -> None:
        self._niceness = niceness
        self.slots = processes
        self.lost: tuple[type[BaseException], ...] = LOST
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """Run ``function`` in one of the processes."""
        try:
            return self._open().submit(function, *arguments)
        except BrokenProcessPool:
            self._pool = None
            return self._open().submit(function, *arguments)

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Spawned, because a fork of a process with threads may deadlock.
            self._pool = ProcessPoolExecutor(
                self.slots,
                mp_context=get_context("spawn"),
                initializer=_settle,
                initargs=(os.getpid(), self._niceness, log_lines.process_facts().get("process")),
            )
        return self._pool

    def rest(self) -> None:
        """End the processes to release their memory; the next task starts new ones."""
        self.shutdown()
        self._pool = None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _settle(parent: int, niceness: int, process: str | None) -> None:
    """Set up a new process of the pool: the log of ``process``, low priority, no reaction to Ctrl-C,
    end with the parent."""
    log_lines.set_up_like(process)
    os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # If the parent is killed, nobody closes the queue, and the process would wait for work for ever.
    end_with_parent(parent, lambda: os._exit(1))


class DaskExecutor:
    """A Dask cluster. If a worker dies, other workers run its tasks."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, KilledWorker
        except ImportError:
            raise ExecutorUnavailable(
                "FORECAST_SWEEP_EXECUTOR names a scheduler, which needs the extra 'cluster'"
            ) from None
        self.address = address
        self.lost: tuple[type[BaseException], ...] = (*LOST, KilledWorker)
        # Dask has no types for these.
        self._connect: Any = Client
        self._client: Any = None
        self._executor: Any = None

    def _open(self) -> Any:
        """The client, reconnected if Dask has given up on the scheduler."""
        if self._client is None or self._client.status not in {"running", "connecting"}:
            try:
                self._client = self._connect(self.address, timeout=CONNECT_S, set_as_default=False)
            except (OSError, TimeoutError):
                raise ExecutorUnavailable(f"no scheduler answers at {self.address}") from None
            # If pure, Dask would hash every document to find repeated tasks.
            self._executor = self._client.get_executor(pure=False)
        return self._client

    @property
    def slots(self) -> int:
        """The number of threads of all workers; 1 if there is no worker, so that a task waits for the first."""
        return sum(self._open().nthreads().values()) or 1

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """Run ``function`` on one of the workers. Raises ExecutorUnavailable."""
        self._open()
        return cast("Future[T]", self._executor.submit(function, *arguments))

    def rest(self) -> None:
        """Do nothing: the cluster serves others too."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Disconnect from the cluster, which continues to run."""
        if self._client is not None:
            self._executor.shutdown(wait and not cancel_futures)
            self._client.close()


def make_executor(where: str, processes: int, niceness: int = 10) -> Executor:
    """The executor that ``where`` names: ``local``, or the address of a Dask scheduler. Raises ExecutorUnavailable."""
    return LocalExecutor(processes, niceness) if where == LOCAL else DaskExecutor(where)


def is_remote(where: str) -> bool:
    """Whether tasks may run on machines that do not have this machine's folders."""
    return where != LOCAL
