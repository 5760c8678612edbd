"""The Theta method in logs, as its equivalent state space model."""

from __future__ import annotations

import numpy as np

from models.ensemble.members.base import Fitted
from models.ensemble.members.state_space import FADING, PerSeries, StateSpace, estimating
from models.series import Array, Panel

SHORTEST = 6  # of n - 1 errors two go to the smoothing weight and the slope: three are left for the variance


class Theta:
    """Simple exponential smoothing with a drift of half the slope of the series' time trend, which fades.

    The smoothing weight and the slope come from statsmodels' ``ThetaModel``; the variance from this model's own
    one-step errors, less the two parameters. Spread of the h-th year: variance * (1 + (h - 1) * weight^2).
    Needs at least 6 years.

    Source
    ------
    Assimakopoulos & Nikolopoulos (2000), International Journal of Forecasting 16(4), 521-530; Hyndman & Billah (2003),
    Unmasking the Theta method, International Journal of Forecasting 19(2), 287-290.
    """

    name = "theta"

    def fit(self, panel: Panel) -> Fitted:
        """See :meth:`models.ensemble.members.base.Member.fit`."""
        return PerSeries(panel, SHORTEST, fit_series)


def fit_series(log: Array, fading: float = FADING) -> StateSpace:
    with estimating():
        from statsmodels.tsa.forecasting.theta import ThetaModel  # here: importing it costs 1 s and 100 MB

        slope, weight = np.asarray(ThetaModel(log, period=1, deseasonalize=False).fit().params)
    drift = slope / 2
    expected = float(log[0])  # like ThetaModel, whose first value is its own forecast, with error 0
    errors = np.empty(log.size)
    for year, value in enumerate(log):
        errors[year] = value - expected
        expected += weight * errors[year] + drift
    # Not ThetaModel's sigma2, which is that of another model (an ARIMA(0, 1, 1) fitted anew).
    sd = float(np.sqrt(errors @ errors / (log.size - 3)))
    return StateSpace.innovations(
        design=np.array([1.0, 0.0]),
        transition=np.array([[1.0, fading], [0.0, fading]]),
        gain=np.array([weight, 0.0]),
        sd=sd,
        state=np.array([expected, drift]),
        state_intercept=np.zeros(2),
    )
