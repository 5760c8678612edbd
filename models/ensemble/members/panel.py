"""The panel model: log shares of all series together, year by year.

With ``m`` the mean log share of the panel, ``d`` a series' distance from it, and ``c`` the smoothed recent change of
``m``, the year from t to t + 1 is ::

    d[t+1] = (1 - a) d[t] + own shock                                   a series returns toward the others
    g[t+1] = k c[t] + v (u - m[t]) + common shock            the panel's change
    c[t+1] = w c[t] + (1 - w) g[t+1]                                    exponential smoothing
    m[t+1] = m[t] + g[t+1]

Three numbers are estimated at every origin (:func:`estimate`): ``a``, the part of its distance that a series closes
in a year; ``k``, the part of the smoothed change that goes on; ``w``, the memory of the smoothing. The level ``u`` to
which the whole panel returns is not known: it is the present one with a wide error. Every draw has its own ``a``,
``k``, ``w`` and ``u`` from their posterior distributions. Shocks are Student's t; common ones are the same for all
series of a draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from models.ensemble.members.base import MemberFailed
from models.rng import generator
from models.series import Array, Panel

LEAST_LEVEL_SD = 0.3
"""Least sd of ``u``, logs; otherwise that of the panel's yearly means."""
YEARS = 5
"""Years of the change from which ``a`` is estimated: a year's change is full of noise, ten years leave few."""
HALF_LIFE = 25.0
"""Years after which a figure counts half as much in ``a``, ``k`` and ``w``."""
TAILS = 5.0
"""Degrees of freedom of the shocks."""
COMMON_SD, COMMON_WEIGHT = 0.05, 10.0
"""Prior sd of a common shock, log points a year, and the number of years that it counts as."""
OWN_MEMORY, OWN_WEIGHT = 0.97, 20.0
"""Yearly weight of older squared own shocks, and the years of the panel's own shocks in each series' variance."""
LARGEST_SHOCK = 0.6
"""Own shocks are cut here, log points, so that one hyperinflation does not set a panel's spread."""
MISSING_SERIES = 2.0
"""Series without change that are added to the panel's mean change, since two or three series say little."""
FEWEST_SERIES = 5
"""A panel of fewer series has no panel model."""
SHORTEST = 3
"""Fewer values of a series give no usable spread."""
_MOST_RETURN, _LEAST_K, _MOST_K = 0.3, -0.5, 1.0


@dataclass(frozen=True)
class Prior:
    """What is assumed before the figures; means and standard deviations of normal priors. Decision 13 has the reasons.

    Attributes
    ----------
    back : of ``a``. No return, but anything up to a fifth a year is plausible; the figures outweigh it.
    momentum : of ``k``. With these memories the smoothed change keeps 0.85 to 0.97 of itself a year, as damped trends
        do: the factor is 0.8 to 0.98 in Gardner & McKenzie (1985) and in the M-competitions.
    memories : values of ``w``, equally likely: the mean age of the changes is 1 to 9 years.
    level_return : constant, the part of its distance to the level ``u`` that the panel closes in a year. The figures
        cannot tell it, so it is about that of one series toward the others. It bounds how far the panel can wander.
    """

    back: tuple[float, float] = (0.0, 0.1)
    momentum: tuple[float, float] = (0.7, 0.2)
    memories: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9)
    level_return: float = 0.03


@dataclass(frozen=True)
class Estimate:
    """Mean and standard deviation of a parameter's normal posterior."""

    mean: float
    sd: float

    @classmethod
    def of(cls, estimate: float, error: float, prior: tuple[float, float]) -> Estimate:
        """A normal prior (mean, sd) updated with an estimate and its standard error."""
        weight, before = 1 / error**2, 1 / prior[1] ** 2
        total = weight + before
        return cls((weight * estimate + before * prior[0]) / total, 1 / math.sqrt(total))

    def draw(self, draws: int, rng: np.random.Generator, least: float, most: float) -> Array:
        """Values from the posterior, cut to ``least`` ... ``most``, array (draws,)."""
        return np.clip(self.mean + self.sd * rng.standard_normal(draws), least, most)


@dataclass(frozen=True)
class Parameters:
    """What the panel's past says; see the module.

    Attributes
    ----------
    back : the part ``a`` of its distance to the others that a series closes in a year.
    momentum : ``k`` for each of the prior's memories.
    memory : probability of each of the memories, array.
    common_sd : sd of a common shock, log points a year.
    level_sd : sd of the level ``u`` around the present one, logs.
    """

    back: Estimate
    momentum: tuple[Estimate, ...]
    memory: Array
    common_sd: float
    level_sd: float


class History:
    """The panel on one calendar. Every array is (years, series), or (years,) for what all series share."""

    def __init__(self, panel: Panel) -> None:
        self.names = tuple(panel)
        self.first = min(s.start for s in panel.values())
        last = max(s.end for s in panel.values())
        self.log = np.full((last - self.first + 1, len(self.names)), np.nan)
        for i, s in enumerate(panel.values()):
            self.log[s.start - self.first : s.end - self.first + 1, i] = s.log
        self.seen = np.isfinite(self.log)

    @cached_property
    def mean(self) -> Array:
        """The panel's mean log level by year, over the series seen in that year."""
        return np.nansum(self.log, axis=1) / np.maximum(self.seen.sum(axis=1), 1)

    @cached_property
    def distance(self) -> Array:
        """Each series' log distance from the panel's mean; NaN where it was not seen."""
        return self.log - self.mean[:, None]

    @cached_property
    def moved(self) -> NDArray[np.int64]:
        """How many series were seen in a year and the year before, array (years,)."""
        return np.concatenate([[0], (self.seen[1:] & self.seen[:-1]).sum(axis=1)])

    @cached_property
    def change(self) -> Array:
        """The panel's mean log change by year, shrunk to zero where few series are seen; array (years,)."""
        total = np.concatenate([[0.0], np.nansum(np.diff(self.log, axis=0), axis=1)])
        return total / (self.moved + MISSING_SERIES)

    def smoothed(self, memories: Array) -> Array:
        """The exponentially smoothed change for each of ``memories``, from zero; array (years, memories)."""
        smoothed = np.zeros((self.change.size, memories.size))
        for year in range(1, self.change.size):
            smoothed[year] = memories * smoothed[year - 1] + (1 - memories) * self.change[year]
        return smoothed

    @cached_property
    def age_weight(self) -> Array:
        """The weight of a year's figures, 1 for the last; array (years,)."""
        return np.asarray(0.5 ** (np.arange(self.change.size)[::-1] / HALF_LIFE))


def estimate(history: History, prior: Prior = Prior()) -> Parameters:
    """The parameters, given all of ``history``.

    - ``a``: weighted least squares of the log change over five years on the distance at its start, both as deviations
      from their mean of that year, so that only differences between series count. A year has the weight of the root
      of its number of series. Errors are clustered by series, since five-year changes overlap.
    - ``k``: for each memory, weighted least squares of the panel's change on the smoothed change of the year before.
    - the probability of each memory, and the sd of common shocks, by the likelihood of the panel's changes.
    """
    momentum, memory, common_sd = _momentum(history, prior)
    level_sd = max(float(history.mean.std()), LEAST_LEVEL_SD)
    return Parameters(_return(history, prior.back), momentum, memory, common_sd, level_sd)


def _return(history: History, prior: tuple[float, float]) -> Estimate:
    # Imported here: statsmodels takes 1 s and 100 MB, which a process that only serves does not pay.
    from statsmodels.regression.linear_model import WLS

    if history.log.shape[0] <= YEARS:
        return Estimate(*prior)
    change = history.log[YEARS:] - history.log[:-YEARS]
    enough = np.isfinite(change).sum(axis=1) >= SHORTEST
    change, start, weight = (x[enough] for x in (change, history.distance[:-YEARS], history.age_weight[:-YEARS]))
    used = np.isfinite(change)
    year, series = np.nonzero(used)
    if np.unique(series).size < FEWEST_SERIES:
        return Estimate(*prior)
    count = used.sum(axis=1)
    y, x = (
        (np.where(used, v, 0.0) - np.where(used, v, 0.0).sum(axis=1, keepdims=True) / count[:, None])[used]
        for v in (change, start)
    )
    if float(x @ x) < 1e-12:  # all series are equal
        return Estimate(*prior)
    fit = WLS(y, x, weights=(weight / np.sqrt(count))[year]).fit(cov_type="cluster", cov_kwds={"groups": series})
    kept = max(1 + float(fit.params[0]), 0.1)
    rate = kept ** (1 / YEARS)
    error = float(fit.bse[0]) * rate / (YEARS * kept)
    return Estimate.of(1 - rate, max(error, 1e-3), prior)


def _momentum(history: History, prior: Prior) -> tuple[tuple[Estimate, ...], Array, float]:
    first, count = 3, len(prior.memories)  # the smoothed change needs some years to build up
    weight = history.age_weight[first + 1 :] * np.sqrt(history.moved[first + 1 :])
    if weight.size < SHORTEST or not weight.any():
        return (Estimate(*prior.momentum),) * count, np.full(count, 1 / count), COMMON_SD
    years = float(weight.sum() ** 2 / (weight**2).sum())  # effective number of years
    weight = weight / weight.sum()
    y = history.change[first + 1 :]
    found, variances, evidence = [], np.empty(count), np.empty(count)
    smoothed = history.smoothed(np.array(prior.memories))
    for i in range(count):
        x = smoothed[first:-1, i]
        variance = max(float(weight @ y**2), 1e-8)
        for _ in range(3):
            # Few distinct years: a normal prior and a plug-in variance (mixed estimation, Theil & Goldberger 1961).
            square = max(float(weight @ x**2), 1e-12)
            k = Estimate.of(float(weight @ (x * y)) / square, math.sqrt(variance / (years * square)), prior.momentum)
            variance = max(float(weight @ (y - k.mean * x) ** 2), 1e-8)
        found.append(k)
        variances[i] = variance
        miss = (k.mean - prior.momentum[0]) / prior.momentum[1]
        evidence[i] = -years / 2 * math.log(variance) - miss**2 / 2 + math.log(k.sd)  # Laplace's approximation
    memory = np.exp(evidence - evidence.max())
    memory /= memory.sum()
    variance = (years * float(memory @ variances) + COMMON_WEIGHT * COMMON_SD**2) / (years + COMMON_WEIGHT)
    return tuple(found), memory, math.sqrt(variance)


def _own_variance(history: History, back: float) -> Array:
    """Variance of each series' own yearly shocks, shrunk to the panel's; array (series,)."""
    shock = np.diff(history.log, axis=0) + back * history.distance[:-1]
    seen = np.isfinite(shock)
    shock = np.where(seen, shock, 0.0)
    shock -= (shock.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))[:, None]
    shock = np.clip(np.where(seen, shock, 0.0), -LARGEST_SHOCK, LARGEST_SHOCK)
    weight = OWN_MEMORY ** np.arange(shock.shape[0])[::-1][:, None] * seen
    total, years = (weight * shock**2).sum(axis=0), weight.sum(axis=0)
    panel = max(float(total.sum() / max(years.sum(), 1e-9)), 1e-8)
    return np.asarray((total + OWN_WEIGHT * panel) / (years + OWN_WEIGHT))


class FittedPanel:
    """The panel model, fitted. Row i of every series' paths is the same draw of what all series share."""

    def __init__(self, history: History, prior: Prior = Prior()) -> None:
        self.history, self.prior = history, prior
        self.parameters = parameters = estimate(history, prior)
        self._memories = np.array(prior.memories)
        self._smoothed = history.smoothed(self._memories)[-1]
        self.own_variance = _own_variance(history, parameters.back.mean)
        self._shared = lru_cache(maxsize=4)(self._draw_shared)

    def place(self, name: str) -> tuple[int, int]:
        """Row and column of the series' last value; MemberFailed if it is too short to have a spread."""
        column = self.history.names.index(name)
        seen = np.flatnonzero(self.history.seen[:, column])
        if seen.size < SHORTEST:
            raise MemberFailed(f"{name}: fewer than {SHORTEST} values")
        return int(seen[-1]), column

    def _draw_shared(self, row: int, horizon: int, draws: int, seed: int, momentum: bool) -> tuple[Array, Array]:
        """The panel's mean log level, array (draws, horizon), and the part of a distance kept in a year, (draws,)."""
        p, rng = self.parameters, generator(seed, "panel")
        back = p.back.draw(draws, rng, 0.0, _MOST_RETURN)
        which = np.searchsorted(np.cumsum(p.memory)[:-1], rng.random(draws))
        mean, sd = (np.array([getattr(k, name) for k in p.momentum])[which] for name in ("mean", "sd"))
        k = np.clip(mean + sd * rng.standard_normal(draws), _LEAST_K, _MOST_K)
        memory = self._memories[which]
        level = self.history.mean[row]
        toward = level + p.level_sd * rng.standard_normal(draws)
        # One scale a draw: decades are calm or turbulent as a whole.
        scale = p.common_sd * np.sqrt((TAILS - 2) / rng.chisquare(TAILS, draws))
        shocks = scale[:, None] * rng.standard_normal((draws, horizon))
        smoothed = self._smoothed[which] if momentum else np.zeros(draws)
        now, path = np.full(draws, level), np.empty((draws, horizon))
        for year in range(horizon):
            change = k * smoothed + self.prior.level_return * (toward - now) + shocks[:, year]
            smoothed = memory * smoothed + (1 - memory) * change
            now = now + change
            path[:, year] = now
        return path, 1 - back

    def simulate(self, name: str, horizon: int, draws: int, seed: int, *, momentum: bool = True) -> Array:
        """Log paths of series ``name``, array (draws, horizon); without ``momentum`` the recent change counts as zero.

        Raises MemberFailed if the series has fewer than 3 values.
        """
        row, column = self.place(name)
        paths, kept = self._shared(row, horizon, draws, seed, momentum)
        rng = generator(seed, "panel", name)
        scale = math.sqrt(self.own_variance[column]) * np.sqrt((TAILS - 2) / rng.chisquare(TAILS, draws))
        shocks = scale[:, None] * rng.standard_normal((draws, horizon))
        distance = np.full(draws, self.history.distance[row, column])
        out = np.empty((draws, horizon))
        for year in range(horizon):
            distance = kept * distance + shocks[:, year]
            out[:, year] = paths[:, year] + distance
        return out


class PanelModel:
    """See the module."""

    name = "panel"

    def __init__(self, prior: Prior = Prior()) -> None:
        self.prior = prior

    def fit(self, panel: Panel) -> FittedPanel:
        """Estimate the parameters on ``panel``; raises MemberFailed if it has fewer than 5 series."""
        if len(panel) < FEWEST_SERIES:
            raise MemberFailed(f"a panel of {len(panel)} series; the panel model needs {FEWEST_SERIES}")
        return FittedPanel(History(panel), self.prior)
