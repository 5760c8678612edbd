"""The backtest: forecasts from past origins, fitted on nothing later, scored by the outcomes.

The first pass fits every member at every origin and stores its predictive distributions as points; origins
are independent of each other, so it may run in parallel. The second pass goes through the origins in order and
learns the trust in pledges from forecasts whose outcome was known by then (CRPS stacking). Origins before
the first one scored ("burn-in") only serve to learn it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.dataset.tables import Tables
from models.ensemble.commitments import promises
from models.ensemble.members.base import MemberFailed
from models.ensemble.members.registry import LOCAL, NAMES, PANEL, PLANS, PLEDGE
from models.ensemble.pool import Ensemble, Promises
from models.ensemble.stacking import TRUST, Scores, learn_weights, midpoints, pool_quantiles
from models.evaluation.levels import HUB_LEVELS
from models.paths import Floats
from models.processes import computing
from models.series import Array, Panel

POINTS = 60
"""Points that stand for a member's predictive distribution: quantiles at their midpoints."""
DRAWS = 2000
BURN_IN = 20
SHORTEST = 8
LEVELS = np.array(HUB_LEVELS)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Origin:
    """All members' forecasts of all series from one origin.

    Attributes
    ----------
    points : array (series, members, horizon, POINTS), log values in ascending order; NaN where a member made none.
    """

    year: int
    names: tuple[str, ...]
    points: NDArray[np.float32]


@dataclass
class Backtest:
    """The forecasts of a backtest and the trust in pledges that it learned.

    ``rows`` are (series, origin, horizon), ``quantiles`` an array (rows, levels) in the series' own unit.
    ``members`` has each member's quantiles alone, NaN where it made none. ``trust`` is that learned by each origin.
    """

    panel: Panel
    levels: Array
    rows: list[tuple[str, int, int]] = field(default_factory=list)
    quantiles: Array = field(default_factory=lambda: np.empty((0, 0)))
    trend: Array = field(default_factory=lambda: np.empty((0, 0)))
    members: dict[str, Array] = field(default_factory=dict)
    trust: dict[int, float] = field(default_factory=dict)

    @property
    def outcomes(self) -> Array:
        """The outcomes, array (rows,); NaN where unknown."""
        found = [
            self.panel[s].values[o + h - self.panel[s].start] if o + h <= self.panel[s].end else np.nan
            for s, o, h in self.rows
        ]
        return np.array(found)


def forecast_origin(
    panel: Panel,
    year: int,
    horizon: int,
    draws: int,
    seed: int,
    tables: Tables | None,
    revisions: Mapping[str, Array] | None = None,
) -> Origin:
    """Fit all members on what was known in ``year`` and forecast every series observed then.

    Parameters
    ----------
    tables : what governments had said by then; None for series of no governments.
    revisions : log revisions, array (draws,), of each series whose last figure is an estimate.
    """
    cut = panel.until(year)
    names = tuple(n for n, s in cut.items() if s.end == year and s.values.size >= SHORTEST)
    points = np.full((len(names), len(NAMES), horizon, POINTS), np.nan, dtype=np.float32)
    if not names:
        return Origin(year, names, points)
    ensemble = Ensemble(cut, promises(tables, year) if tables else Promises())
    members = list(ensemble.local) or [PANEL, PLANS, PLEDGE]
    for i, name in enumerate(names):
        for member in members:
            try:
                paths = ensemble.member(member, name, horizon, draws, seed, (revisions or {}).get(name))
            except MemberFailed:
                continue
            points[i, NAMES.index(member)] = np.quantile(paths, midpoints(POINTS), axis=0).T
    return Origin(year, names, points)


def burn_in(panel: Panel, first: int) -> list[int]:
    """Origins before ``first`` to learn the trust from: up to 20 years in which a series can be forecast."""
    years = range(first - BURN_IN, first)
    return [y for y in years if any(s.start + SHORTEST - 1 <= y <= s.end for s in panel.values())]


def backtest(
    panel: Panel,
    origins: range,
    horizon: int = 10,
    *,
    tables: Tables | None = None,
    levels: Array = LEVELS,
    draws: int = DRAWS,
    seed: int = 1,
    processes: int = 1,
    progress: Progress = lambda _done, _all: None,
) -> Backtest:
    """Forecast every series of ``panel`` from each of ``origins``, 1 ... ``horizon`` years ahead.

    Parameters
    ----------
    panel : positive annual series.
    origins : years; a series is forecast from those in which it was observed for at least 8 years.
    tables : what the governments of the series said; None for series of no governments.
    levels : of the quantiles.
    processes : how many origins are fitted at once.
    progress : called with (origins done, all origins).
    """
    # Without promises there is no trust to learn before the first origin.
    years = [*(burn_in(panel, origins[0]) if tables else ()), *origins]
    fitted = _fit(panel, years, horizon, draws, seed, tables, processes, progress)
    result = _pool(panel, fitted, set(origins), horizon, levels)
    if tables is None:
        # Without plans this member is the panel model, which is listed already.
        result.members.pop(PLANS, None)
    return result


def _fit(
    panel: Panel,
    years: list[int],
    horizon: int,
    draws: int,
    seed: int,
    tables: Tables | None,
    processes: int,
    progress: Progress,
) -> dict[int, Origin]:
    if processes == 1:
        found = {}
        for done, year in enumerate(years, 1):
            found[year] = forecast_origin(panel, year, horizon, draws, seed, tables)
            progress(done, len(years))
        return found
    with computing(processes) as pool:
        jobs = {pool.submit(forecast_origin, panel, y, horizon, draws, seed, tables): y for y in years}
        found = {}
        for done, job in enumerate(as_completed(jobs), 1):
            found[jobs[job]] = job.result()
            progress(done, len(years))
    return {year: found[year] for year in years}


class _Evidence:
    """Scores of the forecasts whose outcome is known, added origin by origin."""

    def __init__(self, members: int) -> None:
        self._parts: list[Scores] = []
        self.members = members

    def add(self, year: int, points: Floats, outcomes: Array) -> None:
        """``points`` (series, members, horizon, POINTS) and ``outcomes`` (series, horizon), NaN where unknown."""
        whole = np.isfinite(points).all(axis=(1, 3))
        series, steps = np.nonzero(whole & np.isfinite(outcomes))
        if series.size:
            few = np.linspace(0, POINTS - 1, 25).round().astype(int)
            chosen = points[series, :, steps][..., few].astype(np.float64)
            self._parts.append(Scores.of(np.full(series.size, year), steps + 1, chosen, outcomes[series, steps]))

    def scores(self) -> Scores:
        """All scores; ``Scores.known_at`` selects those known at an origin."""
        if not self._parts:
            empty = np.empty((0, self.members, self.members))
            return Scores(np.empty(0, int), np.empty(0, int), np.empty((0, self.members)), empty)
        names = ("origin", "horizon", "error", "distance")
        return Scores(*(np.concatenate([getattr(part, name) for part in self._parts]) for name in names))


def _weights(trust: float) -> Array:
    """Weights of :data:`NAMES` in the baseline; members that made no forecast count for nothing."""
    found = dict.fromkeys((member.name for member in LOCAL), 1.0) | {PLANS: 1 - trust, PLEDGE: trust}
    return np.array([found.get(name, 0.0) for name in NAMES])


def _trend_weights() -> Array:
    return np.where(np.isin(NAMES, [PLANS, PLEDGE]), 0.0, 1.0)


def _pool(panel: Panel, fitted: dict[int, Origin], scored: set[int], horizon: int, levels: Array) -> Backtest:
    result = Backtest(panel, levels)
    evidence = _Evidence(2)
    mixed: list[Array] = []
    trends: list[Array] = []
    alone: list[Array] = []
    for year, origin in fitted.items():
        both = origin.points[:, [NAMES.index(PLANS), NAMES.index(PLEDGE)]]
        trust = float(learn_weights(evidence.scores().known_at(year), np.array([1 - TRUST, TRUST]))[1])
        evidence.add(year, both, _outcomes(panel, origin, horizon))
        if year not in scored:
            continue
        result.trust[year] = trust
        result.rows += [(name, year, h) for name in origin.names for h in range(1, horizon + 1)]
        trends.append(_mixtures(origin.points, _trend_weights(), levels).reshape(-1, levels.size))
        mixed.append(_mixtures(origin.points, _weights(trust), levels).reshape(-1, levels.size))
        alone.append(_each(origin.points, levels))
    if result.rows:
        result.quantiles, result.trend = np.exp(np.concatenate(mixed)), np.exp(np.concatenate(trends))
        each = np.exp(np.concatenate(alone))
        result.members = {n: each[:, k] for k, n in enumerate(NAMES) if np.isfinite(each[:, k]).any()}
    return result


def pooled(origin: Origin, trust: float, levels: Array) -> Array:
    """Quantiles of the baseline at a given trust, array (series, horizon, levels), in the series' own unit."""
    return np.asarray(np.exp(_mixtures(origin.points, _weights(trust), levels)))


def _outcomes(panel: Panel, origin: Origin, horizon: int) -> Array:
    """Log outcomes, array (series, horizon), NaN where unknown."""
    out = np.full((len(origin.names), horizon), np.nan)
    for i, name in enumerate(origin.names):
        after = panel[name].log[origin.year - panel[name].start + 1 :][:horizon]
        out[i, : after.size] = after
    return out


def _mixtures(points: NDArray[np.float32], weights: Array, levels: Array) -> Array:
    """Quantiles of the pool, array (series, horizon, levels); working members share the weight of failed ones."""
    series, _, horizon, _ = points.shape
    out = np.empty((series, horizon, levels.size))
    for i in range(series):
        working = np.isfinite(points[i, :, 0, 0]) & (weights > 0)
        w = np.where(working, weights, 0.0)
        for h in range(horizon):
            out[i, h] = pool_quantiles(points[i, working, h].astype(np.float64), w[working] / w.sum(), levels)
    return out


def _each(points: NDArray[np.float32], levels: Array) -> Array:
    """Every member's own quantiles, array (series x horizon, members, levels)."""
    series, members, horizon, _ = points.shape
    flat = points.transpose(0, 2, 1, 3).reshape(-1, points.shape[3])
    out = np.array([np.interp(levels, midpoints(POINTS), row) for row in flat])
    return out.reshape(series * horizon, members, levels.size)
