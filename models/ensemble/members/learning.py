"""Learning the pooled member's parameters from forecasts whose outcomes are known, shrunk to a prior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scoringrules
from scipy.special import gammaln

from models.ensemble.members.momentum import GRID, HORIZON, History, Parameters, moments
from models.series import Array

FEWEST = 5  # values a series must have had at a past origin for a forecast from there to teach anything
MOST = 2500  # past (origin, series) pairs used; more are thinned evenly, to bound the time
# Prior strength: one grid step from the prior costs as much as this share of one independent forecast's loss. The
# spread is held more tightly, as few eras are turbulent and each counts as one observation of it.
STRENGTH_MEAN, STRENGTH_SPREAD = 0.15, 0.5
OVERLAP = (HORIZON + 1) / 2  # mean horizon, years
COMMON_PRIOR = 0.3  # correlation of shocks between series with no evidence
COMMON_STRENGTH = 100.0  # pairs of forecasts that this prior is worth
ERA = 5  # years of origins that are calm or turbulent together
TURBULENT = 0.25  # share of the past, its most turbulent part, from which the spread is learned
MEAN = ("others", "damping", "memory", "own_reversion", "panel_reversion", "own", "drift")
SPREAD = ("inflation", "slope", "doubt", "pooling", "tails")
OUTLIER = 5.0  # standardised errors are cut here: one hyperinflation must not set the spread of a panel


@dataclass(frozen=True)
class Common:
    """Shares of variance that all series of a panel have in common.

    Attributes
    ----------
    yearly, drift, doubt : of the yearly shocks, of the unknown drift, and of the doubt about the panel's momentum.
    """

    yearly: float = COMMON_PRIOR
    drift: float = COMMON_PRIOR
    doubt: float = COMMON_PRIOR


class Evidence:
    """Every forecast of the panel's past whose outcome is known.

    An origin with ``n`` series weighs as the root of ``n``, between one observation and ``n``.
    """

    def __init__(self, history: History) -> None:
        years, _ = history.log.shape
        rows, columns = np.nonzero(history.seen & (history.count >= FEWEST))
        ahead = rows[:, None] + np.arange(1, HORIZON + 1)
        inside = ahead < years
        outcome = np.where(inside, history.log[np.minimum(ahead, years - 1), columns[:, None]], np.nan)
        change = outcome - history.log[rows, columns][:, None]
        kept = np.flatnonzero(np.isfinite(change).any(axis=1))
        kept = kept[:: max(1, -(-kept.size // MOST))]
        self.history, self.rows, self.columns = history, rows[kept], columns[kept]
        self.known = np.isfinite(change[kept])
        self.change = np.where(self.known, change[kept], 0.0)
        # A year with thirty series is not thirty times the evidence: their shocks are common.
        crowd = np.bincount(self.rows, minlength=years)[self.rows]
        self.weight = self.known / np.sqrt(np.maximum(crowd, 1))[:, None]
        self.weight /= max(self.weight.sum(), 1e-12)

    def __len__(self) -> int:
        return self.rows.size

    def errors(self, p: Parameters) -> tuple[Array, Array]:
        """Forecast errors and standard deviations, arrays (pairs, horizon); zero errors where unknown."""
        mean, variance = moments(self.history, p, self.rows, self.columns, HORIZON)
        return np.where(self.known, self.change - mean, 0.0), np.sqrt(variance)

    def crps(self, p: Parameters) -> float:
        error, sd = self.errors(p)
        scale = sd * np.sqrt((p.tails - 2) / p.tails)
        return float(np.sum(self.weight * scoringrules.crps_t(error, p.tails, 0.0, scale, backend="numpy")))

    def turbulent(self, p: Parameters, share: float = TURBULENT) -> Array:
        """Weights of the forecasts made in the eras whose errors were largest for their spread.

        Calm and turbulent decades alternate and the next kind is unknown. A spread learned from all of them is too
        narrow whenever it matters, so it is learned from the worst quarter.
        """
        error, sd = self.errors(p)
        z2 = np.minimum((error / sd) ** 2, OUTLIER**2)
        era = (self.rows - self.rows.min()) // ERA
        mass = np.bincount(era, self.weight.sum(axis=1))
        mean = np.bincount(era, (self.weight * z2).sum(axis=1)) / np.maximum(mass, 1e-12)
        order = np.argsort(-mean, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(mass[order])[:-1]])
        kept = np.zeros(mass.size)
        kept[order] = np.clip((share - before) / np.maximum(mass[order], 1e-12), 0.0, 1.0)
        return self.weight * kept[era][:, None] / share

    def log_score(self, p: Parameters, weight: Array) -> float:
        """Mean negative log density. Unlike the CRPS, it minds a spread that is too narrow for the worst decades."""
        error, sd = self.errors(p)
        nu = p.tails
        z2 = (error / sd) ** 2
        constant = gammaln(nu / 2) - gammaln((nu + 1) / 2) + 0.5 * np.log(nu - 2)
        return float(np.sum(weight * (np.log(sd) + (nu + 1) / 2 * np.log1p(z2 / (nu - 2)) + constant)))

    def correlation(self, p: Parameters, horizons: slice = slice(None)) -> float:
        """Mean correlation of errors between series forecast from one origin, at the given horizons."""
        error, sd = self.errors(p)
        z = (np.clip(error / sd, -OUTLIER, OUTLIER) * self.known)[:, horizons]
        total, square, n = np.zeros((3, self.history.log.shape[0], z.shape[1]))
        np.add.at(total, self.rows, z)
        np.add.at(square, self.rows, z * z)
        np.add.at(n, self.rows, self.known[:, horizons])
        between = np.sum(total**2 - square)
        most = np.sum(np.maximum(n - 1, 0) * square)  # what it would be, were all errors of an origin the same
        weak = COMMON_STRENGTH * square.sum() / max(n.sum(), 1)
        return float(np.clip((between + weak * COMMON_PRIOR) / max(most + weak, 1e-12), 0.0, 1.0))

    def independent(self, p: Parameters) -> float:
        """Effective number of independent forecasts."""
        crowd = np.bincount(self.rows).astype(float)
        rho = self.correlation(p)
        # Forecasts over h years from neighbouring origins share all but one of their shocks.
        return max(float(np.sum(crowd / (1 + rho * np.maximum(crowd - 1, 0)))) / OVERLAP, 1.0)

    def common(self, p: Parameters) -> Common:
        """Shares of the variance that series have in common, matching the correlation at short and long horizons."""
        yearly, far = self.correlation(p, slice(0, 1)), self.correlation(p, slice(HORIZON - 3, HORIZON))
        h = HORIZON - 1
        drift = p.slope**2 * h**2  # against h for the yearly shocks
        share = (far * (h + drift) - yearly * h) / drift if drift else yearly
        return Common(yearly, float(np.clip(share, yearly, 1.0)), far)


def descend(p: Parameters, names: tuple[str, ...], loss: Callable[[Parameters], float]) -> Parameters:
    """Walk the grid one parameter at a time while the loss falls: deterministic, and as fast as it is short."""
    best = loss(p)
    for name in names:
        grid = GRID[name]
        here = grid.index(getattr(p, name))
        for step in (1, -1):
            while 0 <= here + step < len(grid):
                trial = replace(p, **{name: grid[here + step]})
                value = loss(trial)
                if value >= best - 1e-12:
                    break
                p, best, here = trial, value, here + step
    return p


def learn(
    history: History, prior: Parameters, fixed: tuple[str, ...] = (), sweeps: int = 3
) -> tuple[Parameters, Common]:
    """Parameters and common shares learned at the history's last year; those ``fixed`` keep their prior value.

    The mean by CRPS over all of the past, spread and tails by log score over its turbulent part, in turn; each with a
    penalty that is quadratic in grid steps from the prior and fades as evidence grows.
    """
    evidence = Evidence(history)
    if not len(evidence):
        return prior, Common()
    effective = evidence.independent(prior)
    unit = evidence.crps(prior)

    def penalty(p: Parameters, strength: float) -> float:
        steps = sum((grid.index(getattr(p, k)) - grid.index(getattr(prior, k))) ** 2 for k, grid in GRID.items())
        return strength * steps / effective

    def mean_loss(p: Parameters) -> float:
        return evidence.crps(p) / unit + penalty(p, STRENGTH_MEAN)

    def spread_loss(p: Parameters, rough: Array) -> float:
        return evidence.log_score(p, rough) + penalty(p, STRENGTH_SPREAD)

    p = prior
    for _ in range(sweeps):
        before = p
        p = descend(p, tuple(n for n in MEAN if n not in fixed), mean_loss)
        rough = evidence.turbulent(p)
        p = descend(p, tuple(n for n in SPREAD if n not in fixed), partial(spread_loss, rough=rough))
        if p == before:
            break
    return p, evidence.common(p)
