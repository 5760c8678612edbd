"""The cost of sweeps: 100,000 evaluations by the local pool, by Dask, and by Dask with a worker killed on the way.

Prints ratios to a single process, and whether all results are equal to the last bit. Absolute figures (``--absolute``)
depend on the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast_service.sweeps.document import complete
from forecast_service.sweeps.executors import DaskExecutor, Executor, LocalExecutor
from forecast_service.sweeps.task import compute
from models import Forecaster, load_figures
from models.analysis.sweep import Sweep
from models.dataset.countries import allies
from models.forecast.fit_all import fit_all
from models.simulation.path_store import PathStore

STEPS = 57  # on each of two axes, times 31 allies: 100,719 evaluations
PATIENCE_S = 60


@dataclass(frozen=True)
class Cluster:
    """A Dask scheduler with workers that nobody restarts."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def cluster(state_dir: Path, port: int, workers: int = 2) -> Iterator[Cluster]:
    """A scheduler and workers on this machine, each a process of one thread, killed at the end of the block."""
    address, local = f"tcp://127.0.0.1:{port}", state_dir / "dask"
    local.mkdir(exist_ok=True)
    environment = os.environ | {"FORECAST_STATE_DIR": str(state_dir), "DASK_TEMPORARY_DIRECTORY": str(local)}
    one = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(local)]
    # --no-nanny: a worker that was killed stays dead.
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    commands += [["worker", address, *one] for _ in range(workers)]
    with (local / "log").open("ab") as log:
        processes = [
            subprocess.Popen(  # noqa: S603  our own command lines
                [sys.executable, "-m", "dask", *command], env=environment, stdout=log, stderr=log
            )
            for command in commands
        ]
        try:
            _wait_for(address, workers)
            yield Cluster(address, processes[1:])
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


def _wait_for(address: str, workers: int) -> None:
    from distributed import Client

    connect: Any = Client
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            with connect(address, timeout=5, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=PATIENCE_S)
                return
        except OSError:
            if time.monotonic() > end:
                raise


def run(
    executor: Executor, document: str, folder: Path | None, progress: Callable[[float], None] = lambda _: None
) -> list[bytes]:
    """All chunks of a sweep in order; calls ``progress`` with the fraction done, 0 to 1."""
    chunks = Sweep(json.loads(document)).chunks
    where = None if folder is None else str(folder)
    running: dict[Future[bytes], int] = {}
    found: dict[int, bytes] = {}
    number = 0
    while len(found) < chunks:
        while number < chunks and len(running) < 2 * executor.slots:
            running[executor.submit(compute, document, number, where)] = number
            number += 1
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            found[running.pop(future)] = future.result()
        progress(len(found) / chunks)
    return [found[index] for index in range(chunks)]


def request(forecaster: Forecaster, countries: list[str], steps: int) -> str:
    """A sweep over the height and credibility of a pledge."""
    lever = {
        "type": "pledge",
        "year": 2035,
        "share_pct": {"from": 2, "to": 5, "steps": steps},
        "credibility": {"from": 0, "to": 1, "steps": steps},
    }
    return complete(
        forecaster,
        {
            "countries": countries,
            "scenario": {"name": "pledges", "levers": [lever]},
            "sampling": {"kind": "grid"},
            "targets": [{"deadline": 2035, "core": 3.5, "related": 1.5}],
        },
    )


class _Alone:
    """An executor in this process, for comparison."""

    slots = 1
    lost: tuple[type[BaseException], ...] = ()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def rest(self) -> None:
        pass

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, help="A state folder whose fits are used; a new one if absent.")
    parser.add_argument("--port", type=int, default=8786, help="Of the scheduler.")
    parser.add_argument("--steps", type=int, default=STEPS, help="Of each axis.")
    parser.add_argument("--absolute", action="store_true", help="Print evaluations per second too.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        state = (asked.state or Path(made)).resolve()
        forecaster = Forecaster(load_figures(), PathStore(state / "fits"))
        fit_all(forecaster, 2)
        _measure(state, forecaster, asked)


def _measure(state: Path, forecaster: Forecaster, asked: argparse.Namespace) -> None:
    armed = [ally.code for ally in allies().values() if ally.has_armed_forces]
    whole, fits = request(forecaster, armed, asked.steps), state / "fits"
    part = request(forecaster, armed[:1], asked.steps)
    rates: dict[str, float] = {}
    digests: dict[str, str] = {}

    def measure(name: str, executor: Executor, document: str, folder: Path | None, **more: Any) -> None:
        run(executor, request(forecaster, armed, 2), folder)  # start the processes and load the fits
        start = time.perf_counter()
        results = run(executor, document, folder, **more)
        rates[name] = Sweep(json.loads(document)).evaluations / (time.perf_counter() - start)
        digests[name] = hashlib.sha256(b"".join(results)).hexdigest()[:16]
        executor.shutdown()

    measure("one process, by itself (one ally)", _Alone(), part, fits)
    measure("local pool, 2 processes", LocalExecutor(2, niceness=0), whole, fits)
    with cluster(state, asked.port) as here:
        measure("Dask, 2 workers", DaskExecutor(here.address), whole, None)

        def kill(done: float) -> None:
            if done > 2 / 3 and here.workers[0].poll() is None:
                here.workers[0].kill()

        measure(
            "Dask, one of 2 workers killed -9 at two thirds", DaskExecutor(here.address), whole, None, progress=kill
        )
    unit, *others = rates.values()
    print(
        f"{Sweep(json.loads(whole)).evaluations:,} evaluations of {forecaster.draws:,} draws; unit: {next(iter(rates))}"
    )
    for name, rate in rates.items():
        shown = f" ({rate:,.0f} evaluations/s)" if asked.absolute else ""
        print(f"{name + ':':50} {rate / unit:5.2f}  {digests[name]}{shown}")
    equal = len({digests[name] for name in list(rates)[1:]}) == 1
    print(f"all results of the whole sweep equal to the last bit: {'yes' if equal else 'NO'}")
    if not equal or not others:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
