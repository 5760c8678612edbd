"""Scores our models and statsforecast's on the same forecasts, in one table.

    python -m benchmarks.accuracy.table PANEL.csv --peers OUTDIR [--origins A:B] [--horizon H] [--json FILE]

Runs our models. Reads the peers' quantiles and costs from OUTDIR, where ``peers.py`` wrote them in its environment
(``make accuracy`` runs both). ``--write-panel FILE`` only writes the bundled panel of the allies.

All methods are scored on the forecasts that all of them made; the table counts those that a method lacks. The pledge
member, which forecasts only where a commitment is in force, is scored on its own forecasts among them. Skill is
relative to a random walk in logs with the standard deviation of the series' annual log changes; see :func:`score`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models.dataset.observations import load_figures
from models.dataset.tables import Tables
from models.ensemble.commitments import promises
from models.ensemble.members.base import MemberFailed
from models.ensemble.members.registry import PANEL, PLANS, PLEDGE
from models.ensemble.pool import Ensemble, Promises
from models.evaluation.backtest import DRAWS, LEVELS, SHORTEST, backtest
from models.evaluation.scores import brier, covered, crps, exceedance, skill, skill_interval
from models.evaluation.track_record import BLOCK, tables_for
from models.forecast import MODEL_VERSION
from models.series import Array, Panel, Series

Row = tuple[str, int, int]
"""Series, origin, horizon in years."""
Points = Mapping[str, Mapping[int, float]]
"""Series -> year -> value, in the series' own unit."""
Forecasts = dict[Row, Array]
"""Quantiles at LEVELS, in the series' own unit; a forecast that was not made has no entry."""
Interval = tuple[float, float]

RANDOM_WALK, ENSEMBLE, TREND = "random walk in logs", "ensemble", "ensemble without plans and pledges"
PEERS = {
    "AutoETS": "statsforecast AutoETS",
    "AutoARIMA": "statsforecast AutoARIMA",
    "AutoTheta": "statsforecast AutoTheta",
}
UNIT_OF_COST = PEERS["AutoETS"]
RECENT = 2014
"""First origin of the recent period: the year of the Wales summit."""
FAR = 8
"""First horizon, years, of the far forecasts."""
SMALLEST_SD = 1e-4
"""Least standard deviation of the random walk, log points a year."""
RISES = (1.1, 1.3, 1.5)
"""The events of the Brier score: a value of at least this many times the origin's."""
WALES_SHARE, WALES_REPORTED, WALES_DEADLINE = 2.0, 1.995, 2024
"""The pledge of Wales (% of GDP), the least share that two decimals round to it, and its deadline."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""The processes that fit read these when they import numpy."""
COST_ORIGINS = 3
"""Number of evenly spread origins at which the members' CPU time is measured."""


@dataclass(frozen=True)
class Figures:
    """A method's scores; see :func:`score`.

    CRPS is in the series' unit. Scores that do not apply are None. ``missing`` counts forecasts that another method
    made and this one did not. Costs are the CPU time of one fit and forecast of one series as a multiple of a peer's
    in the same run; None if not measured.
    """

    forecasts: int
    crps: float
    crps_random_walk: float
    skill: float
    skill_interval: Interval
    skill_from_2014: float | None
    skill_from_2014_interval: Interval | None
    coverage_80: float
    coverage_95: float
    coverage_80_from_2014: float | None
    coverage_80_horizon_8_on: float | None
    brier: float
    brier_2024: float | None
    missing: int = 0
    cpu_vs_random_walk: float | None = None
    cpu_vs_autoets: float | None = None


def read_points(path: Path) -> dict[str, dict[int, float]]:
    """A panel from a file ``series,year,value``."""
    points: dict[str, dict[int, float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            points.setdefault(row["series"], {})[int(row["year"])] = float(row["value"])
    return points


def write_panel(panel: Panel, path: Path) -> None:
    """``panel`` to a file ``series,year,value``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["series", "year", "value"])
        for name, series in panel.items():
            out.writerows([name, int(y), f"{v:.4f}"] for y, v in zip(series.years, series.values, strict=True))


def read_forecasts(path: Path) -> Forecasts:
    """A peer's quantiles; raises ValueError if their levels are not LEVELS."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader)
        if not np.allclose([float(name[1:]) for name in header[3:]], LEVELS):
            raise ValueError(f"{path}: other levels than {LEVELS}")
        return {(s, int(o), int(h)): np.array(q, dtype=float) for s, o, h, *q in reader}


def forecasts_of(rows: Sequence[Row], quantiles: Array) -> Forecasts:
    """``quantiles`` (rows, levels) by row, without rows that hold NaN."""
    return {row: q for row, q in zip(rows, quantiles, strict=True) if np.isfinite(q).all()}


def random_walk(points: Points, rows: Sequence[Row], levels: Array) -> Array:
    """Quantiles of a random walk in logs, array (rows, levels), in the series' unit.

    The sd is that of the series' annual log changes up to the origin, times the root of the horizon.
    """
    z = np.array([NormalDist().inv_cdf(p) for p in levels])
    known: dict[tuple[str, int], tuple[float, float]] = {}
    out = np.empty((len(rows), levels.size))
    for i, (name, origin, horizon) in enumerate(rows):
        if (name, origin) not in known:
            past = np.array([value for year, value in sorted(points[name].items()) if year <= origin])
            known[name, origin] = past[-1], max(float(np.std(np.diff(np.log(past)))), SMALLEST_SD)
        last, sd = known[name, origin]
        out[i] = last * np.exp(sd * horizon**0.5 * z)
    return out


def scorable(points: Points, rows: set[Row], min_years: int = 2) -> set[Row]:
    """The ``rows`` with a known outcome and at least ``min_years`` of observations up to the origin."""
    starts = {name: Series.from_points(name, values).start for name, values in points.items()}
    return {(s, o, h) for s, o, h in rows if o in points[s] and o + h in points[s] and o - starts[s] + 1 >= min_years}


def score(points: Points, forecasts: Mapping[Row, Array], levels: Array) -> Figures:
    """Score ``forecasts``, whose outcomes must all be known, against what happened and against the random walk.

    - crps: twice the mean pinball loss over ``levels``, in the series' unit.
    - skill: 1 - mean CRPS / mean CRPS of :func:`random_walk`, with a 90 % interval from a bootstrap over series and
      five-year blocks of origins.
    - coverage: share of outcomes inside the central interval.
    - brier: of "at least 1.1, 1.3, 1.5 times the value at the origin", mean of the three.
    - brier_2024: of "2 % in 2024, as reported with two decimals", forecast from 2014 to 2023 for series below 2 in
      2014: mean by origin, then over origins.
    """
    rows = sorted(forecasts)
    quantiles = np.sort(np.array([forecasts[row] for row in rows]), axis=1)
    names = np.array([s for s, _, _ in rows])
    origins, horizons = (np.array([row[k] for row in rows]) for k in (1, 2))
    outcomes = np.array([points[s][o + h] for s, o, h in rows])
    starts = np.array([points[s][o] for s, o, _ in rows])
    ours, theirs = crps(quantiles, levels, outcomes), crps(random_walk(points, rows, levels), levels, outcomes)
    inside, inside_95 = (covered(quantiles, levels, outcomes, c) for c in (0.8, 0.95))
    rises = [brier(exceedance(quantiles, levels, k * starts), outcomes >= k * starts) for k in RISES]
    recent, far, blocks = origins >= RECENT, horizons >= FAR, origins // BLOCK
    wales = (origins + horizons == WALES_DEADLINE) & recent
    wales &= np.array([points[s].get(RECENT, np.inf) < WALES_SHARE for s in names])
    return Figures(
        forecasts=len(rows),
        crps=float(ours.mean()),
        crps_random_walk=float(theirs.mean()),
        skill=skill(ours, theirs),
        skill_interval=skill_interval(ours, theirs, names, blocks),
        skill_from_2014=skill(ours[recent], theirs[recent]) if recent.any() else None,
        skill_from_2014_interval=skill_interval(ours[recent], theirs[recent], names[recent], blocks[recent])
        if recent.any()
        else None,
        coverage_80=float(inside.mean()),
        coverage_95=float(inside_95.mean()),
        coverage_80_from_2014=float(inside[recent].mean()) if recent.any() else None,
        coverage_80_horizon_8_on=float(inside[far].mean()) if far.any() else None,
        brier=float(np.mean(rises)),
        brier_2024=_brier_2024(quantiles[wales], levels, outcomes[wales], origins[wales]) if wales.any() else None,
    )


def _brier_2024(quantiles: Array, levels: Array, outcomes: Array, origins: NDArray[np.int64]) -> float:
    reported = np.full(outcomes.size, WALES_REPORTED)
    each = brier(exceedance(quantiles, levels, reported), outcomes >= reported)
    return float(np.mean([each[origins == origin].mean() for origin in np.unique(origins)]))


def score_all(
    points: Points,
    methods: Mapping[str, Forecasts],
    levels: Array,
    partial: Sequence[str] = (),
    min_years: int = SHORTEST,
) -> dict[str, Figures]:
    """Score ``methods`` on the forecasts that all but the ``partial`` ones made; the latter on their part of these.

    Only forecasts from at least ``min_years`` of history count. Methods with no such forecast are left out.
    """
    tried = scorable(points, {row for made in methods.values() for row in made}, min_years)
    common = tried.intersection(*(made.keys() for name, made in methods.items() if name not in partial))
    found = {}
    for name, made in methods.items():
        chosen = common & made.keys()
        if chosen:
            figures = score(points, {row: made[row] for row in chosen}, levels)
            found[name] = Figures(**vars(figures) | {"missing": len(tried - made.keys())})
    return found


def run_ours(panel: Panel, origins: range, horizon: int, tables: Tables | None, processes: int) -> dict[str, Forecasts]:
    """Forecasts of the ensemble with and without the pledge member, and of every member."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("origins, ours", total=None)
        found = backtest(
            panel,
            origins,
            horizon,
            tables=tables,
            processes=processes,
            progress=lambda done, count: progress.update(task, completed=done, total=count),
        )
    methods = {ENSEMBLE: found.quantiles, TREND: found.trend} | {_alone(k): q for k, q in found.members.items()}
    made = {name: forecasts_of(found.rows, quantiles) for name, quantiles in methods.items()}
    if tables is None:
        # Without promises there is only one ensemble.
        del made[TREND]
    return {name: found for name, found in made.items() if found}


def _alone(member: str) -> str:
    return f"{member} alone"


def cost_of_ours(panel: Panel, origins: range, horizon: int, tables: Tables | None) -> dict[str, float]:
    """CPU seconds of one fit and forecast of one series by method, measured at a few origins.

    The fit on the whole panel is divided by the number of series. Mixing draws costs next to nothing.
    """
    spent: dict[str, float] = {}
    series = 0
    for origin in np.unique(np.linspace(origins[0], origins[-1], COST_ORIGINS).astype(int)):
        cut = panel.until(int(origin))
        names = [name for name, s in cut.items() if s.end == origin and s.values.size >= SHORTEST]
        series += len(names)
        if not names:
            continue
        started = time.process_time()
        ensemble = Ensemble(cut, promises(tables, int(origin)) if tables else Promises())
        fitting = time.process_time() - started
        for member in list(ensemble.local) or [PANEL, PLANS, PLEDGE]:
            started = time.process_time()
            for name in names:
                try:
                    ensemble.member(member, name, horizon, DRAWS, 1)
                except MemberFailed:
                    continue
            spent[member] = spent.get(member, 0.0) + fitting + time.process_time() - started
    if not series:
        return {}
    trend = spent[PANEL] if PANEL in spent else sum(spent.values())
    whole = spent[PLANS] + spent[PLEDGE] if PANEL in spent else trend
    found = {ENSEMBLE: whole, TREND: trend} | {_alone(name): cpu for name, cpu in spent.items()}
    return {name: cpu / series for name, cpu in found.items()}


def run_random_walk(points: Points, rows: Sequence[Row]) -> tuple[Forecasts, float]:
    """The random walk's forecasts, and the CPU seconds of one series from one origin."""
    started = time.process_time()
    quantiles = random_walk(points, rows, LEVELS)
    cpu = time.process_time() - started
    return forecasts_of(rows, quantiles), cpu / max(1, len({(s, o) for s, o, _ in rows}))


def with_costs(figures: Mapping[str, Figures], cpu: Mapping[str, float]) -> dict[str, Figures]:
    """``figures`` with the costs ``cpu`` (seconds a series) as multiples of the random walk's and AutoETS's."""
    units = {"cpu_vs_random_walk": cpu.get(RANDOM_WALK), "cpu_vs_autoets": cpu.get(UNIT_OF_COST)}

    def ratios(name: str) -> dict[str, float | None]:
        return {key: cpu[name] / unit if unit and name in cpu else None for key, unit in units.items()}

    return {name: Figures(**vars(found) | ratios(name)) for name, found in figures.items()}


def _number(value: float | None, digits: int = 3, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.{digits}f}"


def _with_interval(value: float, interval: Interval) -> str:
    return f"{value:+.3f} ({interval[0]:+.3f}, {interval[1]:+.3f})"


def table_of(figures: Mapping[str, Figures], title: str) -> Table:
    """The printed table."""
    table = Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.caption = (
        "skill: 1 - CRPS / the random walk's, with 90 % bootstrap interval; from 2014: origins; cover: of "
        "the central interval; h 8+: horizons from 8 years; Brier: at least 1.1, 1.3, 1.5 x the origin's value; "
        "missing: forecasts that another method made; CPU: a fit and forecast of one series, AutoETS = 1"
    )
    table.add_column("method", no_wrap=True)
    headings = ("forecasts", "missing", "skill", "from 2014", "cover 80", "95", "80 from 2014", "80 h 8+", "Brier")
    for heading in (*headings, "2 % in 2024", "CPU"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, found in figures.items():
        table.add_row(
            name,
            f"{found.forecasts:,}",
            f"{found.missing:,}",
            _with_interval(found.skill, found.skill_interval),
            _number(found.skill_from_2014, sign="+"),
            *map(_number, (found.coverage_80, found.coverage_95, found.coverage_80_from_2014)),
            *map(_number, (found.coverage_80_horizon_8_on, found.brier, found.brier_2024)),
            _number(found.cpu_vs_autoets, 2),
            end_section=name in (RANDOM_WALK, list(PEERS.values())[-1], TREND),
        )
    return table


def compare(
    points: Points, origins: range, horizon: int, peers: Path | None, processes: int, min_years: int = SHORTEST
) -> tuple[dict[str, Figures], dict[str, list[str]]]:
    """Run our models, read the peers' forecasts, score all; returns scores and failures (``series origin: why``)."""
    panel = Panel(Series.from_points(name, values) for name, values in points.items())
    tables = tables_for(panel)
    ours = run_ours(panel, origins, horizon, tables, processes)
    theirs: dict[str, Forecasts] = {}
    cpu = cost_of_ours(panel, origins, horizon, tables)
    failures: dict[str, list[str]] = {}
    if peers is not None:
        summary = json.loads((peers / "peers.json").read_text(encoding="utf-8"))
        for peer, name in PEERS.items():
            theirs[name] = read_forecasts(peers / f"{peer}.csv")
            cpu[name] = summary[peer]["cpu_seconds"] / max(1, summary[peer]["fits"])
            failures[name] = summary[peer]["failures"]
    everything = sorted({row for made in (*ours.values(), *theirs.values()) for row in made})
    walk, cpu[RANDOM_WALK] = run_random_walk(points, everything)
    methods = {RANDOM_WALK: walk} | theirs | ours
    return with_costs(score_all(points, methods, LEVELS, [_alone(PLEDGE)], min_years), cpu), failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panel", type=Path, nargs="?", help="series,year,value")
    parser.add_argument("--peers", type=Path, help="folder that peers.py wrote to; without it, ours alone")
    parser.add_argument("--origins", default="1999:2025", help="first and last, A:B")
    parser.add_argument("--horizon", type=int, default=10, help="years ahead")
    parser.add_argument("--min-years", type=int, default=SHORTEST, help="history that a forecast is scored from")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--write-panel", type=Path, help="write the bundled panel here and stop")
    given = parser.parse_args()
    if given.write_panel:
        write_panel(load_figures().panel(), given.write_panel)
        return
    if given.panel is None:
        parser.error("which panel?")
    first, last = (int(year) for year in given.origins.split(":"))
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    points = read_points(given.panel)
    origins = range(first, last + 1)
    figures, failures = compare(points, origins, given.horizon, given.peers, given.processes, given.min_years)
    title = (
        f"{given.panel.name}: {len(points)} series, origins {first}-{last}, horizons 1-{given.horizon} years, "
        f"at least {given.min_years} years of history"
    )
    Console(width=None if sys.stdout.isatty() else 150).print(table_of(figures, title))
    for name, failed in failures.items():
        if failed:
            print(f"{name} could not fit {len(failed)} times, for example {failed[0]}")
    if given.json:
        answer = {
            "panel": given.panel.name,
            "origins": [first, last],
            "horizon": given.horizon,
            "min_years": given.min_years,
            "model_version": MODEL_VERSION,
            "methods": {name: asdict(found) for name, found in figures.items()},
            "failures": failures,
        }
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
