"""The rule that counts related spending, in answers: how much of a probability it is, and what counts to the total."""

import numpy as np
import pytest

from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.alliance import alliance_forecast
from models.errors import CannotForecast
from models.forecast import Question
from models.paths import RULES
from models.scenarios.levers import Cap, CountingRule, Exit, HistoryOverride, PledgeLever
from models.simulation.path_store import PathStore
from models.simulation.related import WEIGHTS
from tests.support.asking import required, sensitivity

DRAWS = 2000


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


def by_component(answer):
    return {target.component: target for target in answer.targets}


def chosen(rule, *levers):
    return Scenario("x", levers=(CountingRule(rule=rule), *levers))


@pytest.mark.parametrize("scenario", ["baseline", "hague-path", Scenario("x", levers=(Cap(share_pct=3.6),))])
def test_the_probability_is_that_of_its_rules_by_their_weights(forecaster, scenario):
    targets = by_component(forecaster.forecast("DEU", scenario))
    assert targets["core"].rules == ()
    for name in ("related", "total"):
        rules = targets[name].rules
        assert [one.rule for one in rules] == list(RULES)
        assert {one.rule: one.weight for one in rules} == pytest.approx(WEIGHTS)
        together = sum(one.weight * one.at_deadline for one in rules)
        assert together == pytest.approx(targets[name].outcome.probability.at_deadline, abs=2 / DRAWS)


def test_the_rule_is_most_of_the_related_probability(forecaster):
    strict, claimed, broad = by_component(forecaster.forecast("DEU"))["related"].rules
    assert strict.at_deadline < 0.1 < claimed.at_deadline < broad.at_deadline
    assert broad.at_deadline > 0.6


@pytest.mark.parametrize("rule", RULES)
def test_a_chosen_rule_has_the_whole_weight_and_leaves_core_alone(forecaster, rule):
    usual, answer = forecaster.forecast("ITA"), forecaster.forecast("ITA", rule=rule)
    before, after = by_component(usual), by_component(answer)
    assert after["core"] == before["core"]
    for name in ("related", "total"):
        (only,) = after[name].rules
        assert (only.rule, only.weight) == (rule, 1.0)
        assert only.at_deadline == after[name].outcome.probability.at_deadline
        assert f"{rule} (" in after[name].rests_on
        assert not any(f"{other} (" in after[name].rests_on for other in RULES if other != rule)
    # A fifth to a half of the draws is near to all of them.
    expected = next(one.at_deadline for one in before["related"].rules if one.rule == rule)
    assert after["related"].outcome.probability.at_deadline == pytest.approx(expected, abs=0.06)


def test_a_rule_asked_for_is_a_last_lever(forecaster):
    asked = forecaster.forecast("NOR", rule="strict")
    lever = forecaster.forecast("NOR", Scenario("baseline", asked.scenario.description, (CountingRule(rule="strict"),)))
    assert asked.id == lever.id
    assert asked.targets == lever.targets
    assert asked.explanation.waterfall == lever.explanation.waterfall
    assert [step.type for step in asked.explanation.waterfall] == ["counting_rule"]
    ids = {forecaster.forecast("NOR", rule=rule).id for rule in (None, *RULES)}
    assert len(ids) == 4


def test_in_one_draw_all_allies_have_the_same_rule(forecaster):
    rules = [forecaster.scenario_paths(Question.resolve(forecaster.basis, code)).rule for code in ("DEU", "ISL", "USA")]
    np.testing.assert_array_equal(rules[0], rules[1])
    np.testing.assert_array_equal(rules[0], rules[2])


def test_the_required_growth_starts_from_what_the_rule_counts(forecaster):
    strict, broad = (by_component(forecaster.forecast("DEU", rule=rule))["related"] for rule in ("strict", "broad"))
    assert strict.required_growth > broad.required_growth + 10
    capped = by_component(forecaster.forecast("DEU", chosen("strict", Cap(component="related", share_pct=1.0))))
    assert capped["related"].required_growth == strict.required_growth


def test_levers_act_on_what_the_rule_counts(forecaster):
    """An exit reverts related spending to the trend by the same rule."""
    pledge = PledgeLever(component="related", share_pct=1.5, year=2029)
    gone = Exit(component="related", year=2030, over_years=1)
    undone = forecaster.forecast("DEU", chosen("strict", pledge, gone), levels=(0.5,))
    plain = forecaster.forecast("DEU", rule="strict", levels=(0.5,))
    found, expected = (a.components["related"].quantiles[0, 4:] for a in (undone, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_a_rule_and_own_figures_go_together(forecaster):
    own = HistoryOverride(points={2026: 4.0})
    both = forecaster.forecast("DEU", chosen("broad", own))
    assert [step.type for step in both.explanation.waterfall] == ["history_override", "counting_rule"]
    override, rule = both.explanation.waterfall
    assert (
        override.after["related"] == by_component(forecaster.forecast("DEU"))["related"].outcome.probability.at_deadline
    )
    assert rule.after["core"] == override.after["core"]
    assert rule.after["related"] > override.after["related"]


def test_a_series_of_no_ally_has_no_rule(forecaster):
    history = load_figures().panel()["FRA"]
    answer = forecaster.forecast(None, history=history, rule="broad")
    assert [target.rules for target in answer.targets] == [(), (), ()]
    assert "nothing" in by_component(answer)["related"].rests_on


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (chosen("strict"), "a counting_rule already"),
        (Scenario("x", components=("core",)), "leave related spending out"),
    ],
)
def test_a_rule_that_the_scenario_excludes_is_refused_by_name(forecaster, scenario, said):
    with pytest.raises(CannotForecast, match=said) as refused:
        forecaster.forecast("DEU", scenario, rule="broad")
    assert refused.value.field == "rule"


def test_a_related_target_above_the_usual_raises_what_counts_to_the_total(forecaster):
    targets = Targets(related=2.5)
    paths = forecaster.scenario_paths(Question.resolve(forecaster.basis, "DEU", targets=targets))
    total = paths.shares["core"] + np.minimum(paths.shares["related"], np.float32(2.5))
    np.testing.assert_array_equal(paths.component("total"), total)
    for scenario in ("baseline", "stall"):
        raised = by_component(forecaster.forecast("DEU", scenario, targets))
        assert [raised[name].counted_related for name in ("core", "related", "total")] == [None, None, 2.5]
        assert raised["total"].threshold == 6.0
    for target in (1.0, 1.5):
        usual = by_component(forecaster.forecast("DEU", targets=Targets(related=target)))
        assert usual["total"].counted_related == 1.5


def test_what_counts_does_not_stay_from_one_question_to_the_next(forecaster):
    first = forecaster.forecast("FRA", targets=Targets(core=3.5, related=1.5))
    forecaster.forecast("FRA", targets=Targets(core=3.0, related=2.0))
    again = forecaster.forecast("FRA", targets=Targets(core=3.5, related=1.5))
    assert first.targets == again.targets
    np.testing.assert_array_equal(first.components["total"].quantiles, again.components["total"].quantiles)
    # The same threshold of the total, more of related spending counted: never less likely.
    raised = by_component(forecaster.forecast("FRA", targets=Targets(core=3.0, related=2.0)))["total"]
    usual = by_component(first)["total"]
    assert raised.threshold == usual.threshold
    assert raised.outcome.probability.at_deadline > usual.outcome.probability.at_deadline


def test_the_waterfall_counts_as_the_answer_does(forecaster):
    answer = forecaster.forecast("DEU", chosen("broad", Cap(share_pct=3.6)), Targets(core=3.0, related=2.0))
    assert answer.explanation.waterfall[-1].after == {
        target.component: target.outcome.probability.at_deadline for target in answer.targets
    }


def test_a_requirement_counts_as_the_answer_does(forecaster):
    targets = Targets(core=3.0, related=2.0)
    found = required(forecaster, "DEU", 0.5, "total", "baseline", targets, rule="broad")
    answer = by_component(forecaster.forecast("DEU", targets=targets, rule="broad"))["total"]
    assert found.without == answer.outcome.probability.at_deadline
    easier = required(forecaster, "DEU", 0.5, "total", "baseline", targets, rule="strict")
    assert easier.extra_growth_pp > found.extra_growth_pp


def test_the_alliance_counts_by_the_same_rule(forecaster):
    def related(**asked):
        answer = alliance_forecast(forecaster, **asked)
        return answer, next(target for target in answer.targets if target.component == "related").at_deadline

    (mixed, all_rules), (strict, narrow), (_, broad) = (
        related(), related(rule="strict"), related(scenario=chosen("broad"))
    )  # fmt: skip
    assert narrow.mean < all_rules.mean < broad.mean
    assert (mixed.rule, strict.rule) == (None, "strict")
    # Allies that do not know the rule do not know it together.
    assert all_rules.dispersion > 2 * max(narrow.dispersion, broad.dispersion)
    assert mixed.id != strict.id


@pytest.mark.parametrize("component", ["related", "total"])
def test_sensitivity_has_a_bar_for_the_rule_unless_one_is_chosen(forecaster, component):
    name = "the rule that counts related spending"
    found = {bar.assumption: bar for bar in sensitivity(forecaster, "DEU", component).bars}
    assert (found[name].low, found[name].high) == ("strict", "broad")
    for rule, probability in (("strict", found[name].at_low), ("broad", found[name].at_high)):
        answer = by_component(forecaster.forecast("DEU", rule=rule))[component]
        assert probability == answer.outcome.probability.at_deadline
    settled = {bar.assumption: bar for bar in sensitivity(forecaster, "DEU", component, rule="claimed").bars}
    assert name not in settled
    # What moves related spending moves it by the chosen rule too.
    assert settled["growth of related spending"].swing > 0.01
    assert "What counts as related" in settled


def test_core_has_no_bar_for_the_rule(forecaster):
    assert not any("rule" in bar.assumption for bar in sensitivity(forecaster, "DEU").bars)
