"""Whatever levers come together: paths stay numbers, and the waterfall adds up."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forecast.explanation import Waterfall
from models.scenarios.levers import (
    Cap,
    Delay,
    Exit,
    Floor,
    Freeze,
    GdpGrowth,
    PledgeLever,
    Purchase,
    Reclassify,
    SharePath,
    Shock,
    SpendingGrowth,
)
from models.scenarios.scenario import ContradictoryLevers, Scenario
from models.scenarios.targets import Targets, assess
from tests.models.scenarios.levers.test_levers import DEFLATOR, ORIGIN, PATHS

SHARE, YEAR, FRACTION = st.floats(0.01, 100), st.integers(2024, 2038), st.floats(0, 1)
FIRST, COMPONENT = st.none() | YEAR, st.sampled_from(["core", "related"])
GROWTH = st.floats(-50, 50)
LEVER = st.one_of(
    st.builds(GdpGrowth, change_pp=GROWTH, first_year=FIRST),
    st.builds(GdpGrowth, rate_pct=GROWTH, first_year=FIRST),
    st.builds(SpendingGrowth, change_pp=GROWTH, first_year=FIRST, component=COMPONENT),
    st.builds(SpendingGrowth, rate_pct=GROWTH, first_year=FIRST, component=COMPONENT),
    st.builds(SharePath, points=st.dictionaries(YEAR, SHARE, min_size=1), component=COMPONENT),
    st.builds(PledgeLever, share_pct=SHARE, year=YEAR, credibility=FRACTION, component=COMPONENT),
    st.builds(Delay, years=st.integers(0, 30), first_year=FIRST, component=COMPONENT),
    st.builds(
        Exit,
        year=YEAR,
        reversion=FRACTION,
        over_years=st.integers(1, 30),
        toward=st.sampled_from(["trend", "origin"]),
        probability=FRACTION,
        component=COMPONENT,
    ),
    st.builds(Shock, spread_factor=st.floats(0.1, 5), tails=st.floats(1, 2), first_year=FIRST, component=COMPONENT),
    st.builds(Freeze, what=st.sampled_from(["share", "nominal", "real"]), first_year=FIRST, component=COMPONENT),
    st.builds(Purchase, share_pct=SHARE, first_year=YEAR, component=COMPONENT),
    st.builds(
        Reclassify,
        share_pct=SHARE,
        years=st.integers(1, 30),
        from_component=st.sampled_from(["other", "core", "related"]),
        first_year=FIRST,
        component=COMPONENT,
    ),
    st.builds(Floor, share_pct=SHARE, first_year=FIRST, component=COMPONENT),
    st.builds(Cap, share_pct=SHARE, first_year=FIRST, component=COMPONENT),
)


@settings(max_examples=300)
@given(st.lists(LEVER, max_size=8), st.floats(0.01, 100), st.floats(0.01, 100))
def test_any_levers_leave_numbers_and_their_steps_lead_to_the_answer(levers, core, related):
    scenario = Scenario("x", levers=tuple(levers))
    targets = Targets(core=core, related=related)
    steps = Waterfall(targets, tuple(lever.type for lever in levers))
    try:
        after = scenario.apply(PATHS, DEFLATOR, 0.5, watch=steps)
    except ContradictoryLevers:
        return
    for name in ("core", "related"):
        assert np.isfinite(after.shares[name]).all()
        assert (after.shares[name] >= 0).all()
        np.testing.assert_array_equal(after.shares[name][:, 0], PATHS.shares[name][:, 0])
    assert len(steps.steps) == len(levers)
    if levers:
        for name in ("core", "related", "total"):
            outcome = assess(after.component(name), targets.threshold(name), ORIGIN, after.member)
            assert steps.steps[-1].after[name] == outcome.probability.at_deadline
