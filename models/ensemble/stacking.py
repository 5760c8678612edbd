"""Weights of a linear pool: the prior, and those that minimise its CRPS on forecasts whose outcomes are known.

The CRPS of the mixture with weights ``w`` is ``w'a - w'Bw / 2`` with ``a_i = E|X_i - y|`` and ``B_ij = E|X_i - X_j|``
(Gneiting and Raftery 2007, eq. 21). Stacking needs only these two small arrays of a forecast, and they add up over
forecasts, so learning the weights again at every origin costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.series import Array

POINTS = 25  # quantile midpoints that stand for a predictive distribution; more change no weight by 0.01
STRENGTH = 5.0  # the prior counts as so many independent origins
STEPS = 400


def midpoints(points: int = POINTS) -> Array:
    """Levels of the quantiles that represent a distribution as equally likely points."""
    return (np.arange(points) + 0.5) / points


@dataclass(frozen=True)
class Scores:
    """Errors of the members' past forecasts, as stacking needs them.

    Attributes
    ----------
    origin, horizon : arrays (forecasts,), years.
    error : array (forecasts, members), mean absolute distance of each member's points to the outcome, log scale.
    distance : array (forecasts, members, members), mean absolute distance between points of two members.
    """

    origin: NDArray[np.int64]
    horizon: NDArray[np.int64]
    error: Array
    distance: Array

    @classmethod
    def of(cls, origin: NDArray[np.int64], horizon: NDArray[np.int64], points: Array, outcome: Array) -> Scores:
        """From ``points`` (forecasts, members, POINTS), ascending log values, and ``outcome`` (forecasts,)."""
        error = np.abs(points - outcome[:, None, None]).mean(axis=2)
        members = points.shape[1]
        distance = np.zeros((points.shape[0], members, members))
        for i in range(members):
            for j in range(i, members):
                gap = np.abs(points[:, i, :, None] - points[:, j, None, :]).mean(axis=(1, 2))
                distance[:, i, j] = distance[:, j, i] = gap
        return cls(np.asarray(origin), np.asarray(horizon), error, distance)

    def known_at(self, origin: int) -> Scores:
        """The forecasts whose outcome was known at ``origin``."""
        known = self.origin + self.horizon <= origin
        return Scores(self.origin[known], self.horizon[known], self.error[known], self.distance[known])

    def crps(self, weights: Array) -> Array:
        """CRPS of the pool, array (forecasts,)."""
        return self.error @ weights - 0.5 * np.einsum("i,fij,j->f", weights, self.distance, weights)


def learn_weights(scores: Scores, prior: Array | None = None, strength: float = STRENGTH) -> Array:
    """Weights on the simplex, shrunk toward ``prior``.

    The penalty ``|w - prior|^2`` counts as much as ``strength`` origins, in units of the average member's CRPS: the
    forecasts of one origin share their shocks, so evidence is counted in origins, not in forecasts.
    """
    members = scores.error.shape[1]
    prior = np.full(members, 1 / members) if prior is None else np.asarray(prior, dtype=float)
    if not len(scores.origin):
        return prior
    # Every origin weighs the same: many series with common shocks are no more evidence than a few.
    _, group, size = np.unique(scores.origin, return_inverse=True, return_counts=True)
    each = 1 / (size[group] * size.size)
    a, b = each @ scores.error, np.einsum("f,fij->ij", each, scores.distance)
    unit = float(np.mean(a - 0.5 * np.diag(b)))
    if not np.isfinite(unit) or unit <= 0:
        return prior
    a, b = a / unit, b / unit
    pull = strength / (strength + size.size)
    w = prior.copy()
    for _ in range(STEPS):
        # Exponentiated gradient stays inside the simplex; the objective is convex, B being of negative type.
        slope = (1 - pull) * (a - b @ w) + pull * 2 * (w - prior)
        w = w * np.exp(-0.5 * (slope - slope @ w))
        w /= w.sum()
    return w


def pool_quantiles(points: Array, weights: Array, levels: Array) -> Array:
    """Quantiles of the linear pool, array (levels,).

    Parameters
    ----------
    points : array (members, K), ascending quantiles of each member at ``midpoints(K)``.
    weights : array (members,), on the simplex.
    """
    mass = np.repeat(weights / points.shape[1], points.shape[1])
    order = np.argsort(points, axis=None, kind="stable")
    mass = mass[order]
    return np.interp(levels, np.cumsum(mass) - mass / 2, points.ravel()[order])


TRUST = 0.5
"""Prior weight of the pledge member. Before 2014 nothing told whether a common pledge says more than history."""
