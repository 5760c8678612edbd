"""A check that may take long, and whose caller does not wait that long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class BoundedCheck:
    """Runs a check in a thread of its own, one at a time.

    Parameters
    ----------
    check : says what it finds; it raises nothing.
    late : what is said while the check is under way.
    """

    def __init__(self, check: Callable[[], str], late: str) -> None:
        self._check = check
        self._late = late
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._found = late

    def begin(self) -> None:
        """Start the check, unless it is under way."""
        with self._lock:
            if self._running is None or not self._running.is_alive():
                self._running = threading.Thread(target=self._run, name="check", daemon=True)
                self._running.start()

    def result(self, end: float) -> str:
        """What the check that was begun finds; ``late`` if it has not ended by ``end`` (:func:`time.monotonic`)."""
        running = self._running
        if running is not None:
            running.join(max(0.0, end - time.monotonic()))
            if not running.is_alive():
                return self._found
        return self._late

    def _run(self) -> None:
        self._found = self._late
        self._found = self._check()
