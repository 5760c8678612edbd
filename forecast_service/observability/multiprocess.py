"""Adds up the metrics that all processes of a replica write for Prometheus.

It also leaves out what is no longer so: processes cannot delete what they wrote.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

WORKERS, PROBABILITY = "forecast_workers", "forecast_probability"
ANSWERED_AT = "forecast_dependency_answered_timestamp_seconds"
AWAY_S = 15.0
"""A database or Redis that has not answered for so long is away; workers ask every five seconds."""


class WorkersCollector(MultiProcessCollector):
    """Skips empty files, which processes have just created and on which the base class fails."""

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in Path(self._path).glob("*.db") if _size(file)]
        metrics: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return present(metrics, time.time())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # its process has just ended
        return 0


def present(metrics: Iterable[Metric], now: float) -> Iterator[Metric]:
    """The metrics without probabilities of vintages that no worker answers from, and with ``forecast_dependency_up``.

    Whether a dependency is up is decided here: a worker that waits for a silent database writes nothing.
    """
    found = {metric.name: metric for metric in metrics}
    if (probability := found.get(PROBABILITY)) and (workers := found.get(WORKERS)):
        current = {sample.labels["vintage"] for sample in workers.samples if sample.value > 0}
        probability.samples = [sample for sample in probability.samples if sample.labels["vintage"] in current]
    yield from found.values()
    if answered := found.get(ANSWERED_AT):
        up = GaugeMetricFamily(
            "forecast_dependency_up",
            "1 if the database or Redis has answered every worker lately.",
            labels=("dependency",),
        )
        for sample in answered.samples:
            up.add_metric([sample.labels["dependency"]], float(now - sample.value < AWAY_S))
        yield up
