"""Unobserved components in logs: a wandering level with a drift, observed with noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.ensemble.members.base import Fitted, MemberFailed
from models.ensemble.members.state_space import FADING, PerSeries, StateSpace, estimating
from models.series import Array, Panel

SHORTEST = 8  # two variances and a slope from seven changes


class Unobserved:
    """Local linear deterministic trend: y_t = level_t + noise, level_{t+1} = level_t + slope + shock.

    The slope is constant up to the last year but unknown: its uncertainty at the end of the series is part of the
    spread. From then on it fades. Maximum likelihood by statsmodels' ``UnobservedComponents``; on most short series one
    of the two variances is zero, which is a valid fit. Needs at least 8 years.

    Source
    ------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, section 2.3.
    """

    name = "unobserved"

    def fit(self, panel: Panel) -> Fitted:
        """See :meth:`models.ensemble.members.base.Member.fit`."""
        return PerSeries(panel, SHORTEST, fit_series)


def fit_series(log: Array, fading: float = FADING) -> StateSpace:
    with estimating():
        # here: importing it costs 1 s and 100 MB
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        # In units of its changes: with plain logarithms fits took longer, and one in twenty did not converge.
        centre, unit = float(log[-1]), float(np.sqrt(np.mean(np.diff(log) ** 2)))
        if not unit:
            raise MemberFailed("the series never changes")
        model = UnobservedComponents((log - centre) / unit, level="lldtrend")
    try:
        fit = _maximum(model, "lbfgs")
    except MemberFailed:
        # At a variance of zero, rounding on some processors keeps the gradient from vanishing. This search needs none.
        fit = _maximum(model, "powell")
    form = StateSpace.of_results(fit, centre=centre, unit=unit)
    return replace(form, transition=np.array([[1.0, fading], [0.0, fading]]))


def _maximum(model: Any, method: str) -> Any:
    """The fit at the likelihood's maximum; MemberFailed if the search did not converge."""
    with estimating():
        return model.fit(disp=False, cov_type="none", method=method, maxiter=500)
