"""What delay and exit do to paths."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.paths import Paths
from models.scenarios.levers import Delay, Exit, Freeze, SharePath
from models.scenarios.scenario import Scenario
from models.scenarios.targets import assess
from tests.models.scenarios.levers.test_levers import DEFLATOR, ORIGIN, PATHS, paths, shares_after

RISING = SharePath(points={2035: 3.6})
BASE = PATHS.shares["core"].astype(float)


def medians(shares):
    return np.median(shares, axis=0)


def noise(shares):
    return np.log(shares / medians(shares))


@given(st.integers(2026, 2034))
def test_no_delay_changes_nothing(year):
    np.testing.assert_array_equal(shares_after(Delay(years=0, first_year=year)), BASE)


def test_a_delayed_path_stands_still_and_then_goes_on_as_it_was():
    planned = medians(shares_after(RISING))
    late = shares_after(RISING, Delay(years=2, first_year=2029))
    expected = [*planned[:3], planned[2], planned[2], *planned[3:8]]
    np.testing.assert_allclose(medians(late), expected, rtol=1e-5)
    np.testing.assert_allclose(noise(late), noise(BASE), atol=1e-5)


def test_from_the_start_a_delayed_year_has_the_median_of_so_many_years_before():
    planned, late = medians(shares_after(RISING)), medians(shares_after(RISING, Delay(years=3)))
    np.testing.assert_allclose(late[3:], planned[:-3], rtol=1e-5)


@given(st.integers(0, 12), st.integers(0, 12), st.floats(1.5, 4))
def test_on_a_rising_path_more_delay_never_raises_a_probability(one, other, threshold):
    less, more = sorted((one, other))
    early, late = (
        assess(shares_after(RISING, Delay(years=n)).astype(np.float32), threshold, ORIGIN, PATHS.member).probability
        for n in (less, more)
    )
    assert late.at_deadline <= early.at_deadline


@given(st.integers(2027, 2034), st.integers(1, 8), st.sampled_from(["trend", "origin"]))
def test_an_exit_without_reversion_changes_nothing(year, over, toward):
    same = shares_after(Exit(year=year, reversion=0.0, over_years=over, toward=toward))
    np.testing.assert_array_equal(same, BASE)


def test_a_plan_that_ends_goes_back_to_the_trend():
    base = paths(start=2.0, sd=0.05)
    gone = shares_after(SharePath(points={2030: 3.5}), Exit(year=2030, over_years=2), base=base)
    trend, planned = medians(base.shares["core"]), medians(shares_after(SharePath(points={2030: 3.5}), base=base))
    found = medians(gone)
    np.testing.assert_allclose(found[:5], planned[:5], rtol=1e-5)
    assert found[5] == pytest.approx(np.sqrt(planned[5] * trend[5]), rel=1e-4)
    np.testing.assert_allclose(found[6:], trend[6:], rtol=1e-4)
    np.testing.assert_allclose(noise(gone), noise(base.shares["core"].astype(float)), atol=1e-5)


def test_the_trend_is_another_fit_where_one_is_given():
    trend = Paths(ORIGIN, {"core": PATHS.shares["core"] * np.float32(0.8)}, PATHS.gdp, PATHS.member)
    scenario = Scenario("x", levers=(Exit(year=2028, over_years=1),))
    after = scenario.apply(PATHS, DEFLATOR, 0.5, trend=lambda: trend).shares["core"]
    np.testing.assert_allclose(medians(after)[3:], medians(trend.shares["core"])[3:], rtol=1e-5)


def test_a_plan_may_fall_back_to_the_share_of_the_origin():
    back = medians(shares_after(RISING, Exit(year=2029, over_years=1, toward="origin")))
    np.testing.assert_allclose(back[4:], back[0], rtol=1e-5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_more_of_a_rising_plan_is_undone_the_less_is_spent(one, other):
    less, more = sorted((one, other))
    kept, undone = (shares_after(RISING, Exit(year=2029, reversion=r, toward="origin")) for r in (less, more))
    assert (undone <= kept * (1 + 1e-6)).all()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(2027, 2033))
def test_the_probability_of_an_exit_is_a_fraction_of_the_futures(one, other, year):
    low, high = sorted((one, other))
    lever = {"year": year, "toward": "origin", "over_years": 1}
    planned = shares_after(RISING)
    rare, often = (shares_after(RISING, Exit(**lever, probability=p)) != planned for p in (low, high))
    column = year + 2 - ORIGIN
    assert rare[:, column].mean() == pytest.approx(low, abs=0.01)
    assert (often[:, column] >= rare[:, column]).all()


def test_an_exit_starts_after_its_election():
    scenario = Scenario("x", levers=(Exit(year=2035), Freeze(last_year=2035)))
    assert list(scenario.idle(2026, 2035)) == [
        (
            0,
            "Plan for core defence ends after an election from 2036 changes nothing: "
            "its years lie outside 2027 to 2035.",
        )
    ]
    scenario.check()


@pytest.mark.parametrize("toward", ["trend", "origin"])
def test_an_exit_never_raises_a_path(toward):
    falling = paths(seed=5, start=4.0)
    factor = np.linspace(1, 0.5, falling.gdp.shape[1], dtype=np.float32)
    base = replace(falling, shares={"core": falling.shares["core"] * factor})
    trend = replace(base, shares={"core": base.shares["core"] * np.float32(1.3)})
    scenario = Scenario("x", levers=(Exit(year=2028, toward=toward),))
    after = scenario.apply(base, DEFLATOR, 0.5, trend=lambda: trend)
    np.testing.assert_allclose(after.shares["core"], base.shares["core"], rtol=1e-6)
