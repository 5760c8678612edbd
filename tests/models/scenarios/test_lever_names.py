"""Levers in words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from models.scenarios.lever_names import NAMES, NUMBERS, named, numbered
from models.scenarios.levers import ORDER, Cap, OnComponent
from models.scenarios.scenario import Scenario


def test_every_lever_has_a_name_and_every_number_of_it_too():
    assert {kind.type for kind in ORDER} == set(NAMES) - {"without_pledges"}
    numbers = {each.name for kind in ORDER for each in fields(kind) if "float" in str(each.type)}
    assert numbers - {"points"} <= set(NUMBERS)


@pytest.mark.parametrize("kind", ORDER)
def test_what_a_lever_acts_on_is_said_if_it_can_act_on_more_than_one_thing(kind):
    said = {named({"type": kind.type, "component": component}) for component in ("core", "related")}
    assert len(said) == (2 if issubclass(kind, OnComponent) else 1)


@pytest.mark.parametrize(
    ("lever", "said"),
    [
        ({"type": "step", "from": 2028, "to": 2029}, "One-off purchase on core defence from 2028 to 2029"),
        ({"type": "gdp_growth", "from": 2028, "to": 2028}, "Growth of GDP in 2028"),
        ({"type": "cap", "component": "related", "from": 2030}, "Cap on related spending from 2030"),
        ({"type": "freeze", "to": 2030}, "Freeze on core defence to 2030"),
        ({"type": "reclassify", "component": "related"}, "Counted as related spending"),
    ],
)
def test_a_lever_is_named_with_its_years(lever, said):
    assert named(lever) == said


def test_equal_names_are_told_apart():
    assert numbered(["Cap", "Floor", "Cap"]) == ["Cap (1 of 2)", "Floor", "Cap (2 of 2)"]
    twice = Scenario("x", levers=(Cap(share_pct=2.0), Cap(share_pct=3.0)))
    assert twice.name_of(1) == "Cap on core defence (2 of 2)"
