"""Turns: how many threads of a process may use the database at once.

A worker has few threads, and forecasts and probes need some of them. While the database is slow, the threads that have
a turn wait for it, and all others are refused at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_S = 0.5
"""A thread that has its turn for longer (s) shows that the database is slow: its answers take milliseconds."""


class NoTurn(Exception):
    """All turns are taken, and the database is slow."""


class Turns:
    """At most ``most`` threads at once; others wait while the database is quick."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun: dict[object, float] = {}
        self._slow = False
        self._changed = threading.Condition()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have a turn during the block. Raises NoTurn."""
        turn = object()
        with self._changed:
            while len(self._begun) >= self._most:
                left = min(self._begun.values()) + SLOW_S - time.monotonic()
                if self._slow or left <= 0:
                    raise NoTurn
                self._changed.wait(left)
            self._begun[turn] = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                self._slow = time.monotonic() - self._begun.pop(turn) > SLOW_S
                self._changed.notify()
