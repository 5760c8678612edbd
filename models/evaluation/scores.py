"""Scores of predictive distributions, given the outcomes.

Forecasts are quantiles on common levels; rows are forecasts. scoringrules computes CRPS, its threshold-weighted
form and the Brier score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scoringrules
from numpy.typing import NDArray
from scipy.special import ndtri

from models.series import Array, Series

Mask = NDArray[np.bool_]


def crps(quantiles: Array, levels: Array, outcomes: Array) -> Array:
    """CRPS of each forecast, twice the mean pinball loss over ``levels``.

    Parameters
    ----------
    quantiles : array (n, levels). levels : array (levels,). outcomes : array (n,).

    Returns
    -------
    array (n,), in the unit of the outcomes; smaller is better.
    """
    return np.asarray(scoringrules.crps_quantile(outcomes, quantiles, levels, backend="numpy"))


def threshold_weighted_crps(quantiles: Array, outcomes: Array, threshold: Array) -> Array:
    """CRPS that counts only what lies at or above ``threshold`` (Allen, Ginsbourger & Ziegel 2023).

    The quantiles, on evenly spread levels, stand for an ensemble. ``threshold`` is an array (n,).
    """
    above = np.maximum(quantiles, threshold[:, None])
    return np.asarray(scoringrules.crps_ensemble(np.maximum(outcomes, threshold), above, backend="numpy"))


def exceedance(quantiles: Array, levels: Array, threshold: Array) -> Array:
    """The probability of at least ``threshold`` (n,) that each row's quantiles imply, array (n,).

    Linear between levels; outside them half of what is left, so never exactly 0 or 1.
    """
    below = np.array(
        [
            np.interp(t, q, levels, left=levels[0] / 2, right=(1 + levels[-1]) / 2)
            for q, t in zip(quantiles, threshold, strict=True)
        ]
    )
    return 1 - below


def pit(quantiles: Array, levels: Array, outcomes: Array) -> Array:
    """Probability integral transform of each outcome, array (n,): uniform on (0, 1) if calibrated."""
    return 1 - exceedance(quantiles, levels, outcomes)


def covered(quantiles: Array, levels: Array, outcomes: Array, interval: float) -> Mask:
    """Whether each outcome lies in the central ``interval`` (0.8, 0.95, ...), array (n,)."""
    low, high = (
        np.array([np.interp(p, levels, q) for q in quantiles]) for p in ((1 - interval) / 2, (1 + interval) / 2)
    )
    return (low <= outcomes) & (outcomes <= high)


def brier(probabilities: Array, happened: Mask) -> Array:
    """Brier score of each probability, array (n,): 0 is perfect, a coin scores 0.25."""
    return np.asarray(scoringrules.brier_score(happened.astype(float), probabilities, backend="numpy"))


def log_score(probabilities: Array, happened: Mask) -> Array:
    """Minus the log of the probability forecast for the outcome, array (n,)."""
    return -np.log(np.where(happened, probabilities, 1 - probabilities))


@dataclass(frozen=True)
class ReliabilityBin:
    """Forecasts of similar probability: their mean probability, and how often the event happened."""

    probability: float
    frequency: float
    forecasts: int


def reliability(probabilities: Array, happened: Mask, bins: int = 10) -> list[ReliabilityBin]:
    """The reliability curve: forecasts sorted into ``bins`` of equal width; empty ones are left out."""
    index = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        ReliabilityBin(
            float(probabilities[index == b].mean()), float(happened[index == b].mean()), int((index == b).sum())
        )
        for b in range(bins)
        if (index == b).any()
    ]


def log_change_sd(series: Series) -> float:
    """Standard deviation of a series' annual log changes, at least 1e-4: the spread of its random walk."""
    return max(float(np.std(np.diff(series.log))), 1e-4)


def random_walk(start: Array, sd: Array, years: Array, levels: Array) -> Array:
    """Quantiles of random walks in logs, array (n, levels): the benchmark of every skill.

    Parameters
    ----------
    start : array (n,), positive, in the unit of the outcomes. sd : array (n,), of one year's log change.
    years : array (n,), how far ahead. levels : array (levels,), between 0 and 1.
    """
    return np.asarray(np.exp(np.log(start)[:, None] + (sd * np.sqrt(years))[:, None] * ndtri(levels)))


def skill(scores: Array, reference: Array) -> float:
    """1 - mean score / mean score of the reference: above 0 is better than the reference."""
    return float(1 - scores.mean() / reference.mean())


def skill_interval(
    scores: Array,
    reference: Array,
    groups: NDArray[np.str_],
    blocks: NDArray[np.int64],
    *,
    seed: int = 1,
    resamples: int = 1000,
) -> tuple[float, float]:
    """A 90 % interval of :func:`skill`, from a bootstrap over series and, independently, over blocks of origins.

    Errors of one series at neighbouring origins overlap, and all series share the shocks of a year. Resampling both
    keeps both dependences (the pigeonhole bootstrap, Owen 2007).

    Parameters
    ----------
    groups : array (n,), the series. blocks : array (n,), the block of each origin.
    """
    rng = np.random.default_rng(seed)
    names, series = np.unique(groups, return_inverse=True)
    eras, block = np.unique(blocks, return_inverse=True)
    sums = np.zeros((2, eras.size, names.size))
    for total, values in zip(sums, (scores, reference), strict=True):
        np.add.at(total, (block, series), values)
    times = [rng.multinomial(n, np.full(n, 1 / n), size=resamples) for n in (eras.size, names.size)]
    ours, theirs = (np.einsum("re,es,rs->r", times[0], total, times[1]) for total in sums)
    used = theirs > 0
    low, high = np.quantile(1 - ours[used] / theirs[used], [0.05, 0.95])
    return float(low), float(high)
