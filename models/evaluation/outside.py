"""Outside views (:mod:`models.dataset.outside_views`) beside our forecasts, scored where the figure is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.dataset.countries import allies
from models.dataset.gdp import gdp_usd
from models.dataset.observations import Figures
from models.dataset.outside_views import OutsideView, outside_views
from models.errors import CannotForecast
from models.paths import Paths
from models.scenarios.targets import least_met, proportion
from models.series import Array
from models.simulation.fitter import Fitter

INTERVAL = (0.1, 0.9)
"""Ends of the 80 % interval of our forecasts."""


def outside_record(figures: Figures, draws: int, seed: int) -> list[dict[str, Any]]:
    """Every outside view with our baseline's forecast of the same allies and year, in the order of the table.

    If the year's figure is not known yet, ours is the present forecast. If it is, ours starts from the year before the
    statement, so that it knows no figure that the other did not, and both have an error. A group's share is its
    spending over its GDP, in US dollars of 2021, future by future.

    Returns
    -------
    list of dicts with the view (``id``, ``who``, ``kind``, ``stated_on``, ``country``, ``group``, ``statement``,
    ``year``, ``low_pct``, ``high_pct``, ``rank``, ``source``: its address) and

    - ``ours``: ``origin``; ``median_pct``, ``low_pct`` and ``high_pct``, the 80 % interval, % of GDP; ``probability``
      that the share is on the side that a view with one bound names, otherwise None. None if there is no forecast.
    - ``outcome_pct``: the figure, or None.
    - ``log_error``, ``our_log_error``: log(outcome / level) of the view and of our median, above 0 if it was too low.
      The level of a view with two bounds is their mean. None if the view has no level, or no outcome.
    """
    fitter = _CachedFitter(Fitter(figures, draws, seed))
    return [_beside(view, fitter) for view in outside_views(figures.tables)]


@dataclass
class _CachedFitter:
    """Fits an ally once for each origin."""

    fitter: Fitter

    def __post_init__(self) -> None:
        self._made: dict[tuple[str, int], Paths] = {}
        self._allies = allies(self.fitter.figures.tables)

    @property
    def figures(self) -> Figures:
        return self.fitter.figures

    def paths(self, code: str, origin: int) -> Paths:
        """Baseline paths of an ally. Raises CannotForecast."""
        if (code, origin) not in self._made:
            self._made[code, origin] = self.fitter.fit(self._allies[code], origin, pledge=True).paths
        return self._made[code, origin]

    def shares(self, view: OutsideView, origin: int) -> Array:
        """Core shares of the view's allies in its year, % of GDP, array (draws,). Raises CannotForecast."""
        column = view.year - origin
        spent: Array = np.zeros(self.fitter.draws)
        gdp: Array = np.zeros(self.fitter.draws)
        for code, size in self._sizes(view, origin).items():
            paths = self.paths(code, origin)
            grown = size * paths.gdp[:, column]
            spent, gdp = spent + grown * paths.shares["core"][:, column], gdp + grown
        return spent / gdp

    def outcome(self, view: OutsideView) -> float | None:
        """The share of the view's allies in its year by the figures, % of GDP; None if one is not known."""
        panel = self.figures.panel()
        if any(code not in panel or view.year not in panel[code].years for code in view.codes):
            return None
        sizes = self._sizes(view, view.year)
        return sum(panel[code].at(view.year) * size for code, size in sizes.items()) / sum(sizes.values())

    def _sizes(self, view: OutsideView, year: int) -> dict[str, float]:
        """The weights of the view's allies: GDP in a group. Raises CannotForecast if one is not known."""
        if view.group is None:
            return dict.fromkeys(view.codes, 1.0)
        sizes = {code: gdp_usd(code, year, self.figures.tables) for code in view.codes}
        known = {code: size for code, size in sizes.items() if size is not None}
        if len(known) < len(sizes):
            raise CannotForecast("origin", f"the GDP of {view.group} is not known in {year}")
        return known


def _beside(view: OutsideView, fitter: _CachedFitter) -> dict[str, Any]:
    outcome = fitter.outcome(view)
    ours = _ours(view, fitter, fitter.figures.origin if outcome is None else int(view.stated_on[:4]) - 1)
    level = (view.low_pct + view.high_pct) / 2 if view.low_pct is not None and view.high_pct is not None else None
    scored = outcome is not None and level is not None
    addresses = {row["source"]: row["public_address"] for row in fitter.figures.tables.read("sources")}
    return {
        "id": view.id,
        "who": view.who,
        "kind": view.kind,
        "stated_on": view.stated_on,
        "country": None if view.group else view.codes[0],
        "group": view.group,
        "statement": view.statement,
        "year": view.year,
        "low_pct": view.low_pct,
        "high_pct": view.high_pct,
        "rank": view.rank,
        "source": addresses[view.source],
        "ours": ours,
        "outcome_pct": None if outcome is None else round(outcome, 4),
        "log_error": _log_error(outcome, level) if scored else None,
        "our_log_error": _log_error(outcome, ours["median_pct"]) if scored and ours else None,
    }


def _log_error(outcome: float | None, level: float | None) -> float | None:
    return None if outcome is None or level is None else round(math.log(outcome / level), 4)


def _ours(view: OutsideView, fitter: _CachedFitter, origin: int) -> dict[str, Any] | None:
    try:
        shares = fitter.shares(view, origin)
    except CannotForecast:
        return None
    low, median, high = np.quantile(shares, [INTERVAL[0], 0.5, INTERVAL[1]])
    right = None
    bounds = [bound for bound in (view.low_pct, view.high_pct) if bound is not None]
    if len(bounds) == 1:
        said = (shares >= least_met(bounds[0])) == (view.high_pct is None)
        right = round(proportion(int(said.sum()), shares.size), 4)
    numbers = {"median_pct": median, "low_pct": low, "high_pct": high}
    return {"origin": origin} | {n: round(float(x), 4) for n, x in numbers.items()} | {"probability": right}
