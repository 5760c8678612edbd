"""The recursion that every per-series member simulates by."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.state_space import StateSpace, estimating

SIZES = st.integers(1, 3)
SEEDS = st.integers(0, 2**32 - 1)


def some_form(states: int, shocks: int, rng: np.random.Generator, **given: Any) -> StateSpace:
    root = rng.normal(size=(states, states))
    parts: dict[str, Any] = {
        "design": rng.normal(size=states),
        "transition": rng.normal(size=(states, states)) / states,
        "observation_loading": rng.normal(size=shocks),
        "state_loading": rng.normal(size=(states, shocks)),
        "mean": rng.normal(size=states),
        "covariance": root @ root.T,
        "state_intercept": rng.normal(size=states),
        "observation_intercept": rng.normal(),
    }
    return StateSpace(**(parts | given))


@given(SIZES, SIZES, st.integers(1, 6), SEEDS)
def test_simulate_matches_a_loop_over_the_draws(states: int, shocks: int, horizon: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    form = some_form(states, shocks, rng)
    start, noise = rng.normal(size=(5, states)), rng.normal(size=(horizon, 5, shocks))
    expected = np.empty((5, horizon))
    for draw in range(5):
        state = start[draw]
        for step in range(horizon):
            shock = noise[step, draw]
            expected[draw, step] = form.design @ state + form.observation_intercept + form.observation_loading @ shock
            state = form.transition @ state + form.state_intercept + form.state_loading @ shock
    np.testing.assert_allclose(form.propagate(start, noise), expected, rtol=1e-9, atol=1e-9)


@given(SIZES, SIZES, SEEDS, st.floats(-10, 10), st.floats(-10, 10))
def test_paths_are_linear_in_the_intercepts(
    states: int, shocks: int, seed: int, observed: float, hidden: float
) -> None:
    def paths(d: float, c: float) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return some_form(states, shocks, rng, observation_intercept=d, state_intercept=np.full(states, c)).simulate(
            5, 4, rng
        )

    base = paths(0, 0)
    combined = base + observed * (paths(1, 0) - base) + hidden * (paths(0, 1) - base)
    np.testing.assert_allclose(paths(observed, hidden), combined, rtol=1e-7, atol=1e-7)


def test_moments_include_the_uncertainty_of_the_state() -> None:
    """Against the moments by the Lyapunov recursion, to five standard errors."""
    rng, draws, horizon = np.random.default_rng(5), 200_000, 4
    form = some_form(3, 2, rng)
    paths = form.simulate(horizon, draws, rng)
    mean, covariance = form.mean, form.covariance
    for step in range(horizon):
        variance = form.design @ covariance @ form.design + form.observation_loading @ form.observation_loading
        sd = np.sqrt(variance)
        expected = form.design @ mean + form.observation_intercept
        assert abs(paths[:, step].mean() - expected) < 5 * sd / np.sqrt(draws)
        assert abs(paths[:, step].std() - sd) < 5 * sd / np.sqrt(2 * draws)
        mean = form.transition @ mean + form.state_intercept
        covariance = form.transition @ covariance @ form.transition.T + form.state_loading @ form.state_loading.T


def test_a_longer_horizon_continues_the_paths_of_a_shorter_one() -> None:
    form = some_form(2, 2, np.random.default_rng(0))
    short, long = (form.simulate(horizon, 7, np.random.default_rng(1)) for horizon in (3, 9))
    np.testing.assert_array_equal(short, long[:, :3])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"mean": np.array([np.nan, 0.0])}, "not finite"),
        ({"observation_intercept": np.inf}, "not finite"),
        ({"covariance": np.diag([1.0, -1.0])}, "positive semi-definite"),
        ({"covariance": np.zeros((2, 2)), "observation_loading": np.zeros(1)}, "no spread"),
    ],
)
def test_a_form_that_cannot_be_simulated_is_refused(broken: dict[str, Any], reason: str) -> None:
    with pytest.raises(MemberFailed, match=reason):
        some_form(2, 1, np.random.default_rng(0), **broken)


def test_estimating_turns_failures_of_the_fit_into_member_failed() -> None:
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    with pytest.raises(MemberFailed, match="maximum was not found"), estimating():
        warnings.warn("Optimization failed to converge", ConvergenceWarning, stacklevel=1)
    with pytest.raises(MemberFailed, match="broke down"), estimating():
        np.linalg.inv(np.zeros((2, 2)))


def test_estimating_silences_statsmodels_and_nothing_else() -> None:
    from statsmodels.tools.sm_exceptions import EstimationWarning

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with estimating():
            warnings.warn("Non-stationary starting parameters", EstimationWarning, stacklevel=1)
            warnings.warn("something else", UserWarning, stacklevel=1)
        assert [str(warning.message) for warning in seen] == ["something else"]
    with pytest.raises(ValueError, match="a bug"), estimating():
        raise ValueError("a bug")
