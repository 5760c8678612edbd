"""The levers as they are sent, and what an answer says that they did."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from forecast_service.schemas.lever_types import SCHEMAS
from forecast_service.schemas.levers import LeverField, ScenarioSchema
from models.dataset.groups import GROUPS
from models.scenarios.levers import ORDER

ALLIANCE_WIDE = {"counting_rule"}
"""Levers that cannot be limited to some allies."""
EXAMPLES = [pytest.param(schema.example, id=kind) for kind, schema in SCHEMAS.items()]


def ask(client: FlaskClient, country: str = "DEU", **scenario: Any) -> Any:
    return client.post("/v1/forecasts", json={"country": country, "scenario": scenario})


def answer(client: FlaskClient, *levers: dict[str, Any], country: str = "DEU", **scenario: Any) -> dict[str, Any]:
    response = ask(client, country, levers=list(levers), **scenario)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def test_there_is_a_schema_for_every_lever_in_the_order_in_which_they_act() -> None:
    assert [schema.lever for schema in SCHEMAS.values()] == list(ORDER)
    assert [schema.lever.type for schema in SCHEMAS.values()] == list(SCHEMAS)


@pytest.mark.parametrize("lever", EXAMPLES)
def test_every_example_is_answered_and_repeated_so_that_it_can_be_sent_again(
    client: FlaskClient, lever: dict[str, Any]
) -> None:
    body = answer(client, lever)
    repeated = body["scenario"]
    assert lever.items() <= repeated["levers"][0].items()
    assert ask(client, **repeated).json["scenario"] == repeated
    assert body["notes"] == []


@pytest.mark.parametrize("lever", EXAMPLES)
def test_what_a_lever_says_survives_being_kept(lever: dict[str, Any]) -> None:
    if lever["type"] not in ALLIANCE_WIDE:
        lever = lever | {"countries": ["euro-area", "NOR"]}
        assert LeverField().deserialize(lever).countries == ("euro-area", "NOR")
    scenario = ScenarioSchema().load({"levers": [lever]})
    assert ScenarioSchema().load(ScenarioSchema().dump(scenario)) == scenario


def test_what_a_scenario_says_beside_its_levers_survives_too() -> None:
    sent = {
        "name": "n",
        "description": "d",
        "levers": [{"type": "cap", "component": "core", "share_pct": 2.0}],
        "pledge_effect": False,
        "components": ["core"],
        "countries": ["borders-russia-or-belarus", "SWE"],
        "based_on": "trend",
        "model_version": "2",
        "vintage": "nato-2026",
    }
    scenario = ScenarioSchema().load(sent)
    assert scenario.pledge_effect is False
    assert ScenarioSchema().dump(scenario) == sent


@pytest.mark.parametrize(
    ("lever", "field"),
    [
        ({"type": "delay"}, ""),
        ({"type": "delay", "years": 31}, "years"),
        ({"type": "delay", "years": 1.5}, "years"),
        ({"type": "exit"}, ""),
        ({"type": "exit", "year": 2029, "from": 2030}, "from"),
        ({"type": "exit", "year": 2029, "reversion": 1.1}, "reversion"),
        ({"type": "exit", "year": 2029, "over_years": 0}, "over_years"),
        ({"type": "exit", "year": 2029, "toward": "peace"}, "toward"),
        ({"type": "exit", "year": 2029, "probability": -0.1}, "probability"),
        ({"type": "shock"}, ""),
        ({"type": "shock", "spread_factor": 0.05}, "spread_factor"),
        ({"type": "shock", "spread_factor": 5.1}, "spread_factor"),
        ({"type": "shock", "tails": 0.9}, "tails"),
        ({"type": "step", "share_pct": 0.3}, ""),
        ({"type": "step", "from": 2030}, ""),
        ({"type": "step", "from": 2030, "to": 2029, "share_pct": 0.3}, "to"),
        ({"type": "reclassify"}, ""),
        ({"type": "reclassify", "share_pct": 0.3, "from_component": "total"}, "from_component"),
        ({"type": "reclassify", "share_pct": 0.3, "years": 31}, "years"),
        ({"type": "history_override"}, ""),
        ({"type": "history_override", "points": {}}, "points"),
        ({"type": "history_override", "points": {"2025": 0}}, "points/2025"),
        ({"type": "history_override", "points": {"1899": 2}}, "points/1899"),
        ({"type": "history_override", "points": {"2025": 2}, "to": 2030}, "to"),
        ({"type": "counting_rule"}, ""),
        ({"type": "counting_rule", "rule": "loose"}, "rule"),
        ({"type": "counting_rule", "rule": "strict", "to": 2030}, "to"),
        ({"type": "counting_rule", "rule": "strict", "countries": ["DEU"]}, "countries"),
        ({"type": "cap", "share_pct": 2, "countries": "DEU"}, "countries"),
        ({"type": "cap", "share_pct": 2, "countries": ["AUT"]}, "countries/0"),
        ({"type": "cap", "share_pct": 2, "countries": ["DEU"] * 60}, "countries"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(client: FlaskClient, lever: dict[str, Any], field: str) -> None:
    response = ask(client, levers=[lever])
    assert response.status_code == 422
    assert f"/scenario/levers/0/{field}".rstrip("/") in [error["pointer"] for error in response.json["errors"]]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"components": ["total"]}, "components/0"),
        ({"components": ["core"] * 3}, "components"),
        ({"countries": ["Atlantis"]}, "countries/0"),
        ({"pledge_effect": "no"}, "pledge_effect"),
        ({"based_on": ""}, "based_on"),
        ({"vintage": "nato-1999"}, "vintage"),
    ],
)
def test_so_is_what_a_scenario_says_beside_them(client: FlaskClient, more: dict[str, Any], field: str) -> None:
    response = ask(client, levers=[], **more)
    assert response.status_code == 422
    assert f"/scenario/{field}" in [error["pointer"] for error in response.json["errors"]]


def test_contradictions_name_the_lever(client: FlaskClient) -> None:
    response = ask(client, levers=[{"type": "freeze"}, {"type": "delay", "years": 2}])
    assert (response.status_code, response.json["errors"][0]["pointer"]) == (422, "/scenario/levers/1")
    twice = ask(client, levers=[{"type": "counting_rule", "rule": rule} for rule in ("strict", "broad")])
    assert (twice.status_code, twice.json["errors"][0]["pointer"]) == (422, "/scenario/levers/1")
    outside = ask(client, levers=[{"type": "cap", "component": "related", "share_pct": 1}], components=["core"])
    assert (outside.status_code, outside.json["errors"][0]["pointer"]) == (422, "/scenario/levers/0")


LEVERS = (
    {"type": "cap", "share_pct": 3.4},
    {"type": "share_path", "points": {"2030": 3.0, "2035": 3.3}},
    {"type": "shock", "spread_factor": 1.6},
    {"type": "reclassify", "component": "related", "share_pct": 0.3},
    {"type": "exit", "year": 2031, "probability": 0.3},
    {"type": "step", "share_pct": 0.3, "from": 2035, "countries": ["DEU"]},
)


@pytest.mark.parametrize("pledge_effect", [True, False])
@pytest.mark.parametrize("country", ["DEU", "ITA", "ISL"])
def test_the_waterfall_of_an_answer_adds_up_as_it_is_written(
    client: FlaskClient, country: str, pledge_effect: bool
) -> None:
    body = answer(client, *LEVERS, country=country, pledge_effect=pledge_effect)
    plain = client.get(f"/v1/countries/{country}/forecast").json
    assert (plain["baseline"], plain["waterfall"], plain["plausibility"]) == (None, [], None)
    assert [step["type"] for step in body["waterfall"]][:1] == (
        ["share_path"] if pledge_effect else ["without_pledges"]
    )
    for target, reference, base in zip(body["targets"], body["baseline"]["targets"], plain["targets"], strict=True):
        name = target["component"]
        assert reference["component"] == name
        if target["probability"] is None:
            assert (reference["probability"], reference["difference"]) == (None, None)
            assert all(step["change"][name] is None for step in body["waterfall"])
            continue
        for kind in ("at_deadline", "by_deadline", "held"):
            assert reference["probability"][kind] == base["probability"][kind]
            expected = target["probability"][kind] - base["probability"][kind]
            assert reference["difference"][kind] == pytest.approx(expected, abs=1e-9)
        growth = target["required"]["real_growth_pct"] - base["required"]["real_growth_pct"]
        assert reference["difference"]["real_growth_pct"] == pytest.approx(growth, abs=1e-9)
        total = sum(step["change"][name] for step in body["waterfall"])
        assert total == pytest.approx(reference["difference"]["at_deadline"], abs=1e-12)
        assert body["waterfall"][-1]["probability"][name] == target["probability"]["at_deadline"]


def test_the_plausibility_speaks_of_core_or_of_what_there_is(client: FlaskClient) -> None:
    for country, component in (("DEU", "core"), ("ISL", "related")):
        found = answer(client, *LEVERS, country=country)["plausibility"]
        assert found["component"] == component
        assert found["years"] == list(range(2027, 2036))
        assert len(found["rank"]) == len(found["median"]) == len(found["baseline_median"]) == 9
        assert found["rank_at_deadline"] == found["rank"][-1]
        assert 0 < found["effective_sample_size"] <= 1


def test_a_lever_for_other_allies_does_nothing_and_says_so(client: FlaskClient) -> None:
    body = answer(client, {"type": "cap", "share_pct": 1.0, "countries": ["ESP"]}, country="ITA")
    assert body["waterfall"] == []
    assert body["targets"] == client.get("/v1/countries/ITA/forecast").json["targets"]
    assert body["notes"] == ["Cap on core defence changes nothing: it does not act on ITA."]


def test_what_the_answer_rests_on_is_part_of_its_id(client: FlaskClient) -> None:
    cap = {"type": "cap", "share_pct": 2.5}
    ids = {
        answer(client, cap)["id"],
        answer(client, cap | {"countries": ["DEU"]})["id"],
        answer(client, cap, pledge_effect=False)["id"],
        answer(client, cap, countries=["DEU"])["id"],
        answer(client, cap, vintage="nato-2025")["id"],
    }
    assert len(ids) == 5


def test_the_contract_bounds_and_shows_every_lever(client: FlaskClient) -> None:
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    union = schemas["Scenario"]["properties"]["levers"]["items"]
    assert list(union["discriminator"]["mapping"]) == sorted(SCHEMAS)
    for kind, ref in union["discriminator"]["mapping"].items():
        lever = schemas[ref.rsplit("/", 1)[1]]
        assert lever["examples"] == [SCHEMAS[kind].example]
        assert lever["additionalProperties"] is False
        if kind in ALLIANCE_WIDE:
            assert "countries" not in lever["properties"]
        else:
            assert all(group in lever["properties"]["countries"]["items"]["description"] for group in GROUPS)
        for name, field in lever["properties"].items():
            if field.get("type") in ("number", "integer"):
                assert {"minimum", "maximum"} <= set(field), (kind, name)
    assert "from" not in schemas["LeverExit"]["properties"]
    assert schemas["LeverShock"]["if"] == {"not": {"required": ["spread_factor"]}}
    assert schemas["LeverShock"]["then"] == {"required": ["tails"]}
