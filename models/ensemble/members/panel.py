"""The panel model: log shares of all series together, year by year.

With ``m`` the mean log share of the panel, ``d`` a series' distance from it, ``c`` the smoothed recent change of ``m``
and ``u`` what goes on of it, the year from t to t + 1 is ::

    d[t+1] = (1 - a) d[t] + own shock                     a series returns toward the others
    m[t+1] = m[t] + u[t] + v (l - m[t]) + common shock    the panel goes on for a while
    u[t+1] = f u[t] + k (1 - w) common shock              what goes on fades; a part of every shock joins it
    u = k c, c[t] = w c[t-1] + (1 - w) (m[t] - m[t-1])    at the origin, from the figures

Two numbers are estimated at every origin (:func:`estimate`): ``a``, the part of its distance that a series closes in a
year, and ``k``, the part of the smoothed change that goes on in the next year. How it fades, ``f``, is a judgement
(:class:`Prior`). The level ``l`` to which the whole panel returns is not known: it is the present one with a wide
error. Every draw has its own ``a``, ``k``, ``f`` and ``l``. Shocks have fat tails: a draw is calm or turbulent as a
whole. Common shocks are the same for all series of a draw.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.ensemble.members.base import MemberFailed
from models.rng import generator
from models.series import Array, Panel

YEARS = 3
"""Years of the change from which ``a`` is estimated: a year's change is full of noise, ten years leave few."""
HALF_LIFE = 25.0
"""Years after which a figure counts half as much in ``a`` and ``k``."""
CACHED = 4
"""Draws of what all series share, by last year, horizon and momentum."""
TURBULENT, TURBULENT_SD = 0.25, math.sqrt(2.5)
CALM_SD = math.sqrt((1 - TURBULENT * TURBULENT_SD**2) / (1 - TURBULENT))
"""A quarter of the draws is turbulent, with five times the variance of a calm one; 1 on average. Decades differ so, and
unlike Student's t the shares keep a mean, which exists only if the tails of their logs are bounded by a normal's."""
COMMON_SD, COMMON_WEIGHT = 0.05, 10.0
"""Prior sd of a common shock, log points a year, and the number of years that it counts as."""
OWN_MEMORY, OWN_WEIGHT = 0.97, 20.0
"""Yearly weight of older squared own shocks, and the years of the panel's own shocks in each series' variance."""
LARGEST_SHOCK, LARGEST_IN_MEDIANS = 0.6, 3.0
"""Own shocks are cut at the first, log points, or at the second times the median one of the series, if that is more.
One hyperinflation does not set a panel's spread, but a series that always jumps keeps its own."""
MISSING_SERIES = 2.0
"""Series without change that are added to the panel's mean change, since two or three series say little."""
FEWEST_SERIES = 5
"""A panel of fewer series has no panel model."""
SHORTEST = 3
"""Fewer values of a series give no usable spread."""
_MOST_RETURN, _LEAST_K, _MOST_K, _MOST_FADING = 0.3, -0.5, 1.5, 0.95


@dataclass(frozen=True)
class Prior:
    """What is assumed before the figures; means and standard deviations of normal priors. Decision 13 has the reasons.

    Attributes
    ----------
    back : of ``a``. No return, but anything up to a fifth a year is plausible; the figures outweigh it.
    momentum : of ``k``.
    memory : constant ``w``.
    fading : constant ``f``, mean and sd. The figures do not tell how long a surge lasts: before 2014 they hold one,
        of 1951-53, that went back. Defence budgets are planned three to five years ahead; at 0.6 a year nine tenths of
        what a change carries over come within five years.
    level_return : constant ``v``. The figures cannot tell it, so it is about that of one series toward the others. It
        bounds how far the panel can wander.
    level_sd : constant, sd of ``l`` in logs: between half and twice the present level, roughly. The panel's mean was
        5.4 % in 1952 and 1.3 % in 2014.
    """

    back: tuple[float, float] = (0.0, 0.1)
    momentum: tuple[float, float] = (0.7, 0.2)
    memory: float = 0.6
    fading: tuple[float, float] = (0.6, 0.1)
    level_return: float = 0.03
    level_sd: float = 0.5


def mirrored(rng: np.random.Generator, draws: int, *shape: int) -> Array:
    """Standard normal numbers in which every second draw is its forerunner's negative, array (draws, *shape).

    Antithetic draws (Hammersley & Morton 1956): medians and means hardly depend on the seed, although all series share
    the same common shocks.
    """
    half = np.repeat(rng.standard_normal((-(-draws // 2), *shape)), 2, axis=0)[:draws]
    half[1::2] *= -1
    return half


def scales(rng: np.random.Generator, draws: int) -> Array:
    """The scale of each draw's shocks, calm or turbulent, of mean square 1; equal for both of a mirrored pair."""
    turbulent = rng.random(-(-draws // 2)) < TURBULENT
    return np.repeat(np.where(turbulent, TURBULENT_SD, CALM_SD), 2)[:draws]


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
        return np.clip(self.mean + self.sd * mirrored(rng, draws), least, most)


@dataclass(frozen=True)
class Parameters:
    """What the panel's past says; see the module.

    Attributes
    ----------
    back : the part ``a`` of its distance to the others that a series closes in a year.
    momentum : the part ``k`` of the smoothed change of all that goes on in the next year.
    common_sd : sd of a common shock, log points a year.
    """

    back: Estimate
    momentum: Estimate
    common_sd: float


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

    def smoothed(self, memory: float) -> Array:
        """The exponentially smoothed change of the panel, from zero; array (years,)."""
        smoothed = np.zeros(self.change.size)
        for year in range(1, self.change.size):
            smoothed[year] = memory * smoothed[year - 1] + (1 - memory) * self.change[year]
        return smoothed

    @cached_property
    def age_weight(self) -> Array:
        """The weight of a year's figures, 1 for the last; array (years,)."""
        return np.asarray(0.5 ** (np.arange(self.change.size)[::-1] / HALF_LIFE))


def estimate(history: History, prior: Prior = Prior()) -> Parameters:
    """The parameters, given all of ``history``.

    - ``a``: regression of the log change over three years on the distance at its start, both as deviations from their
      mean of that year, so that only differences between series count. A year has the weight of the root of its number
      of series. Huber's weights (statsmodels' RLM) keep single collapses and surges from deciding. Errors are clustered
      by series, since the changes overlap.
    - ``k``: weighted least squares of the panel's change on the smoothed change of the year before.
    - the sd of common shocks: by what that leaves, shrunk to its prior.
    """
    momentum, common_sd = _momentum(history, prior)
    return Parameters(_return(history, prior.back), momentum, common_sd)


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
    weights = (weight / np.sqrt(count))[year]
    weights *= _robust(y * np.sqrt(weights), x * np.sqrt(weights))
    fit = WLS(y, x, weights=weights).fit(cov_type="cluster", cov_kwds={"groups": series})
    kept = max(1 + float(fit.params[0]), 0.1)
    rate = kept ** (1 / YEARS)
    error = float(fit.bse[0]) * rate / (YEARS * kept)
    return Estimate.of(1 - rate, max(error, 1e-3), prior)


def _robust(y: Array, x: Array) -> Array:
    """Huber's weights; 1 where most residuals vanish, as of series that hardly change: then they have no scale."""
    from statsmodels.robust.robust_linear_model import RLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return np.asarray(RLM(y, x).fit().weights)
        except ConvergenceWarning:
            return np.ones_like(y)


def _momentum(history: History, prior: Prior) -> tuple[Estimate, float]:
    first = 3  # the smoothed change needs some years to build up
    weight = history.age_weight[first + 1 :] * np.sqrt(history.moved[first + 1 :])
    if weight.size < SHORTEST or not weight.any():
        return Estimate(*prior.momentum), COMMON_SD
    years = float(weight.sum() ** 2 / (weight**2).sum())  # effective number of years
    weight = weight / weight.sum()
    y, x = history.change[first + 1 :], history.smoothed(prior.memory)[first:-1]
    variance, square = max(float(weight @ y**2), 1e-8), max(float(weight @ x**2), 1e-12)
    for _ in range(3):
        # Few distinct years: a normal prior and a plug-in variance (mixed estimation, Theil & Goldberger 1961).
        k = Estimate.of(float(weight @ (x * y)) / square, math.sqrt(variance / (years * square)), prior.momentum)
        variance = max(float(weight @ (y - k.mean * x) ** 2), 1e-8)
    return k, math.sqrt((years * variance + COMMON_WEIGHT * COMMON_SD**2) / (years + COMMON_WEIGHT))


def _own_variance(history: History, back: float) -> Array:
    """Variance of each series' own yearly shocks, shrunk to the panel's; array (series,)."""
    shock = np.diff(history.log, axis=0) + back * history.distance[:-1]
    seen = np.isfinite(shock)
    shock = np.where(seen, shock, 0.0)
    shock -= (shock.sum(axis=1) / (seen.sum(axis=1) + MISSING_SERIES))[:, None]
    shock = np.where(seen, shock, np.nan)
    usual = np.array([np.median(np.abs(x[np.isfinite(x)])) if np.isfinite(x).any() else 0.0 for x in shock.T])
    largest = np.maximum(LARGEST_SHOCK, LARGEST_IN_MEDIANS * usual)
    shock = np.clip(np.nan_to_num(shock), -largest, largest)
    weight = OWN_MEMORY ** np.arange(shock.shape[0])[::-1][:, None] * seen
    total, years = (weight * shock**2).sum(axis=0), weight.sum(axis=0)
    panel = max(float(total.sum() / max(years.sum(), 1e-9)), 1e-8)
    return np.asarray((total + OWN_WEIGHT * panel) / (years + OWN_WEIGHT))


class FittedPanel:
    """The panel model, fitted. Row i of every series' paths is the same draw of what all series share."""

    def __init__(self, history: History, prior: Prior = Prior()) -> None:
        self.history, self.prior = history, prior
        self.parameters = parameters = estimate(history, prior)
        self._smoothed = float(history.smoothed(prior.memory)[-1])
        self.own_variance = _own_variance(history, parameters.back.mean)
        # functools' cache of a bound method would keep this object, with megabytes, until Python looks for cycles.
        self._drawn: dict[tuple[Any, ...], tuple[Array, Array]] = {}

    def place(self, name: str) -> tuple[int, int]:
        """Row and column of the series' last value; MemberFailed if it is too short to have a spread."""
        column = self.history.names.index(name)
        seen = np.flatnonzero(self.history.seen[:, column])
        if seen.size < SHORTEST:
            raise MemberFailed(f"{name}: fewer than {SHORTEST} values")
        return int(seen[-1]), column

    def last(self, name: str) -> int:
        """The series' last year; MemberFailed as :meth:`place` raises it."""
        return self.history.first + self.place(name)[0]

    def _shared(self, *key: Any) -> tuple[Array, Array]:
        """:meth:`_draw_shared`, cached."""
        found = self._drawn.get(key)
        if found is None:
            if len(self._drawn) >= CACHED:
                self._drawn.clear()
            found = self._drawn[key] = self._draw_shared(*key)
        return found

    def _draw_shared(self, row: int, horizon: int, draws: int, seed: int, momentum: bool) -> tuple[Array, Array]:
        """The panel's mean log level, array (draws, horizon), and the part of a distance kept in a year, (draws,)."""
        p, rng = self.parameters, generator(seed, "panel")
        back = p.back.draw(draws, rng, 0.0, _MOST_RETURN)
        k = p.momentum.draw(draws, rng, _LEAST_K, _MOST_K)
        fading = Estimate(*self.prior.fading).draw(draws, rng, 0.0, _MOST_FADING)
        level = self.history.mean[row]
        toward = level + self.prior.level_sd * mirrored(rng, draws)
        shocks = (p.common_sd * scales(rng, draws))[:, None] * mirrored(rng, draws, horizon)
        goes_on = k * (self._smoothed if momentum else 0.0)
        now, path = np.full(draws, level), np.empty((draws, horizon))
        for year in range(horizon):
            now = now + goes_on + self.prior.level_return * (toward - now) + shocks[:, year]
            goes_on = fading * goes_on + k * (1 - self.prior.memory) * shocks[:, year]
            path[:, year] = now
        return path, 1 - back

    def simulate(self, name: str, horizon: int, draws: int, seed: int, *, momentum: bool = True) -> Array:
        """Log paths of series ``name``, array (draws, horizon); without ``momentum`` the recent change counts as zero.

        Raises MemberFailed if the series has fewer than 3 values.
        """
        row, column = self.place(name)
        paths, kept = self._shared(row, horizon, draws, seed, momentum)
        rng = generator(seed, "panel", name)
        scale = math.sqrt(self.own_variance[column]) * scales(rng, draws)
        shocks = scale[:, None] * mirrored(rng, draws, horizon)
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
