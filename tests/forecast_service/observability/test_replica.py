"""The metrics of a replica as a whole, and what is left out of the sum of its workers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from forecast_service.observability.multiprocess import ANSWERED_AT, AWAY_S, PROBABILITY, WORKERS, present
from forecast_service.observability.replica import ReplicaCollector

WAIT = "import sys; sys.stdout.write('up\\n'); sys.stdout.flush(); sys.stdin.read()"
MASTER = f"""
import subprocess, sys
helper = [sys.executable, "-c", {WAIT!r}, "-m", "forecast_service.cli", "work"]
worker = [sys.executable, "-c", {WAIT!r}]
children = [subprocess.Popen(command, stdin=subprocess.PIPE) for command in (helper, worker, worker)]
sys.stdin.read()
"""


def values(collector: Collector) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for metric in collector.collect()
        for sample in metric.samples
    }


@pytest.fixture
def master() -> Iterator[int]:
    """A process with two children, and one that was started as a helper is."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", MASTER], stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(3)] == [b"up\n"] * 3
        yield process.pid
        assert process.stdin
        process.stdin.close()


def test_processes_are_counted_and_weighed_by_name(master: int, tmp_path: Path) -> None:
    found = values(ReplicaCollector(master, tmp_path))
    assert {key[1]: value for key, value in found.items() if key[0] == "forecast_processes"} == {
        "master": 1,
        "sweep-worker": 1,
        "worker": 2,
    }
    for name in ("master", "sweep-worker", "worker"):
        assert 1e6 < found["forecast_memory_bytes", name] < 1e8


def test_the_disk_and_the_fits_in_the_state_folder(tmp_path: Path) -> None:
    fits, image = tmp_path / "fits", tmp_path / "image.npy"
    image.write_bytes(b"x" * 5000)
    fits.mkdir()
    (fits / "a.json").write_bytes(b"x" * 10)
    (fits / "a.npy").write_bytes(b"x" * 1000)
    (fits / "b.npy").symlink_to(image)
    (fits / "b.json").symlink_to(tmp_path / "missing")
    found = values(ReplicaCollector(1 << 30, tmp_path))
    assert (found["forecast_fits_saved",], found["forecast_fits_saved_bytes",]) == (2, 1010)
    assert 0 < found["forecast_state_free_bytes",] <= found["forecast_state_size_bytes",]


def test_a_folder_that_is_gone_fails_no_scrape(tmp_path: Path) -> None:
    assert ("forecast_state_free_bytes",) not in values(ReplicaCollector(1 << 30, tmp_path / "gone"))


def gauge(name: str, label: str, **values: float) -> Metric:
    made = GaugeMetricFamily(name, name, labels=(label,))
    for value, number in values.items():
        made.add_metric([value], number)
    return made


def test_probabilities_of_a_vintage_that_no_worker_answers_from_are_left_out() -> None:
    probability = gauge(PROBABILITY, "vintage", old=0.4, new=0.3, older=0.5)
    workers = gauge(WORKERS, "vintage", old=1, new=1, older=0)
    kept = {metric.name: metric for metric in present([probability, workers], time.time())}[PROBABILITY]
    assert [sample.labels["vintage"] for sample in kept.samples] == ["old", "new"]  # amid a switch both are current


def test_what_has_not_answered_for_long_is_away() -> None:
    answered = gauge(ANSWERED_AT, "dependency", database=1000.0, redis=1000.0 - AWAY_S)
    (up,) = [metric for metric in present([answered], 1001.0) if metric.name == "forecast_dependency_up"]
    assert {sample.labels["dependency"]: sample.value for sample in up.samples} == {"database": 1, "redis": 0}
