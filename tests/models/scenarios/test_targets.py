"""From paths to probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.scenarios.targets import LEAST_WEIGHT, Targets, assess, met, proportion, required_growth

SHARES = hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(2, 8)), elements=st.floats(1, 6, width=32))


@pytest.mark.parametrize(
    ("share", "threshold", "expected"),
    [
        (3.495, 3.5, True),
        (3.4949, 3.5, False),
        (3.5, 3.5, True),
        (1.995, 2.0, True),
        (1.99, 2.0, False),
        (3.49, 3.491, False),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_met_as_nato_reports_to_two_decimals(share, threshold, expected, dtype):
    assert met(np.array([share], dtype=dtype), threshold)[0] == expected


def test_a_target_is_met_at_the_deadline_by_it_or_held_until_it():
    shares = np.array(
        [
            [2.0, 3.6, 3.4],  # reached, lost
            [2.0, 3.4, 3.6],  # reached at the end, held since
            [3.6, 3.6, 3.6],  # there at the origin and after
            [2.0, 2.0, 2.0],  # never
            [3.6, 3.4, 3.6],  # there, lost and regained: not held
        ]
    )
    outcome = assess(shares, 3.5, 2026, np.zeros(5, dtype=int))
    assert outcome.probability.at_deadline == proportion(3, 5)
    assert outcome.probability.by_deadline == proportion(4, 5)
    assert outcome.probability.held == proportion(2, 5)
    assert outcome.first_year == {2026: proportion(2, 5), 2027: proportion(1, 5), 2028: proportion(1, 5)}


@given(SHARES, st.floats(1, 6))
def test_held_and_at_deadline_never_exceed_by_deadline(shares, threshold):
    p = assess(shares, threshold, 2026, np.zeros(len(shares), dtype=int)).probability
    assert 0 < p.held <= p.at_deadline <= p.by_deadline < 1


@given(SHARES, st.floats(1, 5), st.floats(0, 1))
def test_a_higher_threshold_is_never_more_likely(shares, threshold, more):
    member = np.zeros(len(shares), dtype=int)
    low, high = (assess(shares, x, 2026, member).probability for x in (threshold, threshold + more))
    assert high.at_deadline <= low.at_deadline
    assert high.by_deadline <= low.by_deadline


def test_the_range_across_members_is_that_of_the_members_own_probabilities():
    shares = np.array([[2.0, 4.0], [2.0, 4.0], [2.0, 3.0], [2.0, 3.0]])
    outcome = assess(shares, 3.5, 2026, np.array([0, 0, 4, 4]))
    assert outcome.probability.across_members == (proportion(0, 2), proportion(2, 2))
    assert outcome.probability.at_deadline == 0.5
    assert outcome.by_member == {0: proportion(2, 2), 4: proportion(0, 2)}


@pytest.mark.parametrize("share", [LEAST_WEIGHT - 0.01, LEAST_WEIGHT])
def test_a_member_of_little_weight_is_not_in_the_range(share):
    theirs = round(1000 * share)
    shares = np.full((1000, 2), 3.0)
    shares[: 990 - theirs : 2, 1] = 4.0
    shares[-theirs:, 1] = 4.0  # of this member every draw meets the target
    member = np.repeat([0, 1], [1000 - theirs, theirs])
    outcome = assess(shares, 3.5, 2026, member)
    assert set(outcome.by_member) == {0, 1}
    assert outcome.by_member[1] > 0.99
    assert (outcome.probability.across_members[1] > 0.99) == (share >= LEAST_WEIGHT)


@given(SHARES, st.floats(1, 6), st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2))
def test_the_range_holds_the_members_from_all_their_draws_and_the_probability_itself(shares, threshold, own):
    member = np.arange(len(shares)) % 2
    alone = dict(enumerate(own[: len(set(member))]))
    outcome = assess(shares, threshold, 2026, member, alone)
    assert outcome.by_member == alone
    low, high = outcome.probability.across_members
    assert (low, high) == (
        min(outcome.probability.at_deadline, *alone.values()),
        max(outcome.probability.at_deadline, *alone.values()),
    )


def test_the_totals_threshold_is_the_sum():
    assert Targets(core=3.5, related=1.5).threshold("total") == 5.0
    assert Targets(core=0.1, related=0.2).threshold("total") == 0.3


@given(st.floats(0.5, 6), st.floats(0.5, 6), st.floats(0.5, 3), st.integers(1, 34))
def test_required_growth_just_meets_the_threshold(start, threshold, gdp, years):
    r = required_growth(start, threshold, gdp, years)
    reached = start * (1 + r / 100) ** years / gdp
    assert reached == pytest.approx(threshold, rel=1e-9)
