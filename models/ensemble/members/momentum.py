"""Parameters, history and moments of the pooled members (the model is described in ``pooled.py``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.series import Array, Panel

Index = int | NDArray[np.intp]

HORIZON = 10  # years ahead over which parameters are learned; longer simulations extrapolate the same formulas
VARIANCE_MEMORY = 0.97  # yearly weight of old squared changes: after 23 years they count half
LEVEL_PRIOR = 10.0  # years by which a series' norm and drift are shrunk to the present level and to no drift
PANEL_PRIOR = 2.0  # constant series added to the panel's mean, since two or three series say little


@dataclass(frozen=True)
class Parameters:
    """Parameters learned from the panel's past; the defaults are the prior, which is fitted to no panel.

    Attributes
    ----------
    others, own : weight of the recent mean change of the other series, and of the series itself.
    memory : yearly weight of older changes in both.
    damping : factor a year on the recent change. Damped trends are the robust default
        (Gardner and McKenzie 1985; M-competitions: 0.8-0.98).
    drift : weight of the series' mean change over all its years.
    own_reversion, panel_reversion : share of the gap to the norm, or to the panel's level, closed each year.
    inflation : spread of the annual shocks relative to the series' root mean squared change.
    slope : standard deviation of the unknown drift, in annual shocks; a drift known from n years has 1 / sqrt(n).
    doubt : standard deviation of the weight ``others``, relative to it.
    pooling : years of panel evidence in the variance of each series.
    tails : degrees of freedom; annual log changes have heavy tails.
    """

    others: float = 0.8
    own: float = 0.0
    memory: float = 0.4
    damping: float = 0.85
    drift: float = 0.0
    own_reversion: float = 0.0
    panel_reversion: float = 0.0
    inflation: float = 0.9
    slope: float = 0.2
    doubt: float = 1.0
    pooling: float = 20.0
    tails: float = 6.0


GRID: dict[str, tuple[float, ...]] = {
    "others": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2),
    "own": (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6),
    "memory": (0.0, 0.2, 0.4, 0.6, 0.8),
    "damping": (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95),
    "drift": (0.0, 0.25, 0.5, 0.75, 1.0),
    "own_reversion": (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1),
    "panel_reversion": (0.0, 0.01, 0.02, 0.03, 0.05),
    "inflation": (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4),
    "slope": (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
    "doubt": (0.0, 0.5, 1.0, 1.5),
    "pooling": (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    "tails": (3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 30.0),
}


def discounted(values: Array, memory: float) -> Array:
    """Exponentially weighted running sums down the first axis."""
    sums = np.empty_like(values)
    total = np.zeros(values.shape[1:])
    for year, value in enumerate(values):
        total = memory * total + value
        sums[year] = total
    return sums


class History:
    """The panel on one calendar, with the statistics that a forecaster could compute in each year.

    Every array is (years, series) and its row ``t`` uses nothing later than year ``t``.
    """

    def __init__(self, panel: Panel) -> None:
        self.names = tuple(panel)
        self.first = min(s.start for s in panel.values())
        last = max(s.end for s in panel.values())
        self.log = np.full((last - self.first + 1, len(self.names)), np.nan)
        for i, s in enumerate(panel.values()):
            self.log[s.start - self.first : s.end - self.first + 1, i] = s.log
        self.seen = np.isfinite(self.log)
        self.count = np.cumsum(self.seen, axis=0)
        change = np.diff(self.log, axis=0, prepend=np.nan)
        self._moved = np.isfinite(change).astype(float)
        self._change = np.where(self._moved > 0, change, 0.0)
        self._recent: dict[float, tuple[Array, Array]] = {}

    def recent(self, memory: float) -> tuple[Array, Array]:
        """Recent mean log change (own, others), exponentially weighted; the fewer years, the closer to zero."""
        if memory not in self._recent:
            own = discounted(self._change, memory) / (discounted(self._moved, memory) + 0.5)
            # The series itself is left out: its own noise says nothing about the panel.
            rest = self._change.sum(axis=1, keepdims=True) - self._change
            n = self._moved.sum(axis=1, keepdims=True) - self._moved
            others = discounted(rest / (n + PANEL_PRIOR), memory) / discounted(np.ones_like(rest), memory)
            self._recent[memory] = own, others
        return self._recent[memory]

    @cached_property
    def drift(self) -> Array:
        """Mean log change over all years so far, shrunk to zero."""
        return np.cumsum(self._change, axis=0) / (np.cumsum(self._moved, axis=0) + LEVEL_PRIOR)

    @cached_property
    def gap_to_norm(self) -> Array:
        """Own mean log level so far minus the present one, shrunk to zero."""
        filled = np.where(self.seen, self.log, 0.0)
        return (np.cumsum(filled, axis=0) - self.count * filled) / (self.count + LEVEL_PRIOR) * self.seen

    @cached_property
    def gap_to_panel(self) -> Array:
        """Mean log level of the panel in that year minus the series' own."""
        filled = np.where(self.seen, self.log, 0.0)
        mean = filled.sum(axis=1, keepdims=True) / np.maximum(self.seen.sum(axis=1, keepdims=True), 1)
        return (mean - filled) * self.seen

    @cached_property
    def _squares(self) -> tuple[Array, Array, Array]:
        total, weight = discounted(self._change**2, VARIANCE_MEMORY), discounted(self._moved, VARIANCE_MEMORY)
        panel = total.sum(axis=1, keepdims=True) / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
        return total, weight, np.maximum(panel, 1e-10)

    def variance(self, pooling: float) -> Array:
        """Mean squared annual log change, discounted, with ``pooling`` years of the panel's."""
        total, weight, panel = self._squares
        return (total + pooling * panel) / (weight + pooling)


def moments(history: History, p: Parameters, rows: Index, columns: Index, horizon: int) -> tuple[Array, Array]:
    """Mean and variance of the log change over 1 ... ``horizon`` years, from the given (year, series) pairs on."""
    h = np.arange(1, horizon + 1)
    at = (rows, columns)
    own, others = (x[at][..., None] for x in history.recent(p.memory))
    damped = np.cumsum(p.damping**h)
    mean = (p.own * own + p.others * others) * damped
    if p.drift:
        mean = mean + p.drift * history.drift[at][..., None] * h
    if p.own_reversion:
        mean = mean + history.gap_to_norm[at][..., None] * (1 - (1 - p.own_reversion) ** h)
    if p.panel_reversion:
        mean = mean + history.gap_to_panel[at][..., None] * (1 - (1 - p.panel_reversion) ** h)
    shock = history.variance(p.pooling)[at][..., None] * p.inflation**2
    return mean, shock * (h + p.slope**2 * h**2) + (p.doubt * p.others * others * damped) ** 2
