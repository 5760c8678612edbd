"""The track record: scores of past forecasts of the bundled figures, from a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from models.dataset.countries import allies
from models.dataset.tables import BUNDLED, Tables
from models.ensemble.members.registry import LOCAL, PANEL, PLANS, PLEDGE
from models.evaluation import scores
from models.evaluation.backtest import Backtest
from models.evaluation.parameters import parameters
from models.series import Array, Panel

FIRST_ORIGIN, HORIZON = 1999, 10
EARLY_ORIGINS = range(1965, 1996, 5)
CLASSES = (0.0, 1.5, 2.5, 3.5, 4.5, 7.0, 100.0)
"""Bounds of the classes of the share at the origin, % of GDP."""
FAR = 8
"""First horizon, years, of the far forecasts."""
RISE = 1.3
BLOCK = 5
"""Years of origins that the bootstrap keeps together."""
EVENTS = (1.1, 1.3, 1.5)
"""Thresholds of the events that Brier score and reliability judge, as multiples of the value at the origin."""
WALES_YEAR, WALES_TARGET = 2024, 2.0
RECENT = 2014


def tables_for(panel: Panel, tables: Tables = BUNDLED) -> Tables | None:
    """``tables``, if every series of ``panel`` is an ally's; otherwise None: nothing is known of its promises."""
    return tables if set(panel) <= set(allies(tables)) else None


def random_walk(panel: Panel, rows: list[tuple[str, int, int]], levels: Array) -> Array:
    """Quantiles of a random walk in logs, array (rows, levels): the benchmark.

    Its sd is that of the series' own annual log changes up to the origin.
    """
    known = [panel[name].until(origin) for name, origin, _ in rows]
    start = np.array([series.values[-1] for series in known])
    sd = np.array([scores.log_change_sd(series) for series in known])
    return scores.random_walk(start, sd, np.array([horizon for _, _, horizon in rows], dtype=float), levels)


def track_record(
    result: Backtest,
    vintage: str,
    model_version: str,
    early: Backtest | None = None,
    tables: Tables | None = None,
    outside: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """All scores of a backtest of the bundled figures, as they are published.

    Shares are in % of GDP. ``baseline`` is the ensemble with plans and pledges, ``trend`` without.

    Parameters
    ----------
    early : a backtest from :data:`EARLY_ORIGINS`, when no ally had made a pledge that is known.
    tables : what the governments of the series said; None for series of no governments.
    outside : as :func:`models.evaluation.outside.outside_record` makes it.
    """
    judged = _Judged(result)
    before = None if early is None else _Judged(early)
    return {
        "vintage": vintage,
        "model_version": model_version,
        "origins": [min(o for _, o, _ in result.rows), max(o for _, o, _ in result.rows)],
        "horizon": HORIZON,
        "baseline": judged.summary(judged.baseline),
        "trend": judged.summary(judged.trend),
        "random_walk": judged.summary(judged.walk),
        "by_horizon": [
            {"horizon": h} | judged.summary(judged.baseline, np.equal(judged.horizon, h)) for h in range(1, HORIZON + 1)
        ],
        "by_period": [
            {"from": first, "to": last} | judged.summary(judged.baseline, judged.between(first, last))
            for first, last in ((1999, 2006), (2007, 2013), (2014, 2025))
        ],
        "by_country": [
            {"country": name} | judged.summary(judged.baseline, np.equal(judged.series, name))
            for name in sorted(set(judged.series))
        ],
        "members": [
            {"name": name, "weight": round(_weight(result, name), 4)} | judged.summary(q, ~np.isnan(q[:, 0]))
            for name, q in judged.members.items()
        ],
        "reliability": [asdict(b) for b in judged.reliability()],
        "pit": judged.pit(),
        "wales": judged.wales(),
        "since_1965": None if before is None else before.summary(before.trend),
        "by_level": _by_level(judged, before),
        "parameters": parameters(result.panel, tables, result.trust),
        "outside_views": list(outside),
    }


def _by_level(judged: _Judged, early: _Judged | None) -> list[dict[str, Any]]:
    """Forecasts 8-10 years ahead by the share at the origin: a forecast right on average may be wrong at each level."""
    found = [("trend", judged, judged.trend), ("baseline", judged, judged.baseline)]
    if early is not None:
        found.insert(0, ("trend", early, early.trend))
    return [
        {"scenario": name, "from_origin": int(of.origin.min()), "to_origin": int(of.origin.max())} | row
        for name, of, quantiles in found
        if of.origin.size
        for row in of.levels_of(quantiles)
    ]


def _weight(result: Backtest, name: str) -> float:
    trust = result.trust[max(result.trust)]
    return {PANEL: 1.0, PLANS: 1 - trust, PLEDGE: trust}.get(name, 1 / len(LOCAL))


class _Judged:
    """A backtest's forecasts whose outcome is known, with the outcomes."""

    def __init__(self, result: Backtest) -> None:
        known = np.flatnonzero(np.isfinite(result.outcomes))
        rows = [result.rows[i] for i in known]
        self.panel, self.levels = result.panel, result.levels
        self.outcome = result.outcomes[known]
        self.series = np.array([s for s, _, _ in rows])
        self.origin = np.array([o for _, o, _ in rows])
        self.horizon = np.array([h for _, _, h in rows])
        self.start = np.array([result.panel[s].at(o) for s, o, _ in rows])
        self.baseline, self.trend = result.quantiles[known], result.trend[known]
        self.members = {name: q[known] for name, q in result.members.items()}
        self.walk = random_walk(result.panel, rows, result.levels)
        self.walk_crps = scores.crps(self.walk, self.levels, self.outcome)

    def between(self, first: int, last: int) -> scores.Mask:
        """The forecasts from origins ``first`` ... ``last``."""
        return (self.origin >= first) & (self.origin <= last)

    def summary(self, quantiles: Array, chosen: scores.Mask | None = None) -> dict[str, Any]:
        """Scores of the forecasts ``chosen`` (all if None)."""
        at = np.ones(self.outcome.size, dtype=bool) if chosen is None else chosen
        q, y = quantiles[at], self.outcome[at]
        if not y.size:
            return {"forecasts": 0}
        crps = scores.crps(q, self.levels, y)
        late = self.origin[at] >= RECENT
        brier = [
            scores.brier(scores.exceedance(q, self.levels, m * self.start[at]), y >= m * self.start[at]).mean()
            for m in EVENTS
        ]
        above = scores.threshold_weighted_crps(q, y, np.full(y.size, WALES_TARGET))
        walk_above = scores.threshold_weighted_crps(self.walk[at], y, np.full(y.size, WALES_TARGET))
        found = {
            "forecasts": int(y.size),
            "crps": crps.mean(),
            "skill": scores.skill(crps, self.walk_crps[at]),
            "skill_above_2": scores.skill(above, walk_above) if walk_above.any() else 0.0,
            "coverage_80": scores.covered(q, self.levels, y, 0.8).mean(),
            "coverage_95": scores.covered(q, self.levels, y, 0.95).mean(),
            "brier": float(np.mean(brier)),
        }
        if np.unique(self.series[at]).size > 1:
            # A bootstrap over series needs more than one.
            low, high = scores.skill_interval(crps, self.walk_crps[at], self.series[at], self.origin[at] // BLOCK)
            found |= {"skill_low": low, "skill_high": high}
        if late.any() and not late.all():
            found["skill_from_2014"] = scores.skill(crps[late], self.walk_crps[at][late])
            found["coverage_80_from_2014"] = scores.covered(q[late], self.levels, y[late], 0.8).mean()
        return {k: v if isinstance(v, int) else round(float(v), 4) for k, v in found.items()}

    def levels_of(self, quantiles: Array) -> list[dict[str, Any]]:
        """By class of the share at the origin: errors, coverage and rises of the far forecasts."""
        rows = []
        for low, high in pairwise(CLASSES):
            at = (self.horizon >= FAR) & (self.start >= low) & (self.start < high)
            if not at.any():
                continue
            q, y, rise = quantiles[at], self.outcome[at], RISE * self.start[at]
            median = np.array([np.interp(0.5, self.levels, row) for row in np.log(q)])
            found = {
                "log_error": (np.log(y) - median).mean(),
                "coverage_80": scores.covered(q, self.levels, y, 0.8).mean(),
                "said_rise_30": scores.exceedance(q, self.levels, rise).mean(),
                "was_rise_30": (y >= rise).mean(),
            }
            rows.append(
                {"share_from": low, "share_to": high, "forecasts": int(at.sum())}
                | {name: round(float(value), 4) for name, value in found.items()}
            )
        return rows

    def reliability(self) -> list[scores.ReliabilityBin]:
        """The reliability curve over all events."""
        p = np.concatenate([scores.exceedance(self.baseline, self.levels, m * self.start) for m in EVENTS])
        happened = np.concatenate([self.outcome >= m * self.start for m in EVENTS])
        return [
            scores.ReliabilityBin(round(b.probability, 4), round(b.frequency, 4), b.forecasts)
            for b in scores.reliability(p, happened)
        ]

    def pit(self, bins: int = 10) -> list[float]:
        """Share of outcomes in each tenth of their predictive distribution; 0.1 each if calibrated."""
        values = scores.pit(self.baseline, self.levels, self.outcome)
        counts, _ = np.histogram(values, bins=bins, range=(0, 1))
        return [round(float(n / values.size), 4) for n in counts]

    def wales(self) -> dict[str, Any]:
        """The pledge of Wales: allies below 2 % in 2014, their forecasts of 2024 by origin, and how many met it."""
        of_2024 = (self.origin + self.horizon == WALES_YEAR) & (self.origin >= RECENT)
        below = np.array(
            [RECENT in self.panel[s].years and self.panel[s].at(RECENT) < WALES_TARGET for s in self.series]
        )
        at = of_2024 & below
        happened = self.outcome[at] >= WALES_TARGET - 0.005
        out: dict[str, Any] = {
            name: self._wales_scores(quantiles, at)
            for name, quantiles in (("baseline", self.baseline), ("trend", self.trend), ("random_walk", self.walk))
        }
        # Scores of the allies bound at each origin: Sweden, Finland and later members were not bound from the start.
        pledged = self.members.get(PLEDGE)
        bound = at & ~np.isnan(pledged[:, 0]) if pledged is not None else np.zeros_like(at)
        if bound.any():
            out["baseline_bound"] = self._wales_scores(self.baseline, bound)
            out["trend_bound"] = self._wales_scores(self.trend, bound)
        first = self.origin[at] == RECENT
        out["below_in_2014"], out["reached_in_2024"] = int(first.sum()), int(happened[first].sum())
        return out

    def _wales_scores(self, quantiles: Array, at: scores.Mask) -> dict[str, Any]:
        """Scores of "at 2 % in 2024" for the forecasts ``at``."""
        reached = WALES_TARGET - 0.005
        happened = self.outcome[at] >= reached
        p = scores.exceedance(quantiles[at], self.levels, np.full(happened.size, reached))
        brier, origin = scores.brier(p, happened), self.origin[at]
        by_origin = {int(o): round(float(brier[origin == o].mean()), 4) for o in np.unique(origin)}
        return {
            "brier": round(float(np.mean(list(by_origin.values()))), 4) if by_origin else None,
            "log_score": round(float(scores.log_score(p, happened).mean()), 4) if by_origin else None,
            "by_origin": by_origin,
        }
