"""The cost of fits compared with statsforecast, and of the alliance's forecast on saved fits."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from benchmarks.accuracy.table import write_panel
from benchmarks.speed.measure import REPEATS, Row, cpu, side_by_side
from models import Forecaster, Targets, load_figures
from models.analysis.alliance import alliance_forecast
from models.dataset.countries import allies, resolve
from models.simulation.fitter import Fitter
from models.simulation.path_store import PathStore

PEERS = Path(__file__).parents[2] / ".venv-peers/bin/python"
HORIZON, PROCESSES = 10, 2
ALLIANCE_MS = 100.0
_fitters: dict[int, Fitter] = {}


def _fit(code: str, draws: int, turn: int) -> int:
    """Fit one ally with all members and simulate it to 2060; each ``turn`` learns from the panel again."""
    if turn not in _fitters:
        _fitters.clear()
        _fitters[turn] = Fitter(load_figures(), draws, seed=1)
    fitter = _fitters[turn]
    return fitter.fit(resolve(code), fitter.figures.origin, pledge=True).paths.draws


def measure(state: Path, *, quick: bool) -> list[Row]:
    """All rows on fits; ``state`` holds saved ones. Leaves out the peers if their environment is missing."""
    rows = [_alliance(state, 2 if quick else REPEATS)]
    if PEERS.exists():
        rows.append(_beside_peers(state, 1000 if quick else 10_000, 2 if quick else REPEATS))
    return rows


def _beside_peers(state: Path, draws: int, repeats: int) -> Row:
    panel, codes = state / "panel.csv", [ally.code for ally in allies().values()]
    write_panel(load_figures().panel(), panel)
    turns = count(1)
    with _peers(panel, draws) as theirs, ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(_fit, codes[:4], [10] * 4, [0] * 4))  # load statsmodels

        def ours() -> float:
            start, turn = time.perf_counter(), next(turns)
            list(pool.map(_fit, codes, [draws] * len(codes), [turn] * len(codes)))
            return time.perf_counter() - start

        found = side_by_side({"ours": ours, "theirs": theirs}, repeats)
    what = (
        "fit all allies and simulate to 2060: time / AutoETS, AutoARIMA and AutoTheta of statsforecast with ten "
        "simulated years"
    )
    return Row("fits", what, found["ours"] / found["theirs"], 1, "at most")


@contextmanager
def _peers(panel: Path, draws: int) -> Iterator[Callable[[], float]]:
    script = str(Path(__file__).parents[1] / "accuracy" / "peers_cost.py")
    command = [str(PEERS), script, str(panel), str(HORIZON), str(draws), str(PROCESSES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None  # noqa: S101  both are pipes
        assert process.stdout is not None  # noqa: S101
        ask, answer = process.stdin, process.stdout

        def run() -> float:
            print("again", file=ask, flush=True)
            seconds, done = answer.readline().split()
            if not int(done):
                raise RuntimeError("the peers fitted nothing")
            return float(seconds)

        yield run
        ask.close()


def _alliance(state: Path, repeats: int) -> Row:
    forecaster = Forecaster(load_figures(), PathStore(state / "fits"))
    shares = count()

    def ask() -> object:
        return alliance_forecast(forecaster, targets=Targets(core=3.5 + next(shares) * 1e-3))

    what = f"alliance forecast: CPU / {ALLIANCE_MS:.0f} ms"
    return Row("alliance", what, cpu(ask, repeats) * 1000 / ALLIANCE_MS, 1, "at most")
