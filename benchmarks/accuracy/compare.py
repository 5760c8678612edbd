"""Our trend and baseline beside other forecasts of the same panel, on average and by level, with intervals.

    python -m benchmarks.accuracy.compare PANEL.csv [--also NAME=FILE.csv ...]

PANEL.csv has series,year,value. FILE.csv has the quantiles of another method, as ``backtest --quantiles`` writes them;
it may be named twice, for two ranges of origins. ``zero`` is our trend with a weak prior of momentum that is centred on
zero. Origins are 1965, 1970 ... 1995 and 1999 to the year before the panel's last. Every method is scored on the
forecasts that all of them made. Intervals are 90 %, by a bootstrap over countries and five-year blocks of origins.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from forecast_service.cli.backtest import read_panel
from models.ensemble.members.panel import PanelModel, Prior
from models.evaluation import scores
from models.evaluation.backtest import DRAWS, LEVELS, SHORTEST, backtest
from models.evaluation.track_record import (
    BLOCK,
    CLASSES,
    EARLY_ORIGINS,
    FAR,
    FIRST_ORIGIN,
    HORIZON,
    RECENT,
    RISE,
    random_walk,
    tables_for,
)
from models.series import Array, Panel

Row = tuple[str, int, int]
"""Series, origin, horizon in years."""
Forecasts = dict[Row, Array]
"""Quantiles at LEVELS, in the panel's own unit."""
WIDTH = 150


def ours(panel: Panel, late: range) -> dict[str, Forecasts]:
    """Forecasts of trend and baseline; only the trend has the early origins, when no pledge is known."""
    found = backtest(panel, late, HORIZON, tables=tables_for(panel))
    early = backtest(panel, EARLY_ORIGINS, HORIZON)
    trend = dict(zip(early.rows + found.rows, np.concatenate([early.trend, found.trend]), strict=True))
    return {"trend": trend, "baseline": dict(zip(found.rows, found.quantiles, strict=True))}


def of_prior(panel: Panel, origins: list[int], prior: Prior) -> Forecasts:
    """Forecasts of the panel model alone with another prior."""
    found: Forecasts = {}
    for origin in origins:
        cut = panel.until(origin)
        fitted = PanelModel(prior).fit(cut)
        for name, series in cut.items():
            if series.end == origin and series.values.size >= SHORTEST:
                paths = np.exp(fitted.simulate(name, HORIZON, DRAWS, 1))
                for h, quantiles in enumerate(np.quantile(paths, LEVELS, axis=0).T, 1):
                    found[name, origin, h] = quantiles
    return found


def read_quantiles(path: Path) -> Forecasts:
    """The quantiles in a file, brought to LEVELS by linear interpolation."""
    found: Forecasts = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = {float(name[1:]): float(value) for name, value in row.items() if name.startswith("q")}
            levels = sorted(at)
            quantiles = np.interp(LEVELS, levels, [at[level] for level in levels])
            found[row["series"], int(row["origin"]), int(row["horizon"])] = quantiles
    return found


def average(panel: Panel, methods: dict[str, Forecasts], origins: list[int], title: str) -> Table:
    """Skill with its interval, skill from 2014 with its, and coverage, on the forecasts that all methods made."""
    rows = _common(panel, [m for m in methods.values() if any(o in origins for _, o, _ in m)], origins)
    outcome = np.array([panel[s].at(o + h) for s, o, h in rows])
    walk = scores.crps(random_walk(panel, rows, LEVELS), LEVELS, outcome)
    series, origin = np.array([s for s, _, _ in rows]), np.array([o for _, o, _ in rows])
    table = Table("", "skill", "90 % interval", "from 2014", "90 % interval", "80 % covers", "from 2014", title=title)
    for name, forecasts in methods.items():
        if not any(o in origins for _, o, _ in forecasts):
            continue
        quantiles = np.array([forecasts[row] for row in rows])
        crps, inside = scores.crps(quantiles, LEVELS, outcome), scores.covered(quantiles, LEVELS, outcome, 0.8)
        cells: list[list[str]] = []
        for at in (origin > 0, origin >= RECENT):
            if at.any():
                low, high = scores.skill_interval(crps[at], walk[at], series[at], origin[at] // BLOCK)
                skill = scores.skill(crps[at], walk[at])
                cells.append([f"{skill:+.3f}", f"{low:+.3f} to {high:+.3f}", f"{inside[at].mean():.3f}"])
            else:
                cells.append(["", "", ""])
        table.add_row(name, *cells[0][:2], *cells[1][:2], cells[0][2], cells[1][2])
    return table


def by_level(panel: Panel, methods: dict[str, Forecasts], origins: list[int], title: str) -> Table:
    """Errors, coverage and rises 8-10 years ahead, by the share at the origin."""
    table = Table(
        "", "share", "forecasts", "log error", "80 % covers", "said up 30 %", "was", title=f"{title}, 8-10 years ahead"
    )
    rows = _common(panel, [m for m in methods.values() if any(o in origins for _, o, _ in m)], origins)
    for name, forecasts in methods.items():
        groups = defaultdict(list)
        for s, o, h in rows:
            if h >= FAR and (s, o, h) in forecasts:
                start, quantiles = panel[s].at(o), forecasts[s, o, h][None]
                level = max(i for i, low in enumerate(CLASSES[:-1]) if start >= low)
                y = np.array([panel[s].at(o + h)])
                groups[level].append(
                    (
                        np.log(y[0]) - np.interp(0.5, LEVELS, np.log(quantiles[0])),
                        scores.covered(quantiles, LEVELS, y, 0.8)[0],
                        scores.exceedance(quantiles, LEVELS, np.array([RISE * start]))[0],
                        y[0] >= RISE * start,
                    )
                )
        for level, found in sorted(groups.items()):
            error, inside, said, was = np.array(found, float).mean(axis=0)
            share = f"{CLASSES[level]:g}-{CLASSES[level + 1]:g}"
            table.add_row(name, share, str(len(found)), f"{error:+.3f}", f"{inside:.2f}", f"{said:.3f}", f"{was:.3f}")
    return table


def _common(panel: Panel, methods: list[Forecasts], origins: list[int]) -> list[Row]:
    rows = set.intersection(*(set(m) for m in methods))
    return sorted(
        (s, o, h) for s, o, h in rows if o in origins and h <= HORIZON and s in panel and o + h <= panel[s].end
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panel", type=Path)
    parser.add_argument("--also", action="append", default=[], metavar="NAME=FILE.csv")
    arguments = parser.parse_args()
    panel = read_panel(arguments.panel)
    late = range(FIRST_ORIGIN, max(s.end for s in panel.values()))
    methods = ours(panel, late)
    methods["zero"] = of_prior(panel, [*EARLY_ORIGINS, *late], replace(Prior(), momentum=(0.0, 1.6)))
    for also in arguments.also:
        name, _, file = also.partition("=")
        methods.setdefault(name, {}).update(read_quantiles(Path(file)))
    console = Console(width=WIDTH)
    for title, origins in (
        ("Origins 1965, 70 ... 95", list(EARLY_ORIGINS)),
        (f"Origins {late[0]}-{late[-1]}", list(late)),
    ):
        console.print(average(panel, methods, origins, title))
        console.print(by_level(panel, methods, origins, title))


if __name__ == "__main__":
    main()
