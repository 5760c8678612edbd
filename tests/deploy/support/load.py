"""A bounded load on one address of this machine: so many clients, so many seconds, and a count of what came back."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST = 100_000
"""Requests after which a load ends by itself."""
PAUSE_S = 0.1
"""Seconds between the requests of a client: the tests need requests under way, not a busy machine."""


@dataclass
class Load:
    """What came back: statuses, and failures by their kind."""

    answers: Counter[object] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def count(self) -> int:
        return sum(self.answers.values())

    @property
    def failures(self) -> dict[object, int]:
        """All that is not a 2xx."""
        return {kind: n for kind, n in self.answers.items() if not (isinstance(kind, int) and 200 <= kind < 300)}

    def wait_for(self, more: int, patience: float = 30) -> None:
        """Until so many more requests have been answered."""
        target, end = self.count + more, time.monotonic() + patience
        while self.count < target:
            assert time.monotonic() < end, f"the load stands still: {self.answers}"
            time.sleep(0.01)

    def run(self, ask: Callable[[], int], refused_is_fine: Callable[[], bool]) -> None:
        """Ask until told to stop."""
        while not self.stopping.wait(PAUSE_S) and self.count < MOST:
            begun = time.monotonic()
            try:
                kind: object = ask()
            except ConnectionRefusedError:
                if refused_is_fine():
                    return
                kind = "ConnectionRefusedError"
            except (OSError, http.client.HTTPException) as error:
                kind = type(error).__name__
            with self.lock:
                self.answers[kind] += 1
                self.waits.append(time.monotonic() - begun)


@contextmanager
def load(
    *asks: Callable[[], int], clients: int = 4, refused_is_fine: Callable[[], bool] = lambda: False
) -> Iterator[Load]:
    """``clients`` threads that ask each of ``asks`` over and over while the block runs."""
    running = Load()
    threads = [
        threading.Thread(target=running.run, args=(ask, refused_is_fine), daemon=True)
        for ask in asks
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.stopping.set()
        for thread in threads:
            thread.join(60)
