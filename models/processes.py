"""A pool of processes that compute, which ends with the process that started it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from models.runtime import prepare


@contextmanager
def computing(processes: int, start: Callable[..., object] = prepare, *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes call ``start`` first. If the block fails, tasks that have not begun are dropped."""
    # Spawned, not forked: a fork of a process with threads may deadlock.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _settle, (start, *arguments))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _settle(start: Callable[..., object], *arguments: Any) -> None:
    """Leave Ctrl-C to the parent, which lets this process finish what it writes; end if the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    start(*arguments)


def _end_with_parent() -> None:
    # Nobody closes the queue of a killed parent: the process would wait for work for ever.
    if parent := parent_process():
        parent.join()
        os._exit(1)
