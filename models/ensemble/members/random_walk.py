"""Random walk in logs: it expects the last value; the benchmark of every other member."""

from __future__ import annotations

import numpy as np

from models.ensemble.members.base import Fitted
from models.ensemble.members.state_space import PerSeries, StateSpace
from models.series import Array, Panel

SHORTEST = 4  # two changes over two years
# Least standard deviation, log points a year. Shares are published to two decimals: a constant 2.00 % may have moved
# by 0.01 / sqrt(12) / 2.00 = 0.0014 unseen.
SMALLEST_SD = 1e-3


class RandomWalk:
    """No drift; variance of a year half that of the series' own log changes over two years, about zero.

    What goes back within two years is no walk: it would grow with the years ahead. Needs at least 4 years. A constant
    series keeps a standard deviation of 0.001 a year.
    """

    name = "random_walk"

    def fit(self, panel: Panel) -> Fitted:
        """See :meth:`models.ensemble.members.base.Member.fit`."""
        return PerSeries(panel, SHORTEST, fit_series)


def fit_series(log: Array) -> StateSpace:
    sd = max(float(np.sqrt(np.mean((log[2:] - log[:-2]) ** 2) / 2)), SMALLEST_SD)
    one = np.ones(1)
    return StateSpace.innovations(
        design=one, transition=np.eye(1), gain=one, sd=sd, state=log[-1:], state_intercept=np.zeros(1)
    )
