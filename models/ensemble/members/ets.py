"""Exponential smoothing in logs with additive errors and an additive damped trend, ETS(A, Ad, N)."""

from __future__ import annotations

import numpy as np

from models.ensemble.members.base import Fitted
from models.ensemble.members.state_space import PerSeries, StateSpace, estimating
from models.series import Array, Panel

SHORTEST = 10  # six parameters: two gains, damping, two initial states, a variance


class Ets:
    """Level and damped trend follow one source of error; maximum likelihood by statsmodels' ``ETSModel``.

    Needs at least 10 years.

    Source
    ------
    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, chapters 2 and 5.
    """

    name = "ets"

    def fit(self, panel: Panel) -> Fitted:
        """See :meth:`models.ensemble.members.base.Member.fit`."""
        return PerSeries(panel, SHORTEST, fit_series)


def fit_series(log: Array) -> StateSpace:
    with estimating():
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # here: importing it costs 1 s and 100 MB

        fit = ETSModel(log, error="add", trend="add", damped_trend=True).fit(disp=False)
    # States (level, trend) of the last year: the next value is expected at level + damping * trend.
    return StateSpace.innovations(
        design=np.array([1.0, fit.damping_trend]),
        transition=np.array([[1.0, fit.damping_trend], [0.0, fit.damping_trend]]),
        gain=np.array([fit.smoothing_level, fit.smoothing_trend]),
        sd=float(np.sqrt(fit.scale)),
        state=np.array([fit.level[-1], fit.slope[-1]]),
        state_intercept=np.zeros(2),
    )
