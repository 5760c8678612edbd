"""Where the work of sweeps is done: executors as :mod:`concurrent.futures` has them.

A pool of local processes, or a Dask cluster where ``FORECAST_SWEEP_EXECUTOR`` names its scheduler. Both are given a
pure function of plain data, so both compute the same.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar, cast

from forecast_service.processes import end_with_parent

LOCAL = "local"
CONNECT_S = 10
LOST = (BrokenExecutor, OSError, MemoryError)
T = TypeVar("T")


class ExecutorUnavailable(Exception):
    """The scheduler cannot be reached, or what it needs is not installed; the text says which."""


class Executor(Protocol):
    """What the work is handed to."""

    lost: tuple[type[BaseException], ...]
    """What a task fails with when it was not the task's fault, so that it is worth trying again."""

    @property
    def slots(self) -> int:
        """How many tasks run at once."""

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """Run ``function`` somewhere."""

    def rest(self) -> None:
        """Hold no more than must be while there is nothing to do."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; tasks that have not begun are dropped if ``cancel_futures``."""


class LocalExecutor:
    """A pool of processes on this machine. A pool that lost a process is replaced by a new one.

    Parameters
    ----------
    niceness : by how much the processes give way to others; requests come first.
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
            # Spawned, not forked: a fork of a process with threads may deadlock.
            self._pool = ProcessPoolExecutor(
                self.slots, mp_context=get_context("spawn"), initializer=_settle, initargs=(os.getpid(), self._niceness)
            )
        return self._pool

    def rest(self) -> None:
        """End the processes, whose memory others may need; the next task starts new ones."""
        self.shutdown()
        self._pool = None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _settle(parent: int, niceness: int) -> None:
    """In a new process of the pool: give way to others, leave Ctrl-C to the parent, and do not outlive it."""
    os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A pool's process waits for work for ever when its parent was killed: nobody closes the queue.
    end_with_parent(parent, lambda: os._exit(1))


class DaskExecutor:
    """A Dask cluster. Tasks of a worker that dies are run by the others."""

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
        """The client, connected anew if the scheduler went away and Dask has given up on it."""
        if self._client is None or self._client.status not in {"running", "connecting"}:
            try:
                self._client = self._connect(self.address, timeout=CONNECT_S, set_as_default=False)
            except (OSError, TimeoutError):
                raise ExecutorUnavailable(f"no scheduler answers at {self.address}") from None
            # Not pure: Dask would otherwise hash every document to find out whether it had it before.
            self._executor = self._client.get_executor(pure=False)
        return self._client

    @property
    def slots(self) -> int:
        """The threads of all workers there are at the moment; one if there are none, so that a task waits for one."""
        return sum(self._open().nthreads().values()) or 1

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """Run ``function`` on one of the workers.

        Raises
        ------
        ExecutorUnavailable
        """
        self._open()
        return cast("Future[T]", self._executor.submit(function, *arguments))

    def rest(self) -> None:
        """The cluster is not ours to shrink."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which goes on without us."""
        if self._client is not None:
            self._executor.shutdown(wait and not cancel_futures)
            self._client.close()


def make_executor(where: str, processes: int, niceness: int = 10) -> Executor:
    """The executor that ``where`` names: ``local``, or the address of a Dask scheduler.

    Raises
    ------
    ExecutorUnavailable
    """
    return LocalExecutor(processes, niceness) if where == LOCAL else DaskExecutor(where)


def is_remote(where: str) -> bool:
    """Whether tasks run where this machine's folders mean nothing."""
    return where != LOCAL
