"""What ``forecast-service backtest --publish`` writes and the service reads: the scores and the forecasts behind them.

The forecasts are ``models/data/past_forecasts.csv``: the baseline's quantiles of core shares (% of GDP) on the 23
levels that are scored, one row for each ally, origin and year after it, sorted by these. Their nine significant digits
give every printed score, and rounded to four they are what the whole numbers rounded to four would be. The outcomes are
not in it: they are figures, some of them SIPRI's, which a service may leave out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.dataset.tables import DATA
from models.evaluation.levels import HUB_LEVELS
from models.files import write_atomically

if TYPE_CHECKING:  # it loads SciPy, which readers do not need
    from models.evaluation.backtest import Backtest

FILE = DATA / "track_record.json"
FORECASTS = DATA / "past_forecasts.csv"
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Of the quantiles that answers show: those of a forecast's answer."""
DIGITS, SHOWN_DIGITS = 9, 4
"""Significant digits of the file, and of what answers show of it."""


class PastForecast(NamedTuple):
    """What was said of one ally's core share in one year; shares in % of GDP."""

    country: str
    origin: int
    year: int
    quantiles: tuple[float, ...]
    """On the levels that the function which gives it names, or those of a frozen forecast."""


def save(record: dict[str, Any]) -> None:
    """Write the record that :func:`load` reads."""
    write_atomically(FILE, json.dumps(record, indent=1) + "\n")


def load() -> dict[str, Any]:
    """The published track record, as :func:`models.evaluation.track_record.track_record` made it."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def save_forecasts(result: Backtest) -> None:
    """Write the forecasts of a backtest, which :func:`forecasts` reads.

    Without those from the last year of the figures: nothing is known of what they say, and the service forecasts from
    that year itself, with more draws.
    """
    last = max(series.end for series in result.panel.values())
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["country", "origin", "year", *(f"q{level:g}" for level in result.levels)])
    rows = zip(result.rows, result.quantiles, strict=True)
    for (country, origin, horizon), quantiles in sorted(rows, key=lambda row: row[0]):
        if origin < last:
            table.writerow([country, origin, origin + horizon, *(f"{value:.{DIGITS}g}" for value in quantiles)])
    write_atomically(FORECASTS, out.getvalue())


def forecasts(country: str | None = None, origin: int | None = None) -> Iterator[PastForecast]:
    """The published forecasts of an ally (alpha-3 code) and an origin, each all if None, by ally, origin and year.

    Their quantiles are on :data:`LEVELS`, with four significant digits.
    """
    shown = [HUB_LEVELS.index(level) for level in LEVELS]
    for name, start, year, cells in _rows(country, origin):
        quantiles = tuple(float(f"{float(cells[i]):.{SHOWN_DIGITS}g}") for i in shown)
        yield PastForecast(name, start, year, quantiles)


def scored_forecasts() -> Iterator[PastForecast]:
    """All published forecasts, with the quantiles that are scored: on :data:`models.evaluation.levels.HUB_LEVELS`."""
    for name, start, year, cells in _rows():
        yield PastForecast(name, start, year, tuple(map(float, cells)))


def _rows(country: str | None = None, origin: int | None = None) -> Iterator[tuple[str, int, int, list[str]]]:
    """Country, origin, year and the quantiles' cells of the rows of an ally and an origin, each all if None."""
    with FORECASTS.open(encoding="ascii", newline="") as file:
        next(file)
        for line in file:
            if country is not None and not line.startswith(f"{country},"):
                continue
            name, year, rest = line.split(",", 2)
            if origin in (None, int(year)):
                of, *cells = rest.rstrip().split(",")
                yield name, int(year), int(of), cells


def outside_summary(views: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How good outside views turned out, and our forecasts of the same.

    Parameters
    ----------
    views : rows of :func:`models.evaluation.outside.outside_record`.

    Returns
    -------
    dict of ``views``; ``resolved``, those whose figure is known; ``scored``, those of them that give a level and have
    a forecast of ours; ``mean_abs_log_error`` of these views and ``our_mean_abs_log_error`` of our medians of the same,
    None if none is scored.
    """
    pairs = [(view["log_error"], view["our_log_error"]) for view in views]
    scored = np.array([pair for pair in pairs if None not in pair], dtype=float)
    theirs, ours = np.abs(scored).mean(axis=0).round(4).tolist() if scored.size else (None, None)
    return {
        "views": len(views),
        "resolved": sum(view["outcome_pct"] is not None for view in views),
        "scored": len(scored),
        "mean_abs_log_error": theirs,
        "our_mean_abs_log_error": ours,
    }
