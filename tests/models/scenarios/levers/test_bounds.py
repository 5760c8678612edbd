"""What a shock does to the spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paths import Paths
from models.scenarios.levers import Shock
from tests.models.scenarios.levers.test_levers import ORIGIN, PATHS, shares_after

BASE = PATHS.shares["core"].astype(float)
FACTORS, TAILS = st.floats(0.1, 5), st.floats(1, 2)


def deviations(shares):
    return np.log(shares / np.median(shares, axis=0))


def test_a_shock_of_factor_one_is_the_identity():
    np.testing.assert_array_equal(shares_after(Shock()), BASE)
    np.testing.assert_array_equal(shares_after(Shock(spread_factor=1.0, tails=1.0, first_year=2030)), BASE)


@given(FACTORS, TAILS, st.integers(2027, 2035))
def test_the_median_ranks_and_earlier_years_stay(factor, tails, year):
    after = shares_after(Shock(spread_factor=factor, tails=tails, first_year=year))
    column = year - ORIGIN
    np.testing.assert_array_equal(after[:, :column], BASE[:, :column])
    np.testing.assert_allclose(np.median(after, axis=0), np.median(BASE, axis=0), rtol=2e-3)
    assert (np.diff(after[np.argsort(BASE[:, -1], kind="stable"), -1]) >= -1e-6 * after.max()).all()


@given(FACTORS)
def test_every_distance_grows_by_the_factor(factor):
    np.testing.assert_allclose(
        deviations(shares_after(Shock(spread_factor=factor)))[:, 1:],
        factor * deviations(BASE)[:, 1:],
        atol=2e-3 * factor,
    )


@given(FACTORS, FACTORS)
def test_a_larger_factor_is_a_wider_interval(one, other):
    narrow, wide = sorted((one, other))
    widths = [np.diff(np.quantile(shares_after(Shock(spread_factor=f))[:, -1], [0.1, 0.9]))[0] for f in (narrow, wide)]
    assert widths[0] <= widths[1] * (1 + 1e-5)


def test_fatter_tails_take_the_outer_half_out_and_leave_the_quartiles():
    before, after = deviations(BASE)[:, -1], deviations(shares_after(Shock(tails=1.5)))[:, -1]
    inner = np.abs(before) < np.median(np.abs(before)) * 0.99
    assert (np.abs(after[inner]) <= np.abs(before[inner]) + 1e-5).all()
    outer = np.abs(before) > np.median(np.abs(before)) * 1.05
    assert (np.abs(after[outer]) > np.abs(before[outer])).all()

    def kurtosis(x):
        return ((x - x.mean()) ** 4).mean() / x.var() ** 2

    assert kurtosis(after) > kurtosis(before) + 1
    assert np.median(np.abs(after)) == pytest.approx(np.median(np.abs(before)), rel=0.02)


def test_no_shock_makes_a_number_that_is_none():
    wild = (PATHS.shares["core"] * np.exp(np.linspace(-8, 8, 800))[:, None]).astype(np.float32)
    base = Paths(ORIGIN, {"core": wild}, PATHS.gdp, PATHS.member)
    after = shares_after(Shock(spread_factor=5.0, tails=2.0), base=base)
    assert np.isfinite(after).all()
    assert (after > 0).all()
    still = Paths(ORIGIN, {"core": np.full_like(wild, 2.0)}, PATHS.gdp, PATHS.member)
    np.testing.assert_array_equal(shares_after(Shock(spread_factor=5.0, tails=2.0), base=still), 2.0)
