"""Serves /metrics on a port of its own, beside gunicorn: ``python -P metrics_server.py HOST PORT PARENT``.

A process, not a thread of gunicorn's master, which forks; and a file that imports nothing of the service, so that it
costs 20 MB and not 100.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Event

from prometheus_client import CollectorRegistry, Metric, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector


class WorkersCollector(MultiProcessCollector):
    """Adds up what all processes wrote; a file that is only just being made is still empty, and passed over."""

    def collect(self) -> Iterable[Metric]:
        """As the original, which fails on an empty file."""
        files = [str(file) for file in Path(self._path).glob("*.db") if _size(file)]
        found: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # its process has ended meanwhile
        return 0


def main(host: str, port: int, parent: int) -> None:
    """Serve until told to end, or until the process ``parent``, which started this one, ends."""
    registry = CollectorRegistry()
    WorkersCollector(registry)  # type: ignore[no-untyped-call]
    end = Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    server, thread = start_http_server(port, host, registry)
    while os.getppid() == parent and not end.wait(1):
        pass
    server.shutdown()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
