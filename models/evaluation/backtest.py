"""The backtest: forecasts from past origins, fitted on nothing later, scored by the outcomes.

The first pass fits every member at every origin and stores its predictive distributions as points; origins
are independent of each other, so it runs in parallel. The second pass goes through the origins in order and
learns the weights of the pool from forecasts whose outcome was known by then (CRPS stacking). Origins before
the first one scored ("burn-in") only serve to learn weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.pledge import Commitment
from models.ensemble.members.registry import NAMES, POOL
from models.ensemble.pool import Ensemble
from models.ensemble.stacking import PRIOR, Scores, Weights, learn_weights, midpoints, pool_quantiles, pruned
from models.evaluation.scores import crps
from models.paths import Floats
from models.runtime import prepare
from models.series import Array, Panel

POINTS = 60
"""Points that stand for a member's predictive distribution: quantiles at their midpoints."""
DRAWS = 2000
BURN_IN = 20
MOST_BURN_IN = 4000
"""Forecasts (series x origins) of the burn-in at most; more are thinned to every second, third ... year."""
SHORTEST = 8
LEVELS = np.array([0.01, 0.025, *np.arange(0.05, 0.951, 0.05).round(2), 0.975, 0.99])

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Promises:
    """Arguments of the pledge member; empty for a panel of series without commitments."""

    commitments: Sequence[Commitment] = ()
    equipment: Panel | None = None
    equipment_commitments: Sequence[Commitment] = ()


@dataclass(frozen=True)
class Origin:
    """All members' forecasts of all series from one origin.

    Attributes
    ----------
    points : array (series, members, horizon, POINTS), log values in ascending order; NaN where a member failed.
    """

    year: int
    names: tuple[str, ...]
    points: NDArray[np.float32]


@dataclass
class Backtest:
    """The forecasts of a backtest and the weights it learned.

    ``rows`` are (series, origin, horizon), ``quantiles`` an array (rows, levels) in the series' own unit.
    ``members`` has each member's quantiles alone, NaN where it failed. ``weights`` are those learned by each origin.
    """

    panel: Panel
    levels: Array
    rows: list[tuple[str, int, int]] = field(default_factory=list)
    quantiles: Array = field(default_factory=lambda: np.empty((0, 0)))
    trend: Array = field(default_factory=lambda: np.empty((0, 0)))
    members: dict[str, Array] = field(default_factory=dict)
    weights: dict[int, Weights] = field(default_factory=dict)

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
    promises: Promises,
    revisions: Mapping[str, Array] | None = None,
) -> Origin:
    """Fit all members on what was known in ``year`` and forecast every series observed then.

    ``revisions`` has the log revisions, array (draws,), of each series whose last figure is an estimate.
    """
    cut = panel.until(year)
    names = tuple(n for n, s in cut.items() if s.end == year and s.values.size >= SHORTEST)
    points = np.full((len(names), len(NAMES), horizon, POINTS), np.nan, dtype=np.float32)
    if not names:
        return Origin(year, names, points)
    ensemble = Ensemble(cut, promises.commitments, promises.equipment, promises.equipment_commitments)
    for i, name in enumerate(names):
        for k, member in enumerate(NAMES):
            try:
                paths = ensemble.member(member, name, horizon, draws, seed)
            except MemberFailed:
                continue
            if revisions and name in revisions:
                paths = paths + revisions[name][:, None]
            points[i, k] = np.quantile(paths, midpoints(POINTS), axis=0).T
    return Origin(year, names, points)


def burn_in(panel: Panel, first: int) -> list[int]:
    """Origins before ``first`` to learn weights from: up to 20 years, thinned where the panel is large."""
    counts = {
        y: sum(s.start + SHORTEST - 1 <= y <= s.end for s in panel.values()) for y in range(first - BURN_IN, first)
    }
    stride = max(1, -(-sum(counts.values()) // MOST_BURN_IN))
    return [y for y in range(first - 1, first - BURN_IN - 1, -stride) if counts[y]][::-1]


def backtest(
    panel: Panel,
    origins: range,
    horizon: int = 10,
    *,
    promises: Promises | None = None,
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
    promises : commitments of the series, for the pledge member.
    levels : of the quantiles.
    processes : how many origins are fitted at once.
    progress : called with (origins done, all origins).
    """
    promises = promises or Promises()
    years = [*burn_in(panel, origins[0]), *origins]
    fitted = _fit(panel, years, horizon, draws, seed, promises, processes, progress)
    return _pool(panel, fitted, set(origins), horizon, levels)


def _fit(
    panel: Panel,
    years: list[int],
    horizon: int,
    draws: int,
    seed: int,
    promises: Promises,
    processes: int,
    progress: Progress,
) -> dict[int, Origin]:
    if processes == 1:
        found = {}
        for done, year in enumerate(years, 1):
            found[year] = forecast_origin(panel, year, horizon, draws, seed, promises)
            progress(done, len(years))
        return found
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=prepare) as pool:
        jobs = {pool.submit(forecast_origin, panel, y, horizon, draws, seed, promises): y for y in years}
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


SPREADS = np.arange(0.6, 1.201, 0.02).round(2)
SPREAD_STRENGTH = 5.0
"""The prior of the spread factor (1: the plain pool) counts as so many origins."""


class _Spreads:
    """CRPS of the plain pool with its spread multiplied by each of :data:`SPREADS`, origin by origin."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, NDArray[np.int64], Array]] = []

    def add(self, year: int, pool: Array, outcomes: Array) -> None:
        """``pool`` (series, horizon, POINTS) and ``outcomes`` (series, horizon), logs; NaN where unknown."""
        series, steps = np.nonzero(np.isfinite(outcomes))
        if not series.size:
            return
        points, happened = pool[series, steps], outcomes[series, steps]
        median = np.median(points, axis=1, keepdims=True)
        levels = midpoints(POINTS)
        found = [crps(median + c * (points - median), levels, happened) for c in SPREADS]
        self._rows.append((year, steps + 1, np.stack(found, axis=1)))

    def best(self, year: int) -> float:
        """The factor with the least CRPS on forecasts whose outcome was known in ``year``, shrunk toward 1."""
        means = [found[o + h <= year].mean(axis=0) for o, h, found in self._rows if (o + h <= year).any()]
        if not means:
            return 1.0
        loss = np.mean(means, axis=0)
        # The prior's penalty is the squared log factor, in units of the plain pool's CRPS.
        pull = SPREAD_STRENGTH / len(means) * loss[np.argmin(np.abs(SPREADS - 1))] * np.log(SPREADS) ** 2
        return float(SPREADS[np.argmin(loss + pull)])


def _adjusted(points: NDArray[np.float32], spread: float) -> NDArray[np.float32]:
    """Every member's points with their distance from its own median times ``spread``."""
    median = np.median(points, axis=-1, keepdims=True)
    return np.asarray(median + np.float32(spread) * (points - median))


def _pool(panel: Panel, fitted: dict[int, Origin], scored: set[int], horizon: int, levels: Array) -> Backtest:
    result = Backtest(panel, levels)
    known = _Evidence(len(POOL))
    for year, origin in fitted.items():
        known.add(year, origin.points[:, : len(POOL)], _outcomes(panel, origin, horizon))
    scores = known.scores()
    trusted = _Evidence(2)
    spreads = _Spreads()
    mixed: list[Array] = []
    trends: list[Array] = []
    alone: list[Array] = []
    prior = PRIOR.array(pledged=False)[: len(POOL)]
    for year, origin in fitted.items():
        pool = pruned(learn_weights(scores.known_at(year), prior))
        pledge_weight = float(
            learn_weights(trusted.scores().known_at(year), np.array([1 - PRIOR.pledge_weight, PRIOR.pledge_weight]))[1]
        )
        weights = Weights(dict(zip(POOL, map(float, pool), strict=True)), pledge_weight, spreads.best(year))
        adjusted = _adjusted(origin.points, weights.spread)
        trend = _mixtures(origin.points, weights.array(pledged=False), midpoints(POINTS))
        spreads.add(year, trend, _outcomes(panel, origin, horizon))
        trend = _mixtures(adjusted, weights.array(pledged=False), midpoints(POINTS))
        both = np.stack([trend, adjusted[:, -1]], axis=1)
        trusted.add(year, both, _outcomes(panel, origin, horizon))
        if year not in scored:
            continue
        result.weights[year] = weights
        result.rows += [(name, year, h) for name in origin.names for h in range(1, horizon + 1)]
        trends.append(_mixtures(adjusted, weights.array(pledged=False), levels).reshape(-1, levels.size))
        mixed.append(_mixtures(adjusted, weights.array(pledged=True), levels).reshape(-1, levels.size))
        alone.append(_each(origin.points, levels))
    if result.rows:
        result.quantiles, result.trend = np.exp(np.concatenate(mixed)), np.exp(np.concatenate(trends))
        each = np.exp(np.concatenate(alone))
        result.members = {name: each[:, k] for k, name in enumerate(NAMES)}
    return result


def pooled(origin: Origin, weights: Weights, levels: Array) -> Array:
    """Quantiles of the ensemble with given weights, array (series, horizon, levels), in the series' own unit."""
    adjusted = _adjusted(origin.points, weights.spread)
    return np.asarray(np.exp(_mixtures(adjusted, weights.array(pledged=True), levels)))


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
        working = np.isfinite(points[i, :, 0, 0])
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
