"""The pooled member: every ally's next step is mostly what all allies have just done.

Allies' spending is driven by common shocks, so the panel's recent mean change says more about an ally's
next change than the ally's own past (``docs/decisions``; backtests of 31 allies, 1999-2025). With
x = log share, for t = 1 ... h after the origin:

    x(t) - x(t-1) = damping^t * (OWN * own + (1 - OWN) * panel) + D + e(t)

own, panel : mean log change of the last three years, of the series and of the panel (median over series)
D ~ N(0, DRIFT_SD^2 s^2) : the drift nobody knows, one value a path, so that the spread grows faster than
    the square root of the horizon
e ~ s * Student t(4), scaled to unit variance: annual log changes have fat tails
s^2 : the series' own variance of log changes, shrunk toward the panel's as if by PRIOR_YEARS observations
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.members.base import MemberFailed
from models.panel import Array, Panel

OWN, DAMPING, DRIFT_SD, PRIOR_YEARS, TAILS, RECENT = 0.2, 0.85, 0.15, 20.0, 4.0, 3
MINIMUM = 3
_SMALLEST_SD = 1e-4


@dataclass(frozen=True)
class _FittedPooled:
    panel: Panel
    momentum: float
    variance: float

    def simulate(self, name: str, horizon: int, draws: int, rng: np.random.Generator) -> Array:
        logs = self.panel[name].log
        if logs.size < MINIMUM:
            raise MemberFailed(f"needs {MINIMUM} values, has {logs.size}")
        changes = np.diff(logs)
        drift = OWN * changes[-RECENT:].mean() + (1 - OWN) * self.momentum
        variance = (changes.size * np.mean(changes**2) + PRIOR_YEARS * self.variance) / (changes.size + PRIOR_YEARS)
        sd = max(float(np.sqrt(variance)), _SMALLEST_SD)
        steps = np.arange(1, horizon + 1)
        shocks = rng.standard_t(TAILS, size=(draws, horizon)) * np.sqrt((TAILS - 2) / TAILS)
        unknown = DRIFT_SD * rng.standard_normal((draws, 1))
        paths: Array = logs[-1] + np.cumsum(drift * DAMPING**steps + sd * (unknown + shocks), axis=1)
        return paths


class Pooled:
    """Pooled momentum with damping, uncertain drift and fat tails."""

    name = "pooled"

    def fit(self, panel: Panel) -> _FittedPooled:
        """Learn the panel's recent change and its typical variance."""
        end = max(series.end for series in panel.values())
        changes = [np.diff(s.log) for s in panel.values() if s.values.size > 1]
        if not changes:
            return _FittedPooled(panel, 0.0, _SMALLEST_SD**2)
        recent = [np.diff(s.log)[-RECENT:].mean() for s in panel.values() if s.end == end and s.values.size > 1]
        momentum = float(np.median(recent)) if recent else 0.0
        return _FittedPooled(panel, momentum, float(np.median([np.mean(c**2) for c in changes])))
