"""Weights of the pool."""

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st

from models.ensemble.stacking import POINTS, Scores, learn_weights, midpoints, pool_quantiles


def scores(spreads, n=60, seed=1):
    """Normal members of given location and spread, and standard normal outcomes."""
    from statistics import NormalDist

    rng = np.random.default_rng(seed)
    z = np.array([NormalDist().inv_cdf(p) for p in midpoints()])
    points = np.tile(np.array([m + s * z for m, s in spreads]), (n, 1, 1))
    return Scores.of(np.arange(n), np.ones(n, int), points, rng.standard_normal(n)), points


def test_the_crps_of_a_pool_is_that_of_its_points():
    found, points = scores([(0, 1), (1, 2)])
    outcome = np.random.default_rng(1).standard_normal(60)
    weights = np.array([0.3, 0.7])
    both = points.reshape(60, -1)
    theirs = scoringrules.crps_ensemble(
        outcome, both, ens_w=np.tile(np.repeat(weights / POINTS, POINTS), (60, 1)), estimator="nrg"
    )
    np.testing.assert_allclose(found.crps(weights), theirs, rtol=1e-6)


def test_the_better_member_is_found_and_the_prior_holds_without_evidence():
    found, _ = scores([(0, 1), (3, 1)], n=200)
    assert learn_weights(found)[0] > 0.9
    nothing = found.known_at(-1)
    np.testing.assert_array_equal(learn_weights(nothing, np.array([0.2, 0.8])), [0.2, 0.8])


@given(st.integers(1, 40), st.floats(-2, 2), st.floats(0.3, 3))
def test_weights_stay_on_the_simplex(n, location, spread):
    weights = learn_weights(scores([(0, 1), (location, spread), (0, 2)], n=n)[0])
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


def test_only_what_was_known_counts():
    found, _ = scores([(0, 1), (1, 1)])
    known = found.known_at(10)
    assert (known.origin + known.horizon <= 10).all()
    assert len(known.origin) == 10


def test_quantiles_of_a_pool_of_equals_are_the_members():
    points = np.sort(np.random.default_rng(2).standard_normal(POINTS))
    levels = midpoints()
    np.testing.assert_allclose(
        pool_quantiles(np.stack([points, points]), np.array([0.4, 0.6]), levels), points, atol=0.2
    )
