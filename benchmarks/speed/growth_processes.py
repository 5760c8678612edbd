"""How costs change with the number of gunicorn's and Dask's workers."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.speed.hosts import POST, free_port, service, wrk
from benchmarks.speed.measure import Growth, cpu_seconds, pss_mb
from benchmarks.speed.sweeps import cluster, request, run
from forecast_service.sweeps.executors import DaskExecutor
from models import Forecaster, load_figures
from models.analysis.sweep import Sweep
from models.simulation.path_store import PathStore

EVEN = 0.25
"""Largest slope of the cost of one piece of work: 0, with a margin because processes share the machine."""


def measure(state: Path, *, quick: bool) -> list[Growth]:
    """Growth by gunicorn's and by Dask's workers."""
    return [*_workers(state, (1, 2) if quick else (1, 2, 4, 8), 1 if quick else 3), _dask(state, 8 if quick else 40)]


def _workers(state: Path, sizes: tuple[int, ...], seconds: int) -> list[Growth]:
    costs, memory = [], []
    for workers in sizes:
        with service(state, workers) as host:
            wrk(host, "/v1/forecasts", 1, script=POST)
            before = cpu_seconds(host.workers)
            count, _ = wrk(host, "/v1/forecasts", seconds, script=POST)
            costs.append((cpu_seconds(host.workers) - before) / count)
            memory.append(pss_mb([host.process.pid, *host.workers]))
    of = tuple(float(workers) for workers in sizes)
    return [
        Growth(
            "workers cpu",
            "a custom scenario under gunicorn: CPU of a request, by workers",
            of,
            tuple(costs),
            EVEN,
            "Workers wait for nothing shared. With more workers than cores, each finds the CPU cache cold.",
        ),
        Growth(
            "workers memory",
            "memory of all workers and their master (PSS), by workers",
            of,
            tuple(memory),
            1.0,
            "Workers share code, figures and fits; each adds its own cache and working memory.",
        ),
    ]


def _dask(state: Path, steps: int) -> Growth:
    forecaster = Forecaster(load_figures(), PathStore(state / "fits"))
    document = request(forecaster, ["DEU", "FRA", "ITA", "POL"], steps)
    evaluations = Sweep(json.loads(document)).evaluations
    sizes, costs = (1, 2), []
    for workers in sizes:
        with cluster(state, free_port(), workers) as here:
            executor = DaskExecutor(here.address)
            run(executor, request(forecaster, ["DEU", "FRA", "ITA", "POL"], 2), None)
            working = [worker.pid for worker in here.workers]
            before = cpu_seconds(working)
            run(executor, document, None)
            costs.append((cpu_seconds(working) - before) / evaluations)
            executor.shutdown()
    return Growth(
        "dask workers",
        "a sweep on Dask: CPU of an evaluation, by workers",
        tuple(float(size) for size in sizes),
        tuple(costs),
        EVEN,
        "Chunks are independent.",
    )
