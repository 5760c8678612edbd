"""Today's answers beside what history says of such shares, and the part of one judgement in them.

    python -m benchmarks.accuracy.today [--json]

A window is nine years of one ally, as many as from the last figure to 2035. Windows of one ally and class do not
overlap. Without pledges and plans (``trend``) everything comes from the panel model, so there one number at a time can
be changed. Fits are saved in FORECAST_STATE_DIR, or made in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from models import Forecaster, load_figures
from models.dataset.countries import allies
from models.dataset.observations import Figures
from models.ensemble.members.panel import PanelModel, Prior
from models.evaluation.track_record import CLASSES, RISE
from models.forecast.fit_all import fit_all
from models.paths import Floats
from models.scenarios.targets import HAGUE_DEADLINE, LAST_DEADLINE, proportion
from models.series import Array, Panel
from models.simulation.path_store import PathStore
from models.simulation.revisions import learn, simulate

HIGH = 4.5
"""Allies above this share, % of GDP, are those whose answers hang most on the momentum."""
CHOSEN = Prior()
AS_IS = f"fading {CHOSEN.fading[0]:g}, as it is"
VARIANTS: Mapping[str, tuple[Prior, bool]] = {
    "shocks alone": (replace(CHOSEN, back=(0.0, 1e-6)), False),
    "no momentum": (CHOSEN, False),
    "fading 0.4": (replace(CHOSEN, fading=(0.4, CHOSEN.fading[1])), True),
    AS_IS: (CHOSEN, True),
    "fading 0.8": (replace(CHOSEN, fading=(0.8, CHOSEN.fading[1])), True),
    "level known": (replace(CHOSEN, level_sd=0.0), True),
}
"""By name, the prior, and whether the recent change of all allies goes on. ``shocks alone``: nor does any ally return
toward the others. ``level known``: all allies return to their present level."""


def today(forecaster: Forecaster) -> dict[str, Any]:
    """All tables, as the command prints them.

    Returns
    -------
    dict with ``years`` of a window; ``allies``, ``variants`` and ``classes``, see :func:`of_allies`,
    :func:`of_variants` and :func:`of_classes`; ``smoothed_change`` of all allies, log points a year, and ``momentum``,
    the part of it that goes on in the next year.
    """
    figures = forecaster.figures
    listed, variants = of_allies(forecaster), of_variants(figures, forecaster.draws, forecaster.seed)
    model = PanelModel().fit(figures.panel())
    years = HAGUE_DEADLINE - figures.origin
    return {
        "years": years,
        "allies": listed,
        "variants": variants,
        "classes": of_classes(listed, variants, figures.panel(), years),
        "smoothed_change": float(model.history.smoothed(CHOSEN.memory)[-1]),
        "momentum": model.parameters.momentum.mean,
    }


def of_allies(forecaster: Forecaster) -> list[dict[str, Any]]:
    """By ally: ``country``, ``share_pct`` now, and by scenario what :func:`_said` says; the highest share first."""
    figures = forecaster.figures
    panel = figures.panel()
    rows = []
    for code, ally in allies(figures.tables).items():
        if code in panel and figures.reach(ally, figures.origin):
            now = panel[code].at(figures.origin)
            paths = {name: forecaster.fit(ally, trend=name == "trend").paths for name in ("trend", "baseline")}
            said = {name: _said(found.shares["core"][:, 1:], now, figures.origin) for name, found in paths.items()}
            rows.append({"country": code, "share_pct": now} | said)
    return sorted(rows, key=lambda row: -row["share_pct"])


def _said(shares: Floats, now: float, origin: int) -> dict[str, float]:
    """Of shares, array (draws, years after the origin): median and 97.5 % point in 2035, % of GDP, the probability of
    being 30 % above ``now`` then, and the mean in 2060."""
    then = shares[:, HAGUE_DEADLINE - origin - 1].astype(float)
    return {
        "median_2035": float(np.median(then)),
        "high_2035": float(np.quantile(then, 0.975)),
        "rise_30": proportion(int((then >= RISE * now).sum()), then.size),
        "mean_2060": float(shares[:, LAST_DEADLINE - origin - 1].astype(float).mean()),
    }


def windows(panel: Panel, years: int, low: float, high: float) -> list[tuple[str, int, bool]]:
    """Separate windows that began at a share from ``low`` to below ``high``: series, first year, and whether it rose by
    30 %. Of each series the first window, then the first that begins when that has ended, and so on."""
    found = []
    for name, series in panel.items():
        year = series.start
        while year + years <= series.end:
            if low <= series.at(year) < high:
                found.append((name, year, series.at(year + years) >= RISE * series.at(year)))
                year += years
            else:
                year += 1
    return found


def of_classes(
    listed: list[dict[str, Any]], variants: list[dict[str, Any]], panel: Panel, years: int
) -> list[dict[str, Any]]:
    """By class of the share: ``windows`` of history, ``series`` that they are of, how many ``rose`` by 30 %; ``allies``
    of today in the class, and ``said``, the mean of their probabilities of rising so, in ``trend``, ``baseline`` and by
    variant of the trend."""
    rows = []
    for low, high in pairwise(CLASSES):
        seen = windows(panel, years, low, high)
        said: dict[str, list[float]] = defaultdict(list)
        here = {row["country"]: row for row in listed if low <= row["share_pct"] < high}
        for row in here.values():
            for name in ("trend", "baseline"):
                said[name].append(row[name]["rise_30"])
        for row in variants:
            if row["country"] in here:
                said[row["variant"]].append(row["rise_30"])
        counts = {"windows": len(seen), "series": len({n for n, _, _ in seen}), "rose": sum(up for _, _, up in seen)}
        mean = {name: float(np.mean(each)) for name, each in said.items()}
        rows.append({"share_from": low, "share_to": high} | counts | {"allies": len(here), "said": mean})
    return rows


def of_variants(figures: Figures, draws: int, seed: int) -> list[dict[str, Any]]:
    """By variant of the panel model and ally: ``variant``, ``country``, ``share_pct``, and what :func:`_said` says."""
    panel, rows = figures.panel(), []
    for variant, (prior, momentum) in VARIANTS.items():
        model = PanelModel(prior).fit(panel)
        for code, series in panel.items():
            if figures.reach(allies(figures.tables)[code], figures.origin):
                now = series.at(figures.origin)
                logs = model.simulate(code, LAST_DEADLINE - figures.origin, draws, seed, momentum=momentum)
                shares = np.exp(logs + _revision(figures, code, draws, seed)[:, None])
                said = _said(shares, now, figures.origin)
                rows.append({"variant": variant, "country": code, "share_pct": now} | said)
    return rows


def _revision(figures: Figures, code: str, draws: int, seed: int) -> Array:
    """Log revisions of the last figure, as a fit draws them, array (draws,)."""
    if not figures.observations[code][-1].estimate:
        return np.zeros(draws)
    learned = learn(figures.source, figures.edition - figures.origin, figures.tables)
    return simulate(learned, code, draws, seed)


@contextmanager
def bundled() -> Iterator[Forecaster]:
    """A forecaster of the bundled figures; makes the fits of all allies that are not saved."""
    with TemporaryDirectory() as folder:
        state = Path(os.environ.get("FORECAST_STATE_DIR", folder))
        forecaster = Forecaster(load_figures(), PathStore(state / "fits"))
        fit_all(forecaster, os.cpu_count() or 1)
        yield forecaster


def show(found: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    for heading, rows in (ally_table(found), class_table(found), variant_table(found)):
        table = Table(*heading)
        for cells in rows:
            table.add_row(*cells)
        console.print(table)


Cells = tuple[list[str], list[list[str]]]
"""A table's heading and rows."""


def ally_table(found: dict[str, Any]) -> Cells:
    """All allies."""
    each = ("2035", "97.5 %", "up 30 %", "mean 2060")
    heading = ["ally", "now", *(f"{scenario} {what}" for scenario in ("trend", "baseline") for what in each)]
    return heading, [
        [row["country"], f"{row['share_pct']:.2f}", *_cells(row["trend"]), *_cells(row["baseline"])]
        for row in found["allies"]
    ]


def class_table(found: dict[str, Any]) -> Cells:
    """The base rate of each class, and the probabilities of today's allies in it."""
    names = ("baseline", "trend", *(name for name in VARIANTS if name != AS_IS))
    rows = []
    for row in found["classes"]:
        rate = f"{row['rose'] / row['windows']:.2f}" if row["windows"] else ""
        said = [f"{row['said'][name]:.2f}" if row["allies"] else "" for name in names]
        span = f"{row['share_from']:g}-{row['share_to']:g}"
        rows.append([span, str(row["windows"]), str(row["rose"]), rate, str(row["allies"]), *said])
    return ["share, %", "windows", "rose", "rate", "allies now", *names], rows


def variant_table(found: dict[str, Any]) -> Cells:
    """The variants of the trend for allies above 4.5 %."""
    rows = [[row["variant"], row["country"], *_cells(row)] for row in found["variants"] if row["share_pct"] > HIGH]
    return ["trend", "ally", "2035", "97.5 %", "up 30 %", "mean 2060"], rows


def _cells(said: Mapping[str, float]) -> list[str]:
    return [
        f"{said['median_2035']:.1f}",
        f"{said['high_2035']:.1f}",
        f"{said['rise_30']:.2f}",
        f"{said['mean_2060']:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    with bundled() as forecaster:
        found = today(forecaster)
    if given.json:
        print(json.dumps(found, indent=1))
    else:
        show(found, Console(width=150))


if __name__ == "__main__":
    main()
