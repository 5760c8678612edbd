"""What each lever does to paths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forecast.explanation import Waterfall
from models.paths import RULES, Paths
from models.scenarios.levers import (
    AFTER,
    EXECUTION_SD,
    Cap,
    CountingRule,
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
from models.scenarios.levers.base import LEAST_MEDIAN, PathEditor
from models.scenarios.scenario import ContradictoryLevers, Scenario
from models.scenarios.targets import Targets, assess

ORIGIN, LAST = 2026, 2035


def paths(seed=3, draws=800, start=2.2, sd=0.1):
    rng = np.random.default_rng(seed)
    years = LAST - ORIGIN
    steps = np.cumsum(0.02 + sd * rng.standard_normal((draws, years)), axis=1)
    core = start * np.exp(np.hstack([np.zeros((draws, 1)), steps]))
    related = np.exp(0.3 * rng.standard_normal((draws, 1)) + np.zeros((1, years + 1)))
    gdp = np.exp(
        np.cumsum(np.hstack([np.zeros((draws, 1)), 0.015 + 0.02 * rng.standard_normal((draws, years))]), axis=1)
    )
    shares = {"core": core.astype(np.float32), "related": related.astype(np.float32)}
    return Paths(ORIGIN, shares, gdp.astype(np.float32), np.zeros(draws, dtype=int))


PATHS = paths()
DEFLATOR = 1.02 ** np.arange(LAST - ORIGIN + 1)


COUNTED = {"strict": 0.3, "claimed": 0.9, "broad": 1.6}


def under(rule):
    """The related shares of the same futures under one counting rule."""
    shares = PATHS.shares["related"] * np.float32(COUNTED[rule])
    shares.flags.writeable = False  # as those that the forecaster gives
    return shares


def applied(scenario, base=PATHS, credibility=0.5, watch=None):
    return scenario.apply(base, DEFLATOR, credibility, related=under, watch=watch)


def shares_after(*levers, base=PATHS):
    return applied(Scenario("test", levers=levers), base).shares["core"].astype(float)


SHARE, YEAR, FRACTION = st.floats(0.01, 100), st.integers(2024, 2038), st.floats(0, 1)
FIRST, COMPONENT = st.none() | YEAR, st.sampled_from(["core", "related"])
ENDING = {"last_year": FIRST, "after": st.sampled_from(AFTER)}
GROWTH = st.floats(-50, 50)
LEVER = st.one_of(
    st.builds(CountingRule, rule=st.sampled_from(RULES)),
    st.builds(GdpGrowth, change_pp=GROWTH, first_year=FIRST),
    st.builds(GdpGrowth, rate_pct=GROWTH, first_year=FIRST),
    st.builds(SpendingGrowth, change_pp=GROWTH, first_year=FIRST, component=COMPONENT),
    st.builds(SpendingGrowth, rate_pct=GROWTH, first_year=FIRST, component=COMPONENT),
    st.builds(SharePath, points=st.dictionaries(YEAR, SHARE, min_size=1), component=COMPONENT, **ENDING),
    st.builds(PledgeLever, share_pct=SHARE, year=YEAR, credibility=FRACTION, component=COMPONENT, **ENDING),
    st.builds(Delay, years=st.integers(0, 30), first_year=FIRST, component=COMPONENT, **ENDING),
    st.builds(
        Exit,
        year=YEAR,
        reversion=FRACTION,
        over_years=st.integers(1, 30),
        toward=st.sampled_from(["trend", "origin"]),
        probability=FRACTION,
        component=COMPONENT,
    ),
    st.builds(
        Shock, spread_factor=st.floats(0.1, 5), tails=st.floats(1, 2), first_year=FIRST, component=COMPONENT, **ENDING
    ),
    st.builds(
        Freeze, what=st.sampled_from(["share", "nominal", "real"]), first_year=FIRST, component=COMPONENT, **ENDING
    ),
    st.builds(Purchase, share_pct=SHARE, first_year=YEAR, component=COMPONENT),
    st.builds(
        Reclassify,
        share_pct=SHARE,
        years=st.integers(1, 30),
        from_component=st.sampled_from(["other", "core", "related"]),
        first_year=FIRST,
        component=COMPONENT,
    ),
    st.builds(Floor, share_pct=SHARE, first_year=FIRST, component=COMPONENT, **ENDING),
    st.builds(Cap, share_pct=SHARE, first_year=FIRST, component=COMPONENT, **ENDING),
)


def test_no_lever_changes_nothing_and_levers_leave_their_input_alone():
    before = PATHS.shares["core"].copy()
    assert applied(Scenario("test")) is PATHS
    shares_after(Cap(share_pct=1.0))
    np.testing.assert_array_equal(PATHS.shares["core"], before)


def test_cap_and_floor_are_exact_and_the_origin_stays():
    capped = shares_after(Cap(share_pct=2.1))
    assert capped[:, 1:].max() == np.float32(2.1)
    np.testing.assert_array_equal(capped[:, 0], PATHS.shares["core"][:, 0])
    floored = shares_after(Floor(share_pct=2.3, first_year=2030))
    assert floored[:, 4:].min() == np.float32(2.3)
    np.testing.assert_array_equal(floored[:, :4], PATHS.shares["core"][:, :4])


def test_a_frozen_share_is_every_draws_own_of_the_year_before():
    frozen = shares_after(Freeze(what="share", first_year=2029, last_year=2032, after="resume"))
    for column in range(3, 7):
        np.testing.assert_array_equal(frozen[:, column], PATHS.shares["core"][:, 2])
    np.testing.assert_array_equal(frozen[:, 7:], PATHS.shares["core"][:, 7:])


@pytest.mark.parametrize(("what", "prices"), [("real", np.ones(10)), ("nominal", DEFLATOR)])
def test_frozen_money_loses_to_growth(what, prices):
    frozen = shares_after(Freeze(what=what))
    expected = PATHS.shares["core"][:, :1] / (PATHS.gdp * prices)
    np.testing.assert_allclose(frozen[:, 1:], expected[:, 1:], rtol=1e-5)


def test_a_share_path_moves_the_median_and_keeps_the_noise():
    moved = shares_after(SharePath(points={2030: 3.0, 2033: 3.6}))
    medians = np.median(moved, axis=0)
    start = np.median(PATHS.shares["core"][:, 0])
    assert medians[2] == pytest.approx((start + 3.0) / 2, rel=1e-5)
    assert medians[[4, 7, 9]] == pytest.approx([3.0, 3.6, 3.6], rel=1e-5)
    noise = np.log(moved[:, 9] / medians[9])
    base = PATHS.shares["core"][:, 9].astype(float)
    np.testing.assert_allclose(noise, np.log(base / np.median(base)), atol=1e-5)


@given(
    st.dictionaries(st.integers(2027, 2035), st.floats(0.5, 5), min_size=1, max_size=4),
    st.data(),
    st.floats(0, 2),
    st.floats(1.0, 5.0),
)
def test_raising_a_share_path_never_lowers_a_probability(points, data, more, threshold):
    year = data.draw(st.sampled_from(sorted(points)))
    raised = points | {year: points[year] + more}
    low, high = (
        assess(
            applied(Scenario("x", levers=(SharePath(points=p),))).shares["core"],
            threshold,
            ORIGIN,
            PATHS.member,
        )
        for p in (points, raised)
    )
    assert high.probability.at_deadline >= low.probability.at_deadline
    assert high.probability.by_deadline >= low.probability.by_deadline


def growth_of(index):
    return index[:, 1:] / index[:, :-1] - 1


def test_gdp_growth_moves_gdp_and_leaves_the_money():
    after = applied(Scenario("x", levers=(GdpGrowth(change_pp=-5.0, first_year=2027, last_year=2028),)))
    difference = growth_of(after.gdp.astype(float)) - growth_of(PATHS.gdp.astype(float))
    np.testing.assert_allclose(difference[:, :2], -0.05, atol=1e-5)
    np.testing.assert_allclose(difference[:, 2:], 0, atol=1e-5)
    for name in ("core", "related"):
        np.testing.assert_allclose(after.shares[name] * after.gdp, PATHS.shares[name] * PATHS.gdp, rtol=1e-5)


def test_gdp_growth_at_a_rate_moves_the_median_to_it():
    after = applied(Scenario("x", levers=(GdpGrowth(rate_pct=3.0, first_year=2030, last_year=2030),)))
    rates = growth_of(after.gdp.astype(float))
    assert np.median(rates[:, 3]) == pytest.approx(0.03, abs=1e-5)
    np.testing.assert_allclose(
        np.delete(rates, 3, axis=1), np.delete(growth_of(PATHS.gdp.astype(float)), 3, axis=1), atol=1e-5
    )


def money(after):
    return after.shares["core"].astype(float) * after.gdp


def test_spending_growth_at_a_rate_moves_the_median_to_it():
    median = np.median(money(applied(Scenario("x", levers=(SpendingGrowth(rate_pct=5.0),)))), axis=0)
    np.testing.assert_allclose(median[1:] / median[:-1], 1.05, atol=1e-5)


def test_spending_growth_by_points_adds_to_every_draws_own():
    after = applied(Scenario("x", levers=(SpendingGrowth(change_pp=2.0, last_year=2030),)))
    difference = growth_of(money(after)) - growth_of(money(PATHS))
    np.testing.assert_allclose(difference[:, :4], 0.02, atol=1e-5)
    np.testing.assert_allclose(difference[:, 4:], 0.0, atol=1e-5)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(1.5, 5), st.integers(2027, 2035))
def test_more_credibility_never_lowers_a_draw(one, other, share, year):
    low, high = sorted((one, other))
    less, more = (shares_after(PledgeLever(share_pct=share, year=year, credibility=c)) for c in (low, high))
    assert (more >= less * (1 - 1e-6)).all()
    assert (less >= PATHS.shares["core"] * (1 - 1e-6)).all()


def test_a_kept_pledge_is_reached_with_execution_error():
    kept = shares_after(PledgeLever(share_pct=3.5, year=2033), base=paths(start=1.5, sd=0.08))
    assert np.median(kept[:, 9]) == pytest.approx(3.5, rel=0.01)
    assert np.log(kept[:, 9]).std() == pytest.approx(EXECUTION_SD, rel=0.15)


def test_a_pledge_without_credibility_changes_nothing():
    np.testing.assert_allclose(
        shares_after(PledgeLever(share_pct=3.5, year=2035, credibility=0.0)), PATHS.shares["core"], rtol=1e-5
    )


def test_a_learned_credibility_is_the_allys():
    lever = PledgeLever(share_pct=3.5, year=2035, credibility="learned")
    learned = applied(Scenario("x", levers=(lever,)), credibility=0.3).shares["core"]
    given = applied(Scenario("x", levers=(PledgeLever(share_pct=3.5, year=2035, credibility=0.3),))).shares["core"]
    np.testing.assert_array_equal(learned, given)


def test_a_lever_on_a_component_that_does_not_apply_does_nothing():
    only_related = Paths(ORIGIN, {"related": PATHS.shares["related"]}, PATHS.gdp, PATHS.member)
    after = applied(Scenario("test", levers=(Cap(share_pct=0.1),)), only_related)
    np.testing.assert_array_equal(after.shares["related"], PATHS.shares["related"])


@settings(max_examples=300)
@given(st.lists(LEVER, max_size=8), st.floats(0.01, 100), st.floats(0.01, 100))
def test_any_levers_leave_numbers_and_their_steps_lead_to_the_answer(levers, core, related):
    scenario = Scenario("x", levers=tuple(levers))
    targets = Targets(core=core, related=related)
    steps = Waterfall(targets, tuple(lever.type for lever in levers))
    try:
        after = applied(scenario, watch=steps)
    except ContradictoryLevers:
        return
    for name in ("core", "related"):
        assert np.isfinite(after.shares[name]).all()
        assert (after.shares[name] >= 0).all()
        rule = scenario.counting_rule()
        begun = under(rule.rule) if rule and name == "related" else PATHS.shares[name]
        np.testing.assert_array_equal(after.shares[name][:, 0], begun[:, 0])
    assert len(steps.steps) == len(levers)
    if levers:
        for name in ("core", "related", "total"):
            after = after.counting(targets.counted_related)
            outcome = assess(after.component(name), targets.threshold(name), ORIGIN, after.member)
            assert steps.steps[-1].after[name] == outcome.probability.at_deadline


@given(st.lists(LEVER | COMPONENT, max_size=6), st.floats(0.01, 9.0))
def test_the_median_is_always_that_of_the_present_draws(actions, value):
    """Whoever wrote before: a lever, or a caller with a column of its own."""
    editor = PathEditor(PATHS, DEFLATOR, 0.5, related=under)
    for action in [None, *actions]:
        if isinstance(action, str):
            editor.writable(action)[:, 3] = value
        elif action:
            with np.errstate(over="ignore", invalid="ignore"):
                action.apply(editor)
        for component in ("core", "related"):
            present = np.maximum(np.median(editor.shares[component], axis=0).astype(float), LEAST_MEDIAN)
            np.testing.assert_array_equal(editor.median(component), present)
