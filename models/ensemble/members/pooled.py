"""Pooled momentum: every series follows its panel's recent drift, damped, by an uncertain amount.

For series ``i`` at its last year ``T``, the log value ``h`` years on is Student t with ``nu`` degrees of freedom,

    mean_h = y + S_h (a own + b others) + c h drift + R_h(own_reversion) (norm - y) + R_h(panel_reversion) (panel - y)
    var_h  = s^2 inflation^2 (h + slope^2 h^2) + (doubt b others)^2 S_h^2

with ``S_h = damping + ... + damping^h`` and ``R_h(r) = 1 - (1 - r)^h``. ``own`` and ``others`` are exponentially
weighted recent mean log changes of the series and of the rest of the panel, ``drift`` the series' mean change over
all its years, ``norm`` its own mean level, ``panel`` the present mean level of the panel, and ``s^2`` the series'
discounted mean squared change shrunk to the panel's. The slope term is an unknown drift: it makes the spread grow
faster than the square root of the horizon. All parameters are learned from forecasts of the panel's own past (see
``learning.py``).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.learning import Common, learn
from models.ensemble.members.momentum import History, Parameters, moments
from models.series import Array, Panel

SHORTEST = 3  # fewer values give no usable spread


@dataclass(frozen=True)
class FittedMomentum:
    """Pooled momentum with its parameters learned.

    Draws made with generators in the same state share the ``common`` part of the shocks, so that path ``k`` of one
    series belongs to the same world as path ``k`` of another.
    """

    history: History
    parameters: Parameters
    common: Common

    def place(self, name: str) -> tuple[int, int]:
        """Row and column of the series' last value; MemberFailed if it is too short to have a spread."""
        column = self.history.names.index(name)
        row = int(np.flatnonzero(self.history.seen[:, column])[-1])
        if self.history.count[row, column] < SHORTEST:
            raise MemberFailed(f"{name}: fewer than {SHORTEST} values")
        return row, column

    def quantiles(self, name: str, horizon: int, levels: Array) -> Array:
        """Quantiles of the log values, array (horizon, levels), exact where ``simulate`` is a sample."""
        row, column = self.place(name)
        mean, variance = moments(self.history, self.parameters, row, column, horizon)
        nu = self.parameters.tails
        unit = stdtrit(nu, levels) * np.sqrt((nu - 2) / nu)
        return self.history.log[row, column] + mean[:, None] + np.sqrt(variance)[:, None] * unit

    def simulate(self, name: str, horizon: int, draws: int, rng: np.random.Generator) -> Array:
        row, column = self.place(name)
        h, p = np.arange(1, horizon + 1), self.parameters
        mean, _ = moments(self.history, p, row, column, horizon)
        # Shared shocks are drawn from `rng` itself, the others from the series' own stream.
        scale = np.sqrt((p.tails - 2) / rng.chisquare(p.tails, (draws, 1)))
        shared = rng.standard_normal((draws, horizon + 2))
        alone = np.random.default_rng([int(rng.integers(2**32)), zlib.crc32(name.encode())])
        share = np.full(horizon + 2, self.common.yearly)
        share[:2] = self.common.drift, self.common.doubt
        shock = np.sqrt(share) * shared + np.sqrt(1 - share) * alone.standard_normal((draws, horizon + 2))
        slope, doubt, yearly = shock[:, :1], shock[:, 1:2], shock[:, 2:]
        paths = np.cumsum(yearly, axis=1) + p.slope * h * slope
        paths *= np.sqrt(self.history.variance(p.pooling)[row, column]) * p.inflation
        others = self.history.recent(p.memory)[1][row, column]
        paths += p.doubt * p.others * others * np.cumsum(p.damping**h) * doubt
        return self.history.log[row, column] + mean + scale * paths


class PooledMomentum:
    """Learns parameters from the panel's past, then forecasts each of its series with them."""

    name = "pooled_momentum"

    def __init__(self, prior: Parameters | None = None, fixed: tuple[str, ...] = ("own_reversion",)) -> None:
        self.prior, self.fixed = prior or Parameters(), fixed

    def fit(self, panel: Panel) -> FittedMomentum:
        if not len(panel):
            raise MemberFailed("an empty panel")
        history = History(panel)
        parameters, common = learn(history, self.prior, self.fixed)
        return FittedMomentum(history, parameters, common)


def return_to_norm() -> PooledMomentum:
    """Pooled momentum that closes 3 % of the gap to each series' own norm a year, half of it in 23 years.

    A share of income cannot trend for ever. One panel's past says little about so slow a force, so its rate is fixed,
    and the weights of the pool decide how much it counts.
    """
    member = PooledMomentum(Parameters(own_reversion=0.03))
    member.name = "return_to_norm"
    return member
