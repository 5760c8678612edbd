"""ARIMA(p, 1, q) in logs, chosen series by series."""

from __future__ import annotations

import math
from typing import Any

from models.ensemble.members.base import Fitted, MemberFailed
from models.ensemble.members.state_space import PerSeries, StateSpace, estimating
from models.series import Array, Panel

# How long changes persist cannot be told from fewer years: of public series with 13 to 18 values, three had means above
# a million times their last value in 2060.
SHORTEST = 20
ORDERS = ((0, 1, 0), (1, 1, 0), (0, 1, 1), (1, 1, 1), (2, 1, 0), (0, 1, 2))


class Arima:
    """The best by AICc of six orders of an ARIMA(p, 1, q), without drift.

    All are differenced once, so their likelihoods are comparable. Stationarity and invertibility are enforced; a
    candidate that does not converge is left out. Needs at least 20 years.

    A drift chosen by AICc would extrapolate the trend of decades for ever. On allies' shares (13 origins, 1999-2023)
    it lowers the skill against a random walk from -0.05 to -0.12 and takes four times as long.

    Source
    ------
    Box & Jenkins (1970), Time Series Analysis; Harvey (1989), Forecasting, Structural Time Series Models and the
    Kalman Filter, section 3.4 (likelihood with the scale concentrated out); Hurvich & Tsai (1989), Biometrika 76(2),
    297-307 (AICc).
    """

    name = "arima"

    def fit(self, panel: Panel) -> Fitted:
        """See :meth:`models.ensemble.members.base.Member.fit`."""
        return PerSeries(panel, SHORTEST, fit_series)


def fit_series(log: Array) -> StateSpace:
    return StateSpace.of_results(fit_best(log))


def fit_best(log: Array) -> Any:
    """statsmodels' results of the candidate with the smallest AICc; MemberFailed if none can be fitted."""
    fits, reasons = [], set()
    for order in ORDERS:
        try:
            fits.append(fit_order(log, order))
        except MemberFailed as failure:
            reasons.add(str(failure))
    if not fits:
        raise MemberFailed(f"no candidate could be fitted: {'; '.join(sorted(reasons))}")
    return min(fits, key=lambda fit: fit.aicc)


def fit_order(log: Array, order: tuple[int, int, int]) -> Any:
    with estimating():
        from statsmodels.tsa.statespace.sarimax import SARIMAX  # here: importing it costs 1 s and 100 MB

        # Concentrating out the scale, the optimiser's worst scaled parameter, more than halves time and failures.
        model = SARIMAX(log, order=order, concentrate_scale=True)
        # The pure random walk has nothing left to optimise, and fit() fails on it.
        fit = model.fit(disp=False, cov_type="none") if model.k_params else model.filter([])
    if not math.isfinite(fit.aicc):
        raise MemberFailed("the likelihood is not finite")
    return fit
