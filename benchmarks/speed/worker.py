"""The worker that our service and the bare application both run under: ours, which spreads connections, counting.

With gunicorn's own worker nearly all connections that come together may land on one worker: what is compared is then
one core with two, and which side has the two is chance.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

from forecast_service.server.worker import BalancedThreadWorker

COUNTS = "BENCH_COUNTS"
"""Names the variable that names the file in which each worker has the number of its requests."""
SIZE = 8 * 256


def shared(file: Path) -> memoryview:
    """The numbers in ``file``, one a worker, as all who map it see them."""
    with file.open("r+b") as opened:
        return memoryview(mmap.mmap(opened.fileno(), SIZE)).cast("q")


class CountingWorker(BalancedThreadWorker):
    """Tells how many requests it has had."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counts = shared(Path(os.environ[COUNTS]))

    def handle_request(self, req: Any, conn: Any) -> Any:
        """As the original."""
        try:
            return super().handle_request(req, conn)
        finally:
            self._counts[self.age - 1] = self.nr  # the first worker's age is 1
