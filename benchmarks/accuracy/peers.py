"""The peers: statsforecast's AutoETS, AutoARIMA and AutoTheta, fitted series by series on logs.

    peers.py PANEL.csv ORIGINS HORIZON OUTDIR [--min-years 8] [--processes 2]

Runs in a separate environment (statsforecast needs pandas below 3), so it imports nothing from the project. It fits
every series at every origin at which the series was observed, on values up to the origin, with the models' defaults
and no season. Quantiles are the exponentials of the ends of statsforecast's intervals around the mean, which is the
median on the log scale.

Writes to OUTDIR one file of quantiles for each peer (``series,origin,horizon,q0.01...``, in the series' own unit) and
``peers.json``: CPU seconds, fits and failures. A fit that fails has no rows, and no other forecast replaces it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np

Quantiles = np.ndarray
Points = Mapping[int, float]
Forecast = Callable[[np.ndarray, int, list[int]], Mapping[str, np.ndarray]]
"""Log values, horizon, intervals in % -> ``mean`` and ``lo-..``, ``hi-..``, each array (horizon,)."""

LEVELS = (0.01, 0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975, 0.99)
"""Levels of the quantiles, equal to models.evaluation.backtest.LEVELS (a test compares them)."""
INTERVALS = sorted({round(100 * (1 - 2 * p)) for p in LEVELS if p < 0.5})
"""The central intervals (%) whose ends are those quantiles."""
PEERS = ("AutoETS", "AutoARIMA", "AutoTheta")
MIN_YEARS = 8
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The processes that fit read these when they import numpy."""


@dataclass
class Result:
    """One peer's forecasts of one series from all origins, or of all series.

    Attributes
    ----------
    cpu_seconds : of fitting and forecasting, without importing and compiling.
    fits : number tried.
    failures : ``series origin: reason`` for each fit that failed.
    rows : (series, origin, horizon in years, quantiles in the series' unit).
    """

    cpu_seconds: float = 0.0
    fits: int = 0
    failures: list[str] = field(default_factory=list)
    rows: list[tuple[str, int, int, list[float]]] = field(default_factory=list)

    def add(self, other: Result) -> None:
        self.cpu_seconds += other.cpu_seconds
        self.fits += other.fits
        self.failures += other.failures
        self.rows += other.rows


def read_panel(path: Path) -> dict[str, dict[int, float]]:
    """Values by series and year; of each series the years after its last gap."""
    panel: dict[str, dict[int, float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            panel.setdefault(row["series"], {})[int(row["year"])] = float(row["value"])
    return {name: _tail(points) for name, points in panel.items()}


def _tail(points: Points) -> dict[int, float]:
    start = max(points)
    while start - 1 in points:
        start -= 1
    return {year: points[year] for year in range(start, max(points) + 1)}


def histories(points: Points, origins: range, min_years: int) -> Iterator[tuple[int, np.ndarray]]:
    """The log values up to each origin at which the series has at least ``min_years`` of them."""
    for origin in origins:
        known = np.log([value for year, value in sorted(points.items()) if year <= origin])
        if origin in points and known.size >= min_years:
            yield origin, known


def quantiles(answer: Mapping[str, np.ndarray]) -> Quantiles:
    """Quantiles at :data:`LEVELS` on the log scale, array (horizon, levels), ascending in each row."""
    columns = []
    for p in LEVELS:
        side = "lo" if p < 0.5 else "hi"
        name = "mean" if p == 0.5 else f"{side}-{round(100 * abs(1 - 2 * p))}"
        columns.append(np.asarray(answer[name], dtype=float))
    return np.sort(np.stack(columns, axis=1), axis=1)


def forecast_series(
    name: str, points: Points, origins: range, horizon: int, min_years: int, forecast: Forecast
) -> Result:
    """One peer's forecasts of one series from all origins."""
    result = Result()
    for origin, known in histories(points, origins, min_years):
        result.fits += 1
        started = time.process_time()
        try:
            answer = forecast(known, horizon, INTERVALS)
        except Exception as failure:  # noqa: BLE001  a failure of the peer is counted
            result.failures.append(f"{name} {origin}: {type(failure).__name__}: {failure}")
            continue
        finally:
            result.cpu_seconds += time.process_time() - started
        with np.errstate(over="ignore"):
            values = np.exp(quantiles(answer))
        if not np.isfinite(values).all():
            result.failures.append(f"{name} {origin}: not finite")
            continue
        result.rows += [(name, origin, h, row.tolist()) for h, row in enumerate(values, 1)]
    return result


def _peer(peer: str) -> Forecast:
    from statsforecast import models  # type: ignore[import-not-found]  # heavy, and not there where the tests run

    def forecast(known: np.ndarray, horizon: int, intervals: list[int]) -> Mapping[str, np.ndarray]:
        found: Mapping[str, np.ndarray] = getattr(models, peer)(season_length=1).forecast(
            y=known, h=horizon, level=intervals
        )
        return found

    return forecast


def _work(name: str, points: Points, origins: range, horizon: int, min_years: int) -> dict[str, Result]:
    """The forecasts of all peers for one series; runs in a process of the pool."""
    warnings.simplefilter("ignore")
    found = {}
    for peer in PEERS:
        forecast = _peer(peer)
        # The first call compiles and loads code, which is no cost of forecasting.
        forecast(np.log(2 + np.sin(np.arange(20.0))), horizon, INTERVALS)
        found[peer] = forecast_series(name, points, origins, horizon, min_years, forecast)
    return found


def write(path: Path, rows: list[tuple[str, int, int, list[float]]]) -> None:
    """Write quantiles in the format of ``forecast-service backtest --quantiles``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["series", "origin", "horizon", *(f"q{p:g}" for p in LEVELS)])
        out.writerows([series, origin, h, *(f"{q:.8g}" for q in row)] for series, origin, h, row in sorted(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panel", type=Path, help="series,year,value")
    parser.add_argument("origins", help="first and last, A:B")
    parser.add_argument("horizon", type=int, help="years ahead")
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--min-years", type=int, default=MIN_YEARS, help="history that a forecast needs at least")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    first, last = (int(year) for year in given.origins.split(":"))
    panel = read_panel(given.panel)
    arguments = (range(first, last + 1), given.horizon, given.min_years)
    results = {peer: Result() for peer in PEERS}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_work, name, points, *arguments) for name, points in panel.items()]
        for done, job in enumerate(as_completed(jobs), 1):
            for peer, found in job.result().items():
                results[peer].add(found)
            print(f"\rpeers: {done} of {len(jobs)} series", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    given.outdir.mkdir(parents=True, exist_ok=True)
    summary = {}
    for peer, result in results.items():
        write(given.outdir / f"{peer}.csv", result.rows)
        summary[peer] = {key: value for key, value in asdict(result).items() if key != "rows"}
        if result.failures:
            print(f"peers: {peer} failed {len(result.failures)} of {result.fits} times", file=sys.stderr)
    (given.outdir / "peers.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
