"""Futures of each ally's GDP, around the projections of :mod:`models.dataset.gdp`.

**Errors of such projections** (:func:`growth_errors`). Only one edition of the Outlook is bundled, so its own
past errors cannot be computed. The proxy is the difference of actual growth from its recent average, since
1995. Celasun, Lee, Mrkaic & Timmermann (IMF Working Paper 2021/216) support it: in up to half of the countries
the Outlook's forecasts two to five years ahead, 2004-17, are less accurate than the recent average, and they
are too high on average. Its forecasts of the next year are better, so the first year of our paths is rather
too wide. The paths are centred on the projection, without a bias.

All growth here is log growth, unless a name says percent. Of ally i in year t, h years ahead, the error is ::

    sd[i] * (sqrt(1 - trend_part) * e[i, t] + sqrt(trend_part) * d[i])          both of unit variance
    e[i, t] = persistence * e[i, t-1] + share_slope * (log share change - its median over the draws) + rest

so errors are permanent in the level of GDP, a world-wide recession hits all allies in the same draw, and GDP
tends to fall short where the share rises more than expected. The constant d, a trend other than the projected
one, makes the level's error grow faster than the square root of the horizon: with yearly errors alone (e),
simulated ten-year errors are two thirds of those of the best of several averages. CBO, too, finds its two-year
forecasts "not, on the whole, more accurate" than its five-year ones, per year (CBO's Economic Forecasting
Record: 2021 Update), which needs such a constant. No published table of the Outlook's own error sizes was found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from models.dataset.countries import allies
from models.dataset.gdp import RECENT, actual_growth, projected_growth
from models.dataset.observations import latest_figures
from models.dataset.tables import BUNDLED, Tables
from models.rng import generator
from models.series import Array

FIRST_ERROR = 1995
"""Earlier growth is missing, or shows the transition from planned economies."""
RECENT_AT_LEAST = 3
"""The fewest years whose mean counts as the expected change of a share."""
MEDIUM_TERM, MEDIUM_TERM_MEMORY = 5, 10
"""The trend compares the growth of so many years with the mean of so many years before."""
MOST_TREND = 0.5
"""At most this part of a year's variance is trend: early origins have few spans to learn it from."""
CLIP = 3.0
"""Errors are winsorised at so many robust standard deviations, so that 2009 and 2020 do not dominate."""
PANEL_WEIGHT = 10.0
"""In an ally's error variance, the variance of all allies counts as so many years of its own."""
ENOUGH_ERRORS = 100
"""With fewer errors of all allies together (origins before 1999) the prior below is used."""
TAILS = 5.0
"""Degrees of freedom of the shocks, Student's t of unit variance: the tails restore the crises that were clipped."""
LEAST_REST = 0.5
"""At least this part of the variance of growth is not explained by the draw's own share."""


@dataclass(frozen=True)
class GrowthErrors:
    """Errors of expected growth, log units.

    Attributes
    ----------
    sd : by ally, standard deviation of a year's error.
    common_correlation : mean correlation of two allies' errors of the same year.
    persistence : first-order autocorrelation of an ally's errors.
    trend_part : part of the variance of a year's error that is a trend other than the projected one.
    share_slope : error of growth per unit of surprise in the log change of the same year's core share.
    errors, surprises : how many of them growth and the slope were learned from; 0 for the prior.
    """

    sd: Mapping[str, float]
    common_correlation: float
    persistence: float
    trend_part: float
    share_slope: float
    errors: int
    surprises: int


def growth_errors(origin: int, tables: Tables = BUNDLED, *, sipri: bool = True) -> GrowthErrors:
    """Errors of growth, learned from the years up to ``origin`` (at most the last that the Outlook reports).

    With z = error / sd of its ally, winsorised:

    - variance of an ally with n errors of mean square s^2: (n s^2 + PANEL_WEIGHT S^2) / (n + PANEL_WEIGHT), where
      S^2 is the mean square of all allies' errors;
    - common correlation: mean of z z' over all pairs of allies in the same year / mean of z^2;
    - persistence: sum of z[t] z[t-1] / sum of z[t-1]^2 over all allies;
    - trend part: (Q - V) / (h^2 - V), h = 5, where Q is the mean square of z summed over h years, but with growth
      itself winsorised and measured against the midpoint of its own and all allies' mean of ten years before
      (the most accurate of several averages), and V is that of an autoregression of unit variance;
    - slope: least squares of the errors on the surprises (:func:`_share_surprises`), each ally weighted by its
      1 / variance. It is far from -1, which a recession alone would give, as most surprises in the share are
      decisions about spending. ``sipri`` says whether the shares before 2014 are SIPRI's, as those of the fit are.
    """
    return errors_until(min(origin, tables.uses.outlook_actual), tables, sipri)


@cache
def errors_until(last: int, tables: Tables, sipri: bool) -> GrowthErrors:
    errors = {code: winsorised(deviations(actual_growth(code, tables), last, RECENT)) for code in allies(tables)}
    count = sum(len(e) for e in errors.values())
    if count < ENOUGH_ERRORS:
        # The prior: round figures, close to those learned from later years.
        return GrowthErrors(MappingProxyType(dict.fromkeys(errors, 0.03)), 0.4, 0.2, 0.2, 0.0, 0, 0)
    squares = {code: sum(x * x for x in e.values()) for code, e in errors.items()}
    panel = sum(squares.values()) / count
    sd = {c: math.sqrt((squares[c] + PANEL_WEIGHT * panel) / (len(e) + PANEL_WEIGHT)) for c, e in errors.items()}
    scaled = np.full((len(errors), last - FIRST_ERROR + 1), np.nan)
    for row, (code, found) in enumerate(errors.items()):
        for year, error in found.items():
            scaled[row, year - FIRST_ERROR] = error / sd[code]
    persistence = autocorrelation(scaled)
    surprises = {code: found for code, found in _share_surprises(last, tables, sipri).items() if code in errors}
    return GrowthErrors(
        MappingProxyType(sd),
        mean_correlation(scaled),
        persistence,
        trend_part(sd, last, persistence, tables),
        slope_on_surprises(errors, surprises, sd),
        count,
        sum(len(found.keys() & errors[code].keys()) for code, found in surprises.items()),
    )


def deviations(values: Mapping[int, float], last: int, at_least: int) -> dict[int, float]:
    """Each year's value minus the mean of the :data:`RECENT` years before it, from :data:`FIRST_ERROR` to ``last``."""
    found: dict[int, float] = {}
    for year in range(FIRST_ERROR, last + 1):
        before = [values[y] for y in range(year - RECENT, year) if y in values]
        if year in values and len(before) >= at_least:
            found[year] = values[year] - sum(before) / len(before)
    return found


def winsorised(values: Mapping[int, float]) -> dict[int, float]:
    if not values:
        return {}
    clipped = _clipped(np.array(list(values.values()))[:, None])[:, 0]
    return {year: float(value) for year, value in zip(values, clipped, strict=True)}


def _clipped(values: Array) -> Array:
    """Columns of ``values`` winsorised at :data:`CLIP` robust standard deviations from their medians."""
    middle = np.median(values, axis=0)
    reach = CLIP * 1.4826 * np.median(np.abs(values - middle), axis=0)
    return np.clip(values, middle - reach, middle + reach)


def _share_surprises(last: int, tables: Tables, sipri: bool) -> dict[str, dict[int, float]]:
    """By ally, each year's change of the log core share minus the mean of its changes of the years before."""
    surprises: dict[str, dict[int, float]] = {}
    for code, series in latest_figures(tables, sipri=sipri).panel(last).items():
        changes = dict(zip(series.years[1:].tolist(), np.diff(series.log).tolist(), strict=True))
        surprises[code] = winsorised(deviations(changes, last, RECENT_AT_LEAST))
    return surprises


def mean_correlation(scaled: Array) -> float:
    """Mean correlation of two different rows in the same column; NaN where there is no error."""
    seen = (~np.isnan(scaled)).sum(axis=0)
    products = np.nansum(scaled, axis=0) ** 2 - np.nansum(scaled**2, axis=0)
    correlation = products.sum() / max(int((seen * (seen - 1)).sum()), 1) / np.nanmean(scaled**2)
    return float(np.clip(correlation, 0.0, 0.95))


def autocorrelation(scaled: Array) -> float:
    now, before = scaled[:, 1:], scaled[:, :-1]
    both = ~np.isnan(now) & ~np.isnan(before)
    return float(np.clip((now[both] * before[both]).sum() / (before[both] ** 2).sum(), 0.0, 0.9))


def trend_part(sd: Mapping[str, float], last: int, persistence: float, tables: Tables = BUNDLED) -> float:
    start = FIRST_ERROR - MEDIUM_TERM_MEMORY
    grown = np.full((len(sd), last - start + 1), np.nan)
    for row, code in enumerate(sd):
        known = {year: g for year, g in actual_growth(code, tables).items() if FIRST_ERROR - RECENT <= year <= last}
        for year, value in winsorised(known).items():
            grown[row, year - start] = value
    misses = []
    for end in range(MEDIUM_TERM_MEMORY, grown.shape[1] - MEDIUM_TERM + 1):
        before, after = grown[:, end - MEDIUM_TERM_MEMORY : end], grown[:, end : end + MEDIUM_TERM]
        usable = ~np.isnan(before[:, -RECENT:]).any(axis=1)
        if not usable.any():
            continue
        expected = (np.nanmean(before[usable], axis=1) + np.nanmean(before)) / 2
        misses.append((after[usable].sum(axis=1) - MEDIUM_TERM * expected) / np.array(list(sd.values()))[usable])
    if not misses:
        return 0.0
    autoregression = cumulated_variance(persistence, MEDIUM_TERM)
    excess = float(np.mean(np.concatenate(misses) ** 2)) - autoregression
    return float(np.clip(excess / (MEDIUM_TERM**2 - autoregression), 0.0, MOST_TREND))


def cumulated_variance(persistence: float, years: int) -> float:
    """Variance of the sum of an AR(1)'s first values, starting from 0, where that of a late one is 1."""
    weights = np.cumsum(persistence ** np.arange(years))
    return float((weights**2).sum()) * (1 - persistence**2)


def slope_on_surprises(
    errors: Mapping[str, Mapping[int, float]], surprises: Mapping[str, Mapping[int, float]], sd: Mapping[str, float]
) -> float:
    pairs = np.array(
        [
            (errors[code][year] / sd[code], surprise / sd[code])
            for code, found in surprises.items()
            for year, surprise in found.items()
            if year in errors[code]
        ]
    ).reshape(-1, 2)
    square = float((pairs[:, 1] ** 2).sum())
    return float((pairs[:, 0] * pairs[:, 1]).sum()) / square if square else 0.0


def simulate_gdp(
    code: str,
    origin: int,
    horizon: int,
    core_log_share: Array | None,
    draws: int,
    seed: int,
    tables: Tables = BUNDLED,
    known: int | None = None,
    *,
    sipri: bool = True,
) -> Array:
    """Futures of an ally's real GDP around its projection.

    The yearly errors start from 0, since the origin's own growth is known or nearly so: the first year's error
    is a little smaller than later ones. The median of each year's growth is the projection.

    Parameters
    ----------
    code : ISO alpha-3 code of an ally, Iceland included.
    origin : last year known; nothing later is used.
    horizon : years.
    core_log_share : array (draws, 1 + horizon), log of the core share of the same draws, column 0 the origin; None
        for growth independent of the share.
    draws, seed : row i of all allies shares the same common shocks, for the same seed.
    known : the last year that the projection and its errors may use; the origin if None.
    sipri : whether the reaction to the share is also learned from SIPRI's shares.

    Returns
    -------
    array (draws, 1 + horizon), real GDP as a multiple of the origin's; column 0 is 1.
    """
    errors = growth_errors(origin if known is None else known, tables, sipri=sipri)
    years = range(origin + 1, origin + horizon + 1)
    innovation_sd = errors.sd[code] * math.sqrt((1 - errors.trend_part) * (1 - errors.persistence**2))
    innovations = innovation_sd * np.column_stack(
        # Year by year, so that a year has the same shocks at any horizon and origin.
        [_shocks(code, str(year), errors.common_correlation, draws, seed) for year in years]
    )
    if core_log_share is not None:
        innovations = _moved_by_share(innovations, innovation_sd, errors.share_slope, core_log_share)
    trend = (
        errors.sd[code] * math.sqrt(errors.trend_part) * _shocks(code, "trend", errors.common_correlation, draws, seed)
    )
    log_growth = np.zeros((draws, 1 + horizon))
    error = np.zeros(draws)
    for step, projected in enumerate(np.log1p(projected_growth(code, origin, horizon, tables, known) / 100)):
        error = errors.persistence * error + innovations[:, step]
        log_growth[:, step + 1] = projected + trend + error
    return np.asarray(np.exp(np.cumsum(log_growth, axis=1)))


def _shocks(code: str, what: str, correlation: float, draws: int, seed: int) -> Array:
    """Shocks of unit variance, array (draws,); any two allies' have the given correlation."""
    unit = math.sqrt((TAILS - 2) / TAILS)
    common = generator(seed, "growth", what).standard_t(TAILS, draws)
    own = generator(seed, "growth", what, code).standard_t(TAILS, draws)
    return np.asarray(unit * (math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own))


def _moved_by_share(innovations: Array, sd: float, slope: float, core_log_share: Array) -> Array:
    """Innovations that partly follow the draw's own share; their variance stays ``sd`` squared."""
    changes = np.diff(np.asarray(core_log_share, dtype=np.float64), axis=1)
    # Clipped like the surprises that the slope was learned from: a doubling of the share says nothing of GDP.
    follows = slope * (_clipped(changes) - np.median(changes, axis=0))
    most = sd * math.sqrt(1 - LEAST_REST)
    spread = follows.std(axis=0)
    follows *= np.minimum(1.0, most / np.maximum(spread, most))
    return np.asarray(follows + innovations * np.sqrt(1 - np.minimum(spread, most) ** 2 / sd**2))
