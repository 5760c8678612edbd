"""Learns the global members' parameters from past forecasts with known outcomes, shrunk to a prior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scoringrules
from scipy.special import gammaln

from models.ensemble.members.momentum import GRID, HORIZON, History, Parameters, moments
from models.series import Array

FEWEST = 5  # a past forecast is used if its series had at least so many values at the origin
MOST = 2500  # past (origin, series) pairs used at most; more are thinned evenly, to bound the time
# Prior strength: one grid step from the prior costs this share of one independent forecast's loss. More for the
# spread, as few eras are turbulent and each is one observation of it.
STRENGTH_MEAN, STRENGTH_SPREAD = 0.15, 0.5
OVERLAP = (HORIZON + 1) / 2  # mean horizon, years
COMMON_PRIOR = 0.3  # correlation of shocks between series with no evidence
COMMON_STRENGTH = 100.0  # pairs of forecasts that this prior is worth
ERA = 5  # years of origins that are calm or turbulent together
TURBULENT = 0.25  # share of the past, the most turbulent, from which the spread is learned
MEAN = ("others", "damping", "memory", "own_reversion", "panel_reversion", "own", "drift")
SPREAD = ("inflation", "slope", "doubt", "pooling", "tails")
OUTLIER = 5.0  # standardised errors are cut here, so that one hyperinflation does not set a panel's spread


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
    """The panel's past forecasts with known outcomes.

    An origin with ``n`` series has the weight of sqrt(n) observations, between 1 and ``n``.
    """

    def __init__(self, history: History) -> None:
        years, _ = history.log.shape
        rows, columns = np.nonzero(history.seen & (history.count >= FEWEST))
        ahead = rows[:, None] + np.arange(1, HORIZON + 1)
        inside = ahead < years
        outcome = np.where(inside, history.log[np.minimum(ahead, years - 1), columns[:, None]], np.nan)
        change = outcome - history.log[rows, columns][:, None]
        used = np.flatnonzero(np.isfinite(change).any(axis=1))
        used = used[:: max(1, -(-used.size // MOST))]
        self.history, self.rows, self.columns = history, rows[used], columns[used]
        self.known = np.isfinite(change[used])
        self.change = np.where(self.known, change[used], 0.0)
        # The series of one origin share shocks, so they are not independent evidence.
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
        """Weights of the forecasts from the eras with the largest standardised errors.

        Nobody knows whether the next decade will be calm or turbulent. A spread learned from all decades is too narrow
        in turbulent ones, so it is learned from the worst quarter.
        """
        error, sd = self.errors(p)
        z2 = np.minimum((error / sd) ** 2, OUTLIER**2)
        era = (self.rows - self.rows.min()) // ERA
        mass = np.bincount(era, self.weight.sum(axis=1))
        mean = np.bincount(era, (self.weight * z2).sum(axis=1)) / np.maximum(mass, 1e-12)
        order = np.argsort(-mean, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(mass[order])[:-1]])
        used = np.zeros(mass.size)
        used[order] = np.clip((share - before) / np.maximum(mass[order], 1e-12), 0.0, 1.0)
        return self.weight * used[era][:, None] / share

    def log_score(self, p: Parameters, weight: Array) -> float:
        """Mean negative log density. Unlike the CRPS, it penalises a spread too narrow for the worst decades."""
        error, sd = self.errors(p)
        nu = p.tails
        z2 = (error / sd) ** 2
        constant = gammaln(nu / 2) - gammaln((nu + 1) / 2) + 0.5 * np.log(nu - 2)
        return float(np.sum(weight * (np.log(sd) + (nu + 1) / 2 * np.log1p(z2 / (nu - 2)) + constant)))

    def correlation(self, p: Parameters, horizons: slice = slice(None)) -> float:
        """Mean correlation of errors between series with the same origin, at ``horizons``."""
        error, sd = self.errors(p)
        z = (np.clip(error / sd, -OUTLIER, OUTLIER) * self.known)[:, horizons]
        total, square, n = np.zeros((3, self.history.log.shape[0], z.shape[1]))
        np.add.at(total, self.rows, z)
        np.add.at(square, self.rows, z * z)
        np.add.at(n, self.rows, self.known[:, horizons])
        between = np.sum(total**2 - square)
        most = np.sum(np.maximum(n - 1, 0) * square)  # ``between`` if all errors of an origin were equal
        weak = COMMON_STRENGTH * square.sum() / max(n.sum(), 1)
        return float(np.clip((between + weak * COMMON_PRIOR) / max(most + weak, 1e-12), 0.0, 1.0))

    def independent(self, p: Parameters) -> float:
        """Effective number of independent forecasts."""
        crowd = np.bincount(self.rows).astype(float)
        rho = self.correlation(p)
        # Forecasts over h years from neighbouring origins share all but one of their shocks.
        return max(float(np.sum(crowd / (1 + rho * np.maximum(crowd - 1, 0)))) / OVERLAP, 1.0)

    def common(self, p: Parameters) -> Common:
        """The common shares of variance that give the correlations at short and long horizons."""
        yearly, far = self.correlation(p, slice(0, 1)), self.correlation(p, slice(HORIZON - 3, HORIZON))
        h = HORIZON - 1
        drift = p.slope**2 * h**2  # the drift's variance; that of the yearly shocks is h
        share = (far * (h + drift) - yearly * h) / drift if drift else yearly
        return Common(yearly, float(np.clip(share, yearly, 1.0)), far)


def descend(p: Parameters, names: tuple[str, ...], loss: Callable[[Parameters], float]) -> Parameters:
    """Coordinate descent on the grid: change one parameter at a time while the loss falls. Deterministic."""
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
    """Parameters and common shares learned up to the history's last year; ``fixed`` parameters keep their prior value.

    It learns the mean by CRPS over all of the past, and spread and tails by log score over its turbulent part, in turn.
    Both have a penalty that is quadratic in grid steps from the prior and fades as evidence grows.
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
