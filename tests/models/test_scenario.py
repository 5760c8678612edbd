"""Scenarios: order and contradictions."""

import numpy as np
import pytest

from models.allies import allies
from models.levers import Cap, Floor, Freeze, GdpGrowth, PledgeLever, SharePath, SpendingGrowth
from models.named import NAMED, UnknownScenario, named_scenario
from models.scenario import ContradictoryLevers, Scenario
from tests.models.test_levers import bend

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
    ],
)
def test_levers_that_do_not_meet_go_together(levers):
    Scenario("x", levers=levers).check()


def test_levers_act_in_a_fixed_order_whatever_the_list():
    levers = (Cap(share_pct=2.9), GdpGrowth(change_pp=-2.0, last_year=2028), PATH, Floor(share_pct=2.0))
    one = bend(Scenario("x", levers=levers))
    other = bend(Scenario("x", levers=levers[::-1]))
    np.testing.assert_array_equal(one.shares["core"], other.shares["core"])
    assert one.shares["core"][:, 1:].max() == np.float32(2.9)


def test_idle_levers_are_named():
    scenario = Scenario("x", levers=(Cap(share_pct=2.0, last_year=2020), SharePath(points={2024: 2.0, 2030: 3.0})))
    notes = list(scenario.idle(2026, 2035))
    assert len(notes) == 2
    assert "Lever 0 (cap)" in notes[0]
    assert "2024" in notes[1]


def test_every_shipped_scenario_is_consistent_for_every_ally():
    for ally in allies().values():
        for name in NAMED:
            scenario = named_scenario(name, ally, 2026, 2035)
            scenario.check()
            assert scenario.name == name
            assert scenario.description


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownScenario):
        named_scenario("nonsense", allies()["DEU"], 2026, 2035)
