"""What ``forecast-service backtest --publish`` writes and the service reads: the scores, and the forecasts behind them.

The forecasts are ``models/data/past_forecasts.csv``: the baseline's quantiles of core shares (% of GDP, four
significant digits), one row for each ally, origin and year after it, sorted by these. The outcomes are not in it: they
are figures, some of them SIPRI's, which a service may leave out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.dataset.tables import DATA
from models.files import write_atomically

if TYPE_CHECKING:  # it loads SciPy, which readers do not need
    from models.evaluation.backtest import Backtest

FILE = DATA / "track_record.json"
FORECASTS = DATA / "past_forecasts.csv"
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Of the published quantiles: those of a forecast's answer."""


class PastForecast(NamedTuple):
    """What was said of one ally's core share in one year; shares in % of GDP."""

    country: str
    origin: int
    year: int
    quantiles: tuple[float, ...]
    """On :data:`LEVELS`, or those of a frozen forecast."""


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
    chosen = [int(np.flatnonzero(np.isclose(result.levels, level))[0]) for level in LEVELS]
    last = max(series.end for series in result.panel.values())
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["country", "origin", "year", *(f"q{level:g}" for level in LEVELS)])
    rows = zip(result.rows, result.quantiles[:, chosen], strict=True)
    for (country, origin, horizon), quantiles in sorted(rows, key=lambda row: row[0]):
        if origin < last:
            table.writerow([country, origin, origin + horizon, *(f"{value:.4g}" for value in quantiles)])
    write_atomically(FORECASTS, out.getvalue())


def forecasts(country: str | None = None, origin: int | None = None) -> Iterator[PastForecast]:
    """The published forecasts of an ally (alpha-3 code) and an origin, each all if None, by ally, origin and year."""
    with FORECASTS.open(encoding="ascii", newline="") as file:
        next(file)
        for line in file:
            name, year, rest = line.split(",", 2)
            if country in (None, name) and origin in (None, int(year)):
                of, *quantiles = rest.split(",")
                yield PastForecast(name, int(year), int(of), tuple(map(float, quantiles)))


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
