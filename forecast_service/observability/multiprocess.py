"""Adds up the figures that all processes of a replica write for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Metric
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
