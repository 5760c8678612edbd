"""Counts of requests in fixed windows, in the memory of one process.

limits' own storage in memory starts a thread every 10 ms while requests come, which costs more than counting does.
"""

from __future__ import annotations

import time
from threading import Lock

from limits.storage import Storage

SCHEME = "windows"
MOST = 10_000
"""From so many windows on, those that have ended are dropped."""


class WindowStorage(Storage):
    """A storage for limits of the strategy ``fixed-window``."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  the library's way to name it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_options: str) -> None:
        super().__init__(uri, wrap_exceptions)
        self._windows: dict[str, tuple[int, float]] = {}  # the count, and when the window ends
        self._most = MOST
        self._lock = Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors of this storage."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, from 0 if the window has ended; the new count."""
        now = time.time()
        with self._lock:
            count, end = self._windows.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + expiry
                if len(self._windows) >= self._most:
                    self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
                    self._most = max(MOST, 2 * len(self._windows))
            self._windows[key] = (count + amount, end)
        return count + amount

    def get(self, key: str) -> int:
        """The count."""
        count, end = self._windows.get(key, (0, 0.0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends; now if there is none."""
        now = time.time()
        return max(now, self._windows.get(key, (0, now))[1])

    def check(self) -> bool:
        """Whether it works."""
        return True

    def reset(self) -> int:
        """Forget all windows; how many there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget a window."""
        with self._lock:
            self._windows.pop(key, None)
