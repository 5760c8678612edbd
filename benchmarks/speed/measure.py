"""Medians, CPU time and memory of processes, and growth of costs."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

REPEATS = 5
"""Every figure is a median of at least this many measurements."""


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes
    ----------
    name : unique name. what : description.
    ratio : of the median to that of the comparison; ``bound`` and ``holds`` say what it must be.
    spread : how each side's requests were spread over its workers, where this affects the result.
    """

    name: str
    what: str
    ratio: float
    bound: float
    holds: Literal["at least", "at most"]
    spread: str = ""

    @property
    def met(self) -> bool:
        """Whether the ratio is within its bound."""
        return self.ratio >= self.bound if self.holds == "at least" else self.ratio <= self.bound

    def facts(self) -> dict[str, Any]:
        """For ``results.json``."""
        return asdict(self) | {"ratio": round(self.ratio, 3), "met": self.met}


@dataclass(frozen=True)
class Growth:
    """How a cost grows.

    Attributes
    ----------
    sizes, costs : costs are relative to that of the first size.
    bound : largest slope of log cost over log size. why : the reason.
    """

    name: str
    what: str
    sizes: tuple[float, ...]
    costs: tuple[float, ...]
    bound: float
    why: str

    def facts(self) -> dict[str, Any]:
        """For ``results.json``."""
        found = exponent(self.sizes, self.costs)
        relative = [round(cost / self.costs[0], 3) for cost in self.costs]
        return {
            "name": self.name,
            "what": self.what,
            "sizes": list(self.sizes),
            "costs": relative,
            "exponent": round(found, 2),
            "bound": self.bound,
            "met": found <= self.bound,
            "why": self.why,
        }


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of log cost over log size by least squares: 1 is linear, 0 constant."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope


def cpu(work: Callable[[], object], repeats: int = REPEATS, warm: int = 1) -> float:
    """Median CPU seconds of ``work`` in this process, after ``warm`` runs to warm up."""
    return _median(work, repeats, warm, time.process_time)


def elapsed(work: Callable[[], object], repeats: int = REPEATS, warm: int = 0) -> float:
    """Median wall time of ``work`` in seconds."""
    return _median(work, repeats, warm, time.perf_counter)


def _median(work: Callable[[], object], repeats: int, warm: int, clock: Callable[[], float]) -> float:
    for _ in range(warm):
        work()
    taken = []
    for _ in range(repeats):
        start = clock()
        work()
        taken.append(clock() - start)
    return statistics.median(taken)


def side_by_side(ways: dict[str, Callable[[], float]], repeats: int = REPEATS) -> dict[str, float]:
    """Medians of several measurements, taken alternately, so that other load affects all of them alike."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, measure in ways.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}


def workers_of(master: int) -> list[int]:
    """Ids of the processes forked by ``master``: its children with the same command line."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    mine = _command(master)
    return [int(child) for child in children if _command(int(child)) == mine]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU seconds used by the processes so far."""
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def pss_mb(pids: Iterable[int]) -> float:
    """Memory of the processes in MB, with shared pages counted once (proportional set size)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1000
