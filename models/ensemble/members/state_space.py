"""The linear Gaussian state space form, by which every local member simulates.

statsmodels' own ``simulate`` loops over the draws in Python; here a step in time is one matrix product for all draws.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.panel import LARGEST_SHOCK
from models.series import Array, Panel

# A one-step standard deviation (log points) below this is rounding: the series is constant or exactly exponential. A
# forecast without uncertainty is not credible.
NEGLIGIBLE_SD = 1e-6

FADING = 0.9
"""What is left after a year of the trend that a series has had. No trend lasts: without fading, eight years of growth
foretold a thousandfold by 2060. Damped trends forecast better (Gardner & McKenzie 1985, Management Science 31(10))."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StateSpace:
    """A fitted series y and its state one step after the last observation.

    With k states a_t and m independent standard normal shocks u_t::

        y_t     = Z a_t + d + H u_t
        a_{t+1} = T a_t + c + G u_t,    a_1 ~ N(mean, covariance)

    Both equations share the shocks. A single source of error (ETS, Theta) has m = 1. With several independent sources
    (structural models) each shock enters one equation only: H is zero where G is not, and vice versa.

    Attributes
    ----------
    design : Z, array (k,).
    transition : T, array (k, k).
    observation_loading : H, array (m,), in the unit of y.
    state_loading : G, array (k, m).
    mean : expected state at the first step ahead, array (k,).
    covariance : covariance of that state, array (k, k). Simulated paths include this uncertainty, as statsmodels'
        ``simulate(anchor="end")`` does, but not that of the estimated parameters.
    state_intercept : c, array (k,).
    observation_intercept : d.

    Raises
    ------
    MemberFailed
        if a number is not finite, ``covariance`` is not positive semi-definite, or the one-step standard
        deviation is negligible.

    Source
    ------
    Anderson & Moore (1979), Optimal Filtering, section 5.3 (shocks common to both equations); Durbin & Koopman (2012),
    Time Series Analysis by State Space Methods, chapter 3; Hyndman, Koehler, Ord & Snyder (2008), Forecasting with
    Exponential Smoothing, chapter 3 (the innovations form).
    """

    design: Array
    transition: Array
    observation_loading: Array
    state_loading: Array
    mean: Array
    covariance: Array
    state_intercept: Array
    observation_intercept: float = 0.0
    _covariance_root: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not all(np.isfinite(value).all() for value in vars(self).values()):
            raise MemberFailed("the fit holds numbers that are not finite")
        object.__setattr__(self, "_covariance_root", _root(self.covariance))
        one_step = np.concatenate([self.design @ self._covariance_root, self.observation_loading])
        if np.linalg.norm(one_step) < NEGLIGIBLE_SD:
            raise MemberFailed("the fit leaves nothing unexplained, so it has no spread")

    @classmethod
    def innovations(
        cls, *, design: Array, transition: Array, gain: Array, sd: float, state: Array, state_intercept: Array
    ) -> StateSpace:
        """A model with a single source of error: y_t = Z a_t + e_t, a_{t+1} = T a_t + c + gain e_t, e_t ~ N(0, sd^2).

        ``gain`` and ``state`` are arrays (k,); the state is known exactly, because past errors are.
        """
        return cls(
            design=design,
            transition=transition,
            observation_loading=np.array([sd]),
            state_loading=sd * gain[:, None],
            mean=state,
            covariance=np.zeros_like(transition),
            state_intercept=state_intercept,
        )

    @classmethod
    def of_results(cls, results: Any, *, centre: float = 0.0, unit: float = 1.0) -> StateSpace:
        """The form at the end of the sample of a statsmodels ``MLEResults`` with one series and constant matrices.

        The form is that of y, also if the model was fitted on (y - centre) / unit.
        """
        fit = results.filter_results
        # A concentrated scale is already in the covariances here (but not in those of results.model.ssm).
        # The two equations' shocks are independent: those of the observation come first.
        noise = _root(fit.obs_cov[:, :, -1])[0]
        disturbance = fit.selection[:, :, -1] @ _root(fit.state_cov[:, :, -1])
        return cls(
            design=unit * fit.design[0, :, -1],
            transition=fit.transition[:, :, -1],
            observation_loading=unit * np.pad(noise, (0, disturbance.shape[1])),
            state_loading=np.pad(disturbance, ((0, 0), (noise.size, 0))),
            mean=fit.predicted_state[:, -1],
            covariance=fit.predicted_state_cov[:, :, -1],
            state_intercept=fit.state_intercept[:, -1],
            observation_intercept=centre + unit * float(fit.obs_intercept[0, -1]),
        )

    def simulate(self, horizon: int, draws: int, rng: np.random.Generator) -> Array:
        """Random futures, array (draws, horizon), in the unit of y."""
        # Initial states first, so that a longer horizon continues the paths of a shorter one.
        start = self.mean + rng.standard_normal((draws, self._covariance_root.shape[1])) @ self._covariance_root.T
        return self.propagate(start, rng.standard_normal((horizon, draws, self.observation_loading.size)))

    def propagate(self, start: Array, shocks: Array) -> Array:
        """The paths that follow from initial states ``start`` (draws, k) and ``shocks`` (horizon, draws, m).

        Returns
        -------
        array (draws, horizon), in the unit of y.
        """
        states = start
        paths = np.empty((len(start), len(shocks)))
        for step, shock in enumerate(shocks):
            paths[:, step] = states @ self.design + self.observation_intercept + shock @ self.observation_loading
            states = states @ self.transition.T + self.state_intercept + shock @ self.state_loading.T
        return paths


@dataclass(frozen=True)
class PerSeries:
    """A local member: it learns nothing from the panel, and fits each series when asked.

    A log change beyond :data:`~models.ensemble.members.panel.LARGEST_SHOCK` counts as that, as in the panel model: one
    start from near zero would otherwise set the spread, or the trend, of all years to come.

    Attributes
    ----------
    panel : the series, cut at the origin.
    shortest : shorter series are refused, years.
    form : fits the logarithms of one series, array (n_years,).
    """

    panel: Panel
    shortest: int
    form: Callable[[Array], StateSpace]

    def simulate(self, name: str, horizon: int, draws: int, rng: np.random.Generator) -> Array:
        """Simulated log paths of series ``name``, array (draws, horizon): see :class:`members.base.Fitted`."""
        log = self.panel[name].log
        if log.size < self.shortest:
            raise MemberFailed(f"{log.size} years are known, at least {self.shortest} are needed")
        return self.form(without_jumps(log)).simulate(horizon, draws, rng)


def without_jumps(log: Array) -> Array:
    """The series with the same last value whose changes are those of ``log``, cut to the largest shock."""
    changes = np.clip(np.diff(log), -LARGEST_SHOCK, LARGEST_SHOCK)
    return np.asarray(log[-1] - np.append(np.cumsum(changes[::-1])[::-1], 0.0))


@contextmanager
def estimating() -> Iterator[None]:
    """A context for fits by statsmodels: no convergence, or a singular matrix, raises MemberFailed.

    It silences statsmodels' ModelWarning (about start values and the like) and NumPy's floating-point warnings, since
    :class:`StateSpace` refuses numbers that are not finite. Other warnings pass.
    """
    # Imported before our filters, which its own would override; not at module level, as it takes 1 s and 100 MB.
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, ModelWarning

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", ModelWarning)
        # ThetaModel hides mle_retvals of its inner fits, so the warning is the only sign that all fits give.
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            yield
        except ConvergenceWarning as warning:
            raise MemberFailed("the likelihood's maximum was not found") from warning
        except np.linalg.LinAlgError as error:
            raise MemberFailed(f"the fit broke down: {error}") from error


def _root(covariance: Array) -> Array:
    """A matrix R (k, rank) with R R' = ``covariance``; unlike Cholesky's it exists for singular ones too."""
    values, vectors = np.linalg.eigh(covariance)
    # Rounding reaches 1e-11 of the largest, as the filter starts unknown states with a variance of 1e6.
    if values[0] < -1e-8 * max(values[-1], 0.0) - 1e-16:
        raise MemberFailed("a covariance of the fit is not positive semi-definite")
    used = values > 0
    root: Array = vectors[:, used] * np.sqrt(values[used])
    return root
