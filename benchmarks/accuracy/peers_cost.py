"""Measures how long statsforecast's AutoETS, AutoARIMA and AutoTheta take to fit and simulate every series.

    peers_cost.py PANEL.csv HORIZON DRAWS PROCESSES

Runs in the peers' environment (see ``peers.py``), so it imports nothing from the project. Prints the seconds that a
pool of so many processes takes, one number for each line that it reads: the caller decides when to run.
"""

from __future__ import annotations

import csv
import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np

PEERS = ("AutoETS", "AutoARIMA", "AutoTheta")


def simulate(values: list[float], horizon: int, draws: int) -> int:
    """Fit and simulate one series with all peers; returns how many succeeded."""
    from statsforecast import models  # type: ignore[import-not-found]

    warnings.simplefilter("ignore")
    done = 0
    for peer in PEERS:
        try:
            paths = getattr(models, peer)(season_length=1).fit(np.log(values)).simulate(h=horizon, n_paths=draws)
            done += np.shape(paths) == (draws, horizon)
        except Exception as error:  # noqa: BLE001  a failure is printed, and nothing replaces it
            print(f"peers_cost: {peer}: {error}", file=sys.stderr)
    return done


def main() -> None:
    path, horizon, draws, processes = sys.argv[1], *map(int, sys.argv[2:])
    panel: dict[str, list[float]] = {}
    with open(path, newline="", encoding="utf-8") as file:  # noqa: PTH123
        for row in csv.DictReader(file):
            panel.setdefault(row["series"], []).append(float(row["value"]))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        warm = [list(2 + np.sin(np.arange(20.0)))] * processes
        list(pool.map(simulate, warm, [horizon] * processes, [10] * processes))
        for _ in sys.stdin:
            start = time.perf_counter()
            done = sum(pool.map(simulate, panel.values(), [horizon] * len(panel), [draws] * len(panel)))
            print(time.perf_counter() - start, done, flush=True)


if __name__ == "__main__":
    main()
