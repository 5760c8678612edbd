"""Metrics of a replica as a whole, read when Prometheus scrapes: memory by process, disk, saved fits (Linux)."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from forecast_service.state_dir import StateDir

_PROC = Path("/proc")
_NAMES = {
    "forecast_service.cli work": "sweep-worker",
    "forecast_service.cli fit": "fits",
    "forecast_service.server.metrics_server": "metrics-server",
    "forecast_service.charts.process": "drawer",
    "forecast_service.forecasting.fit_process": "fit-process",
    "forecast_service.forecasting.vintage_import_task": "vintage-import",
    "forecast_service.forecasting.vintage_change_task": "vintage-change",
}
"""What a helper is started with -> its name, also in its log lines."""


class ReplicaCollector(Collector):
    """Reads the processes below ``master`` and the state folder; a vanished process or folder is left out."""

    def __init__(self, master: int, state: Path | None = None) -> None:
        self._master = master
        self._state = StateDir(state or Path(os.environ.get("FORECAST_STATE_DIR", "var")))

    def collect(self) -> Iterator[Metric]:
        yield from _processes(self._master)
        yield from _disk(self._state)


def _processes(master: int) -> Iterator[Metric]:
    names = {master: "master"} | _helpers(master)
    memory: Counter[str] = Counter()
    number = Counter(names.values())
    for process, name in names.items():
        memory[name] += _memory(process)
    by = "process"
    size = GaugeMetricFamily(
        "forecast_memory_bytes", "Memory of the processes of this name (PSS: shared pages count once).", labels=(by,)
    )
    count = GaugeMetricFamily("forecast_processes", "Processes of this name.", labels=(by,))
    for name in sorted(number):
        size.add_metric([name], memory[name])
        count.add_metric([name], number[name])
    yield size
    yield count


def _helpers(master: int) -> dict[int, str]:
    """The names of all processes below ``master``. What a helper starts has the helper's name."""
    parents = {int(entry.name): _parent(entry) for entry in _PROC.iterdir() if entry.name.isdigit()}
    found: dict[int, str] = {}
    above = {master: "worker"}  # a child without a name of its own is a fork of the master
    while above:
        above = {process: _name(process) or above[parent] for process, parent in parents.items() if parent in above}
        found |= above
    return found


def _parent(entry: Path) -> int:
    with suppress(OSError):
        return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    return 0


def _name(process: int) -> str | None:
    with suppress(OSError):
        command = (_PROC / str(process) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        if "-m" in command:
            module, first = command[command.index("-m") + 1 :][:2]
            return _NAMES.get(module) or _NAMES.get(f"{module} {first}")
    return None


def _memory(process: int) -> int:
    """Bytes of memory of a process; 0 if it has ended."""
    with suppress(OSError):
        found = re.search(r"^Pss: +(\d+) kB", (_PROC / str(process) / "smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0


def _disk(state: StateDir) -> Iterator[Metric]:
    with suppress(OSError):
        disk = os.statvfs(state.path)
        free = "Free space of the disk that holds the state folder."
        yield GaugeMetricFamily("forecast_state_free_bytes", free, disk.f_bavail * disk.f_frsize)
        size = "Size of the disk that holds the state folder."
        yield GaugeMetricFamily("forecast_state_size_bytes", size, disk.f_blocks * disk.f_frsize)
    with suppress(OSError), os.scandir(state.fits) as entries:
        files = list(entries)
        number = sum(file.name.endswith(".json") for file in files)
        yield GaugeMetricFamily("forecast_fits_saved", "Fits in the state folder or linked from it.", number)
        size = "Size of the fits in the state folder, without those linked from it."
        yield GaugeMetricFamily("forecast_fits_saved_bytes", size, sum(map(_size, files)))


def _size(file: os.DirEntry[str]) -> int:
    """Bytes of a file; 0 of a link, or if the file is gone."""
    with suppress(OSError):
        return 0 if file.is_symlink() else file.stat().st_size
    return 0
