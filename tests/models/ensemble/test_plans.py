"""Plans inform in both directions, with the errors that such plans had."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dataset.plan_record import ResolvedPlan
from models.ensemble.plans import ERROR_SD, FORECASTS, Plan, condition, in_force, plan_errors


def walk(draws=4000, years=10, sd=0.1, seed=1):
    return math.log(3) + np.cumsum(sd * np.random.default_rng(seed).standard_normal((draws, years)), axis=1)


def conditioned(plan, error):
    return condition(walk(), 2026, [plan], {plan.status: error}, np.random.default_rng(2))


@pytest.mark.parametrize("share", [2.0, 4.5])
def test_a_plan_pulls_in_its_direction_and_carries_the_years_after(share):
    plan = Plan("a", "plan", 2026, 2029, share)
    before, after = np.median(walk(), axis=0), np.median(conditioned(plan, 0.05), axis=0)
    direction = np.sign(math.log(share / 3))
    assert ((after - before) * direction > 0).all()
    assert abs(after[2] - math.log(share)) < abs(before[2] - math.log(share)) / 2
    # A random walk keeps what it got: the years after move as much as the plan's year.
    assert after[9] - before[9] == pytest.approx(after[2] - before[2], abs=0.05)


def test_the_update_is_that_of_two_normal_sources():
    error, sd = 0.1, 0.1 * math.sqrt(3)
    plan = Plan("a", "plan", 2025, 2029, 4.0)
    ahead = error * math.sqrt(4)
    after = conditioned(plan, error)[:, 2]
    weight = sd**2 / (sd**2 + ahead**2)
    assert after.mean() == pytest.approx(math.log(3) + weight * math.log(4 / 3), abs=0.01)
    assert after.std() == pytest.approx(math.sqrt(weight) * ahead, rel=0.05)


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_a_plan_with_more_error_counts_less(one, other):
    low, high = sorted((one, other))
    plan = Plan("a", "plan", 2026, 2029, 6.0)
    sure, unsure = (np.median(conditioned(plan, e)[:, 2]) for e in (low, high))
    assert sure >= unsure - 1e-9


def test_only_the_latest_plan_for_a_later_year_is_in_force():
    plans = [
        Plan("a", "plan", 2024, 2029, 3.0),
        Plan("a", "budget", 2026, 2029, 3.2),
        Plan("a", "plan", 2026, 2026, 2.0),
        Plan("a", "plan", 2027, 2030, 4.0),
        Plan("b", "plan", 2026, 2030, 4.0),
    ]
    assert in_force(plans, "a", 2026) == [plans[1]]


def resolved(status, ahead, ratio):
    return ResolvedPlan("a", status, 2020, 2020 + ahead, 2.0, 2.0 * ratio, estimate=False)


def test_errors_are_learned_by_status_and_grow_with_the_years_ahead():
    assert plan_errors([]) == dict.fromkeys(FORECASTS, pytest.approx(ERROR_SD))
    bad = [resolved("plan", 1, 1.6)] * 10
    good = [resolved("budget", 1, 1.01)] * 10
    found = plan_errors([*bad, *good])
    assert found["plan"] > found["law"] > found["budget"]
    # The same miss four years ahead is half the error a root year.
    far = plan_errors([resolved("plan", 4, 1.6)] * 10)
    assert far["plan"] < found["plan"]
