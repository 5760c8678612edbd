"""Scenarios: order and conflicts."""

import numpy as np
import pytest

from models.dataset.countries import OWN_SERIES, allies, resolve
from models.scenarios.builtin import UnknownScenario, named_scenario, named_scenarios
from models.scenarios.levers import (
    Cap,
    CountingRule,
    Delay,
    Exit,
    Floor,
    Freeze,
    GdpGrowth,
    HistoryOverride,
    PledgeLever,
    Purchase,
    Reclassify,
    SharePath,
    Shock,
    SpendingGrowth,
)
from models.scenarios.scenario import ContradictoryLevers, Scenario
from tests.models.scenarios.levers.test_levers import DEFLATOR, PATHS, applied

PATH = SharePath(points={2030: 3.0})


@pytest.mark.parametrize(
    "levers",
    [
        (Cap(share_pct=2.0), Floor(share_pct=2.5)),
        (PATH, SharePath(points={2031: 2.0})),
        (PATH, Freeze()),
        (SpendingGrowth(rate_pct=3.0), PATH),
        (Freeze(), PledgeLever(share_pct=3.5, year=2035)),
        (GdpGrowth(rate_pct=1.0), GdpGrowth(change_pp=1.0)),
        (Freeze(first_year=2030), Delay(years=2)),
        (Exit(year=2029), Freeze(first_year=2030)),
        (Freeze(), Shock(spread_factor=2.0)),
        (HistoryOverride(points={2024: 2.0}), HistoryOverride(points={2025: 2.0})),
        (CountingRule(rule="strict"), CountingRule(rule="broad")),
        (
            Reclassify(component="core", from_component="related", share_pct=0.1),
            Reclassify(component="related", from_component="core", share_pct=0.2),
        ),
        (Floor(share_pct=3.0, countries=("borders-russia-or-belarus",)), Cap(share_pct=2.0, countries=("FIN", "ESP"))),
    ],
)
def test_contradictions_are_refused_and_the_second_lever_is_named(levers):
    with pytest.raises(ContradictoryLevers) as refused:
        Scenario("x", levers=(Cap(share_pct=9.0), *levers)).check()
    assert refused.value.index == 2


@pytest.mark.parametrize(
    "levers",
    [
        (Cap(share_pct=2.0, last_year=2029), Floor(share_pct=2.5, first_year=2030)),
        (Freeze(last_year=2028), SpendingGrowth(rate_pct=3.0, first_year=2029)),
        (PATH, SharePath(component="related", points={2030: 1.0})),
        (PledgeLever(share_pct=2.5, year=2030), PledgeLever(share_pct=3.5, year=2035, first_year=2031)),
        (Cap(share_pct=2.0), Floor(share_pct=2.0)),
        (Freeze(last_year=2030), Delay(years=2, first_year=2031)),
        (Delay(years=2, last_year=2029), Freeze(first_year=2030)),
        (Exit(year=2029), Exit(year=2033)),
        (Shock(spread_factor=2.0), PATH, Purchase(share_pct=0.3, first_year=2030), Delay(years=1)),
        (Floor(share_pct=3.0, countries=("borders-russia-or-belarus",)), Cap(share_pct=2.0, countries=("ESP", "ITA"))),
        (
            Reclassify(component="core", from_component="related", share_pct=0.1, last_year=2029),
            Reclassify(component="related", from_component="core", share_pct=0.2, first_year=2030),
        ),
    ],
)
def test_levers_that_do_not_meet_go_together(levers):
    Scenario("x", levers=levers).check()


def test_levers_act_in_a_fixed_order_whatever_the_list():
    levers = (Cap(share_pct=2.9), GdpGrowth(change_pp=-2.0, last_year=2028), PATH, Floor(share_pct=2.0))
    one = applied(Scenario("x", levers=levers))
    other = applied(Scenario("x", levers=levers[::-1]))
    np.testing.assert_array_equal(one.shares["core"], other.shares["core"])
    assert one.shares["core"][:, 1:].max() == np.float32(2.9)


def test_idle_levers_are_named():
    scenario = Scenario("x", levers=(Cap(share_pct=2.0, last_year=2020), SharePath(points={2024: 2.0, 2030: 3.0})))
    assert list(scenario.idle(2026, 2035)) == [
        (0, "Cap on core defence to 2020 changes nothing: its years lie outside 2027 to 2035."),
        (1, "Path of core defence: points up to the origin are not used (2024)."),
    ]


def test_a_path_without_a_usable_point_changes_nothing():
    past = SharePath(points={2024: 2.0, 2026: 2.1})
    assert list(Scenario("x", levers=(past,)).idle(2026, 2035)) == [
        (0, "Path of core defence changes nothing: its points lie before 2027.")
    ]
    np.testing.assert_array_equal(applied(Scenario("x", levers=(past,))).shares["core"], PATHS.shares["core"])


CORE = (Cap(share_pct=2.0), PATH, Exit(year=2029), HistoryOverride(points={2024: 2.0}))
RELATED = (Cap(component="related", share_pct=1.0), CountingRule(rule="strict"))
LEARNED = (PledgeLever(share_pct=1.5, year=2035, component="related", credibility="learned"),)


@pytest.mark.parametrize(
    ("ally", "levers", "why"),
    [
        (resolve("ISL"), CORE, "Iceland has no core spending"),
        (OWN_SERIES, RELATED, "a series of no ally has no related spending"),
        (resolve("ISL"), LEARNED, "Iceland has no pledge of core spending whose credibility was learned"),
        (
            OWN_SERIES,
            (PledgeLever(share_pct=3.5, year=2035, credibility="learned"),),
            "a series of no ally has no pledge of core spending whose credibility was learned",
        ),
    ],
)
def test_a_lever_on_what_an_ally_does_not_have_is_named(ally, levers, why):
    for lever in levers:
        assert list(Scenario("x", levers=(lever,)).idle(2026, 2035, ally)) == [
            (0, f"{Scenario('x', levers=(lever,)).name_of(0)} changes nothing: {why}.")
        ]


def test_every_shipped_scenario_is_consistent_for_every_ally():
    for ally in allies().values():
        for name in named_scenarios():
            scenario = named_scenario(name, ally, 2026, 2035)
            scenario.check()
            assert scenario.name == name
            assert scenario.description


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownScenario):
        named_scenario("nonsense", allies()["DEU"], 2026, 2035)


def test_a_component_counts_as_itself_already():
    with pytest.raises(ContradictoryLevers, match="must be another one") as refused:
        Scenario("x", levers=(PATH, Reclassify(component="core", from_component="core", share_pct=0.1))).check()
    assert refused.value.index == 1


def test_a_scenario_keeps_to_the_components_it_names():
    Scenario("x", levers=(PATH,), components=("core",)).check()
    for lever in (Cap(component="related", share_pct=1.0), GdpGrowth(change_pp=-1.0)):
        with pytest.raises(ContradictoryLevers, match="acts on related") as refused:
            Scenario("x", levers=(PATH, lever), components=("core",)).check()
        assert refused.value.index == 1


def test_levers_act_on_the_allies_that_they_and_the_scenario_name():
    cap, floor = Cap(share_pct=2.9), Floor(share_pct=2.5, countries=("euro-area", "POL"))
    scenario = Scenario("x", levers=(cap, floor), countries=("european",))
    assert scenario.on(resolve("DEU")) is scenario
    assert scenario.on(resolve("POL")).levers == (cap, floor)
    assert scenario.on(resolve("NOR")).levers == (cap,)
    assert scenario.on(resolve("USA")).levers == ()
    assert [index for index, _ in scenario.acting(resolve("DEU"))] == [1, 0]
    assert list(scenario.idle(2026, 2035, resolve("NOR"))) == [
        (1, "Floor on core defence changes nothing: it does not act on NOR.")
    ]
    before = PATHS
    assert scenario.apply(before, DEFLATOR, 0.5, ally=resolve("USA")) is before


def test_a_watcher_sees_every_lever_in_the_order_in_which_it_acts():
    seen = []
    levers = (Cap(share_pct=2.9), PATH, Floor(share_pct=2.0))
    scenario = Scenario("x", levers=levers)
    after = scenario.apply(PATHS, DEFLATOR, 0.5, watch=lambda i, shares: seen.append((i, shares["core"][:, -1].copy())))
    assert [index for index, _ in seen] == [1, 2, 0]
    np.testing.assert_array_equal(seen[-1][1], after.shares["core"][:, -1])
