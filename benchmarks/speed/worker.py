"""Our worker with a count of requests, for both our service and the bare application.

With gunicorn's own worker, simultaneous connections may nearly all go to one worker. The comparison would then be of
one core with two, by chance.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

from forecast_service.server.worker import BalancedThreadWorker

COUNTS = "BENCH_COUNTS"
"""The environment variable with the path of the file in which each worker counts its requests."""
SIZE = 8 * 256


def shared(file: Path) -> memoryview:
    """The counts in ``file``, one for each worker, mapped into memory."""
    with file.open("r+b") as opened:
        return memoryview(mmap.mmap(opened.fileno(), SIZE)).cast("q")


class CountingWorker(BalancedThreadWorker):
    """Counts its requests in the file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counts = shared(Path(os.environ[COUNTS]))

    def murder_keepalived(self, force: bool = False) -> None:  # after each turn of the event loop
        super().murder_keepalived(force)
        self._counts[self.age - 1] = self.nr  # the first worker's age is 1
