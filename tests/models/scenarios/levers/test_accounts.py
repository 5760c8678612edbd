"""What one's own figures, one-off purchases and other ways of counting do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Forecaster, Scenario, load_figures
from models.dataset.countries import resolve
from models.errors import CannotForecast
from models.forecast import Question
from models.paths import RULES, Paths
from models.scenarios.levers import Cap, CountingRule, HistoryOverride, PledgeLever, Purchase, Reclassify
from models.simulation.path_store import PathStore
from tests.models.scenarios.levers.test_levers import ORIGIN, PATHS, applied, shares_after, under
from tests.support.asking import required

CORE, RELATED = PATHS.shares["core"], PATHS.shares["related"]


@pytest.mark.parametrize("rule", RULES)
def test_a_counting_rule_replaces_related_spending_and_nothing_else(rule):
    after = applied(Scenario("x", levers=(CountingRule(rule=rule),)))
    np.testing.assert_array_equal(after.shares["related"], under(rule))
    assert after.shares["core"] is CORE
    assert after.gdp is PATHS.gdp
    assert set(after.rule) == {RULES.index(rule)}
    assert PATHS.rule is None


def test_other_levers_act_on_what_the_rule_counts():
    """In any order: a copy is written, and what is shared stays."""
    levers = (Cap(component="related", share_pct=0.2), CountingRule(rule="strict"))
    after = applied(Scenario("x", levers=levers)).shares["related"]
    np.testing.assert_array_equal(after[:, 1:], np.minimum(under("strict")[:, 1:], np.float32(0.2)))


def test_draws_that_the_rule_counts_already_keep_what_was_done_to_them():
    strict = applied(Scenario("x", levers=(CountingRule(rule="strict"), Cap(component="related", share_pct=0.2))))
    again = applied(Scenario("x", levers=(CountingRule(rule="strict"),)), strict)
    assert again.shares["related"] is strict.shares["related"]
    broad = applied(Scenario("x", levers=(CountingRule(rule="broad"),)), strict)
    np.testing.assert_array_equal(broad.shares["related"], under("broad"))


def test_without_related_spending_a_rule_does_nothing():
    only = Paths(ORIGIN, {"core": CORE}, PATHS.gdp, PATHS.member)
    after = applied(Scenario("x", levers=(CountingRule(rule="broad"),)), only)
    assert after.shares == {"core": CORE}
    assert after.rule is None


@given(st.floats(0.01, 3), st.integers(2027, 2035))
def test_a_purchase_adds_exactly_its_share_in_its_year(share, year):
    after = applied(Scenario("x", levers=(Purchase(share_pct=share, first_year=year),))).shares["core"]
    column = year - ORIGIN
    np.testing.assert_array_equal(after[:, column], CORE[:, column] + np.float32(share))
    np.testing.assert_array_equal(np.delete(after, column, axis=1), np.delete(CORE, column, axis=1))


def test_a_purchase_may_take_several_years_and_needs_one():
    after = shares_after(Purchase(share_pct=0.5, first_year=2028, last_year=2030))
    np.testing.assert_allclose((after - CORE).mean(axis=0), [0, 0, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0], atol=1e-6)
    with pytest.raises(ValueError, match="needs the year"):
        Purchase(share_pct=0.5)


def test_a_cap_holds_for_a_purchase_too():
    assert shares_after(Cap(share_pct=2.4), Purchase(share_pct=1.0, first_year=2030)).max() == np.float32(2.4)


@given(st.floats(0.01, 2), st.integers(2027, 2034), st.integers(1, 5))
@pytest.mark.slow
def test_what_is_counted_in_addition_comes_in_equal_steps(share, first, years):
    lever = Reclassify(component="related", share_pct=share, first_year=first, years=years)
    after = applied(Scenario("x", levers=(lever,)))
    elapsed = np.clip(np.arange(10) + ORIGIN - first + 1, 0, years)
    np.testing.assert_array_equal(after.shares["related"], RELATED + (share * (elapsed / years)).astype(np.float32))
    np.testing.assert_array_equal(after.shares["core"], CORE)


@given(st.floats(0.01, 3), st.sampled_from([("core", "related"), ("related", "core")]))
def test_what_moves_between_the_components_is_lost_by_one_and_won_by_the_other(share, ends):
    to, source = ends
    lever = Reclassify(component=to, from_component=source, share_pct=share, first_year=2028)
    after = applied(Scenario("x", levers=(lever,)))
    won, lost = after.shares[to] - PATHS.shares[to], PATHS.shares[source] - after.shares[source]
    np.testing.assert_allclose(won, lost, atol=2e-6)
    assert won.max() <= share + 1e-5
    assert after.shares[source].min() >= min(0.01, PATHS.shares[source].min()) - 1e-6
    np.testing.assert_array_equal(after.shares[to][:, :2], PATHS.shares[to][:, :2])


def test_nothing_moves_from_a_component_that_does_not_apply():
    only = Paths(ORIGIN, {"related": RELATED}, PATHS.gdp, PATHS.member)
    after = applied(
        Scenario("x", levers=(Reclassify(component="related", from_component="core", share_pct=0.5),)), only
    )
    np.testing.assert_array_equal(after.shares["related"], RELATED)


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=1000)


def override(points, *levers, **more):
    return Scenario("x", levers=(HistoryOverride(points=points), *levers), **more)


@pytest.mark.slow
def test_own_figures_move_the_forecast_and_are_not_kept(forecaster):
    forecaster.forecast("ITA")
    mine = f"*-d{forecaster.draws}-*"
    kept = sorted(forecaster.store.folder.glob(mine))
    higher = forecaster.forecast("ITA", override({2025: 2.6, 2026: 3.0}))
    assert sorted(forecaster.store.folder.glob(mine)) == kept != []
    assert (
        higher.targets[0].outcome.probability.at_deadline
        > forecaster.forecast("ITA").targets[0].outcome.probability.at_deadline
    )
    assert higher.targets[0].rests_on.endswith("; the analyst's own for 2025, 2026")
    assert [step.type for step in higher.explanation.waterfall] == ["history_override"]


def test_the_figures_themselves_give_the_forecast_back(forecaster):
    """Without the revision of an estimate they are the same figures, so the same fit: nothing else may differ."""
    series = load_figures().panel()["NOR"]
    same = forecaster.forecast("NOR", override({2020: series.at(2020)}))
    plain = forecaster.forecast("NOR")
    np.testing.assert_array_equal(same.components["core"].quantiles, plain.components["core"].quantiles)
    assert same.explanation.waterfall[0].after["core"] == plain.targets[0].outcome.probability.at_deadline


def test_own_figures_of_the_origin_count_as_final(forecaster):
    series = load_figures().panel()["NOR"]
    fixed = forecaster.scenario_paths(
        Question.resolve(forecaster.basis, "NOR", override({2026: series.at(2026)}))
    ).shares["core"][:, 0]
    assert fixed.std() < 1e-6 < forecaster.fit(resolve("NOR")).paths.shares["core"][:, 0].std()


def test_figures_that_cannot_be_used_are_noted(forecaster):
    notes = forecaster.forecast("NOR", override({1900: 2.0, 2024: 2.0, 2027: 9.0})).notes
    assert any("figures begin in" in note and "1900" in note for note in notes)
    assert any("figures after the origin are not used (2027)" in note for note in notes)
    iceland = forecaster.forecast("ISL", override({2024: 2.0}))
    assert any("Iceland has no core spending" in note for note in iceland.notes)
    assert iceland.targets[1].outcome == forecaster.forecast("ISL").targets[1].outcome


@pytest.mark.slow
def test_own_figures_go_with_other_levers_with_the_trend_and_with_a_history_that_is_sent(forecaster):
    scenario = override({2026: 2.8}, PledgeLever(share_pct=3.5, year=2035, credibility="learned"), pledge_effect=False)
    answer = forecaster.forecast("FRA", scenario)
    assert [s.type for s in answer.explanation.waterfall] == ["without_pledges", "history_override", "pledge"]
    sent = load_figures().panel()["FRA"]
    again = forecaster.forecast("FRA", scenario, history=sent)
    assert again.origin == 2026
    assert again.explanation.baseline["core"].outcome is not None


@pytest.mark.slow
def test_requirements_start_from_own_figures(forecaster):
    low, high = (required(forecaster, "FRA", 0.5, scenario=override({2026: x})).extra_growth_pp for x in (2.6, 2.0))
    assert low < high


def test_an_ally_with_too_few_figures_is_refused(forecaster):
    with pytest.raises(CannotForecast, match="figures in a row"):
        forecaster.forecast("MNE", override({2003: 2.0}), origin=2003)
