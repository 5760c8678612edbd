"""Pledges: credibility by status and record, ceilings, and that a pledge only raises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.panel import History
from models.ensemble.members.pledge import (
    BACKED,
    FRACTIONS,
    TILT,
    Commitment,
    FittedPledges,
    effective,
    fit_pledges,
    in_force,
    prior,
)
from models.series import Panel, Series

STATUSES = list(TILT)


def record(name, *closed):
    """A record of pledges of which fractions near ``closed`` were reached."""
    return [(Commitment(name, 2.0, 2020 + i, 2010), -200 * (FRACTIONS - f) ** 2) for i, f in enumerate(closed)]


@given(st.floats(0, 1.2), st.floats(0, 1.2), st.sampled_from(STATUSES), st.sampled_from(STATUSES))
def test_no_record_lifts_a_status_above_a_better_one(mine, theirs, status, other):
    pledges = [Commitment("a", 3.5, 2035, 2025, status), Commitment("b", 3.5, 2035, 2025, other)]
    fitted = FittedPledges(pledges, prior(), [*record("a", mine), *record("b", theirs)])
    if TILT[status] > TILT[other]:
        assert fitted.credibility("a", 2035) > fitted.credibility("b", 2035)


def test_a_good_record_raises_credibility_and_a_bad_one_lowers_it():
    pledges = [Commitment(name, 3.5, 2035, 2025) for name in ("kept", "none", "missed")]
    fitted = FittedPledges(pledges, prior(), [*record("kept", 1.0, 1.1), *record("missed", 0.0, 0.1)])
    kept, none, missed = (fitted.credibility(name, 2035) for name in ("kept", "none", "missed"))
    assert kept > none > missed
    assert all(0 < c < 1 for c in (kept, none, missed))


def test_a_refusal_outweighs_a_plan_and_its_level_is_a_ceiling():
    hague = Commitment("ESP", 3.5, 2035, 2025)
    plan = Commitment("ESP", 3.5, 2030, 2025, "plan")
    refused = Commitment("ESP", 2.1, 2035, 2025, "refused")
    found = effective(hague, [plan, refused])
    assert (found.status, found.level) == ("refused", pytest.approx(np.log(2.1)))
    assert effective(hague, [plan]).status == "plan"
    assert effective(hague, [Commitment("ESP", 2.5, 2030, 2025, "plan")]).status == "announced"
    assert effective(hague, [Commitment("ESP", 3.5, 2036, 2025, "law")]).status == "announced"
    assert set(BACKED) <= set(TILT)


def test_a_refusal_of_the_coming_years_sets_no_ceiling_on_later_ones():
    soon = Commitment("CZE", 2.1, 2026, 2026, "refused")
    found = effective(Commitment("CZE", 3.5, 2035, 2025), [soon])
    assert (found.status, found.enough) == ("refused", None)


def test_of_two_pledges_for_one_year_the_higher_is_in_force_and_none_of_later():
    pledges = [Commitment("a", 3.5, 2035, 2025), Commitment("a", 3.0, 2035, 2026), Commitment("a", 4.0, 2030, 2027)]
    assert [p.threshold for p in in_force(pledges, 2026)] == [3.5]


PANEL = Panel(Series(f"s{i}", 2000, np.full(15, 1.0 + 0.2 * i)) for i in range(6))


@given(st.floats(0.2, 6), st.sampled_from(STATUSES), st.floats(0.3, 4))
def test_a_pledge_never_lowers_a_path(threshold, status, start):
    fitted = fit_pledges(History(PANEL), [Commitment("s0", threshold, 2024, 2014, status)])
    paths = np.log(start) + 0.1 * np.cumsum(np.random.default_rng(1).standard_normal((40, 12)), axis=1)
    lifted = fitted.lift("s0", 2014, float(np.log(start)), paths, 1)
    assert (lifted >= paths - 1e-12).all()
    assert np.isfinite(lifted).all()


def test_a_series_above_its_pledge_is_not_lifted_but_held():
    fitted = fit_pledges(History(PANEL), [Commitment("s0", 1.0, 2024, 2014)])
    high = np.full((50, 12), np.log(3.0))
    np.testing.assert_array_equal(fitted.lift("s0", 2014, float(np.log(3.0)), high, 1), high)
    low = np.full((50, 12), np.log(0.5))
    assert (fitted.lift("s0", 2014, float(np.log(3.0)), low, 1)[:, -1] > low[:, -1]).any()


def test_without_a_pledge_ahead_nothing_is_lifted():
    fitted = fit_pledges(History(PANEL), [Commitment("s0", 1.0, 2014, 2010)])
    with pytest.raises(MemberFailed, match="no pledge"):
        fitted.lift("s0", 2014, 0.0, np.zeros((5, 5)), 1)


def test_progress_of_all_moves_the_fractions_that_the_panel_expects():
    kept = Panel(Series(f"s{i}", 2000, np.r_[np.full(10, 1.0), np.linspace(1.0, 2.0, 11)]) for i in range(8))
    missed = Panel(Series(f"s{i}", 2000, np.full(21, 1.0)) for i in range(8))
    pledges = [Commitment(f"s{i}", 2.0, 2020, 2009) for i in range(8)]
    expected = [FRACTIONS @ fit_pledges(History(panel), pledges).panel for panel in (kept, missed)]
    assert expected[0] > FRACTIONS @ prior() > expected[1]
