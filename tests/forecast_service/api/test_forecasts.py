"""Forecasts over HTTP: the fields of the contract, repeatability, and what must hold of every answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.settings import Settings
from models.dataset.countries import allies
from models.scenarios.builtin import named_scenarios

FIELDS = {
    "id", "country", "scenario", "origin", "deadline", "vintage", "model_version", "draws", "seed",
    "targets", "paths", "money", "pledge_credibility", "baseline", "waterfall", "plausibility",
    "members", "notes", "links", "cite",
}  # fmt: skip


def get(client: FlaskClient, path: str) -> dict[str, Any]:
    response = client.get(f"/v1/countries/{path}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def post(client: FlaskClient, **question: Any) -> dict[str, Any]:
    response = client.post("/v1/forecasts", json=question)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def target(body: dict[str, Any], component: str) -> dict[str, Any]:
    found: dict[str, Any] = next(t for t in body["targets"] if t["component"] == component)
    return found


def custom(*levers: dict[str, Any]) -> dict[str, Any]:
    return {"name": "mine", "levers": list(levers)}


def test_the_answer_has_the_fields_of_the_contract(client: FlaskClient) -> None:
    body = get(client, "DEU/forecast")
    assert set(body) == FIELDS
    assert body["country"] == {"code": "DEU", "code2": "DE", "name": "Germany"}
    assert body["scenario"] | {"description": ""} == {"name": "baseline", "description": "", "levers": []}
    assert (body["origin"], body["deadline"], body["vintage"]) == (2026, 2035, "nato-2026")
    assert (body["draws"], body["seed"]) == (2000, 1)
    assert [t["component"] for t in body["targets"]] == ["core", "related", "total"]
    assert [t["threshold"] for t in body["targets"]] == [3.5, 1.5, 5.0]
    assert [t["basis"] for t in body["targets"]] == ["history", "prior", "history and prior"]
    assert all(t["rests_on"] for t in body["targets"])
    for one in body["targets"]:
        assert set(one["probability"]) == {"at_deadline", "by_deadline", "held", "standard_error", "across_members"}
        assert isinstance(one["required"]["real_growth_pct"], float)
        assert one["required"]["from_year"] == 2026
        assert 0 < one["required"]["from_share_pct"] < one["threshold"]
        assert sum(one["first_year"].values()) == pytest.approx(one["probability"]["by_deadline"], abs=0.01)
    assert body["links"] == {
        "country": "/v1/countries/DEU",
        "history": "/v1/countries/DEU/history?vintage=nato-2026",
    }


def test_the_paths_fit_the_years(client: FlaskClient) -> None:
    paths = get(client, "DEU/forecast")["paths"]
    assert paths["years"] == list(range(2027, 2036))
    for name in ("core", "related", "total"):
        assert paths[name]["median"] == paths[name]["quantiles"]["0.5"]
        rows = [paths[name]["mean"], *paths[name]["quantiles"].values()]
        assert {len(row) for row in rows} == {9}
        levels = [float(level) for level in paths[name]["quantiles"]]
        assert levels == sorted(levels)
        for year in zip(*paths[name]["quantiles"].values(), strict=True):
            assert list(year) == sorted(year)


def test_a_fan_has_its_median_whatever_the_quantiles(client: FlaskClient) -> None:
    whole, other = (get(client, f"DEU/forecast?quantiles={levels}") for levels in ("0.1,0.5", "0.2"))
    for part in ("core", "related", "total"):
        assert other["paths"][part]["median"] == whole["paths"][part]["quantiles"]["0.5"]
    for unit in ("usd", "national"):
        assert other["money"][unit]["median"] == whole["money"][unit]["quantiles"]["0.5"]


def test_the_members_share_the_draws(client: FlaskClient) -> None:
    members = get(client, "DEU/forecast")["members"]
    weighed = [m for m in members if m["left_out"] is None]
    assert [m["name"] for m in weighed] == ["plans", "pledge"]
    assert sum(m["weight"] for m in weighed) == pytest.approx(1, abs=0.001)
    low, high = min(m["at_deadline"] for m in weighed), max(m["at_deadline"] for m in weighed)
    assert target(get(client, "DEU/forecast"), "core")["probability"]["across_members"] == [low, high]


@pytest.mark.parametrize("scenario", named_scenarios())
@pytest.mark.slow
def test_every_ally_answers_every_named_scenario(client: FlaskClient, scenario: str) -> None:
    for code in allies():
        body = get(client, f"{code}/forecast?scenario={scenario}")
        assert body["scenario"]["name"] == scenario
        assert [t["component"] for t in body["targets"] if t["probability"] is None] == (
            ["core", "total"] if code == "ISL" else []
        )
        for one in body["targets"]:
            check_probabilities(one)
        json.loads(json.dumps(body, allow_nan=False))


def check_probabilities(one: dict[str, Any]) -> None:
    p = one["probability"]
    if p is None:
        assert one["reason"]
        assert one["first_year"] == {}
        return
    assert one["reason"] is None
    for value in (p["at_deadline"], p["by_deadline"], p["held"], *p["across_members"], *one["first_year"].values()):
        assert 0 < value < 1
    assert p["held"] <= p["by_deadline"]
    assert p["held"] <= p["at_deadline"] <= p["by_deadline"]
    assert p["standard_error"] > 0
    assert p["across_members"][0] <= p["across_members"][1]


def test_iceland_has_related_only_and_says_why(client: FlaskClient) -> None:
    body = get(client, "ISL/forecast")
    for name in ("core", "total"):
        assert target(body, name)["probability"] is None
        assert target(body, name)["required"] is None
        assert "no armed forces" in target(body, name)["reason"]
        assert body["paths"][name] is None
    assert target(body, "related")["probability"]["at_deadline"] > 0
    assert body["members"] == []


def test_spain_under_its_exemption_misses_core(client: FlaskClient) -> None:
    assert target(get(client, "ESP/forecast?scenario=exemption"), "core")["probability"]["at_deadline"] < 0.02


def test_poland_is_likely_to_meet_core(client: FlaskClient) -> None:
    assert target(get(client, "POL/forecast"), "core")["probability"]["at_deadline"] > 0.7


def test_a_repeated_request_gives_identical_bytes(client: FlaskClient) -> None:
    first, again = (client.get("/v1/countries/FRA/forecast?scenario=gdp-shock").data for _ in range(2))
    assert first == again


@pytest.fixture
def fresh_clients(tmp_path: Path) -> Iterator[FlaskClient]:
    return (create_app(Settings(state_dir=tmp_path / name, draws=500)).test_client() for name in "ab")


@pytest.mark.slow
def test_two_services_that_share_nothing_give_identical_bytes(fresh_clients: Iterator[FlaskClient]) -> None:
    one, other = ([c.get(f"/v1/countries/{x}/forecast").data for x in ("ITA", "ISL")] for c in fresh_clients)
    assert one == other


@pytest.mark.parametrize("written", ["DEU", "de", "Germany", "gErMaNy"])
def test_the_id_does_not_depend_on_how_the_country_is_written(client: FlaskClient, written: str) -> None:
    assert post(client, country=written) == get(client, "DEU/forecast")


@pytest.mark.parametrize("written", ["türkiye", "turkiye", "TR"])
def test_the_id_does_not_depend_on_accents(client: FlaskClient, written: str) -> None:
    assert get(client, f"{written}/forecast")["id"] == get(client, "TUR/forecast")["id"]


def test_get_and_post_give_the_same_answer_to_the_same_question(client: FlaskClient) -> None:
    asked = get(client, "ITA/forecast?scenario=stall&deadline=2032&core=2&related=1&origin=2024&quantiles=0.1,0.9")
    posted = post(
        client, country="ITA", scenario="stall", targets={"deadline": 2032, "core": 2, "related": 1},
        origin=2024, quantiles=[0.9, 0.1],
    )  # fmt: skip
    assert asked == posted


@pytest.mark.parametrize(
    "change",
    [
        {"deadline": 2034},
        {"core": 3.4},
        {"related": 1.4},
        {"rule": "strict"},
        {"origin": 2025},
        {"quantiles": 0.5},
        {"scenario": "stall"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_question_has_another_id(client: FlaskClient, change: dict[str, Any]) -> None:
    query = "&".join(f"{name}={value}" for name, value in change.items())
    assert get(client, f"DEU/forecast?{query}")["id"] != get(client, "DEU/forecast")["id"]


def test_the_answer_says_how_much_of_it_is_the_rule(client: FlaskClient) -> None:
    body = get(client, "DEU/forecast")
    assert target(body, "core")["rules"] is None
    for name in ("related", "total"):
        rules = target(body, name)["rules"]
        assert [one["rule"] for one in rules] == ["strict", "claimed", "broad"]
        assert sum(one["weight"] for one in rules) == pytest.approx(1)
        together = sum(one["weight"] * one["at_deadline"] for one in rules)
        assert together == pytest.approx(target(body, name)["probability"]["at_deadline"], abs=0.002)
    iceland = get(client, "ISL/forecast")
    assert target(iceland, "total")["rules"] is None
    assert len(target(iceland, "related")["rules"]) == 3


def test_a_rule_in_the_query_is_the_last_lever_of_the_scenario(client: FlaskClient) -> None:
    asked = get(client, "DEU/forecast?scenario=stall&rule=strict")
    assert asked["scenario"]["levers"][-1] == {"type": "counting_rule", "rule": "strict"}
    assert asked == post(client, country="DEU", scenario="stall", rule="strict")
    own = custom({"type": "freeze"})
    by_hand = own | {"levers": [*own["levers"], {"type": "counting_rule", "rule": "strict"}]}
    found = [post(client, country="DEU", scenario=own, rule="strict"), post(client, country="DEU", scenario=by_hand)]
    assert found[0]["id"] == found[1]["id"]
    for name in ("related", "total"):
        (only,) = target(asked, name)["rules"]
        expected = target(asked, name)["probability"]["at_deadline"]
        assert only == {"rule": "strict", "weight": 1.0, "at_deadline": expected}


def test_a_rule_beside_that_of_the_scenario_is_refused_by_name(client: FlaskClient) -> None:
    scenario = custom({"type": "counting_rule", "rule": "broad"})
    refused = client.post("/v1/forecasts", json={"country": "DEU", "scenario": scenario, "rule": "strict"})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/rule")


def test_the_total_says_how_much_of_related_spending_counts(client: FlaskClient) -> None:
    for query, most in (("", 1.5), ("?related=1", 1.5), ("?related=2.25", 2.25)):
        found = {t["component"]: t["counted_related_max"] for t in get(client, f"DEU/forecast{query}")["targets"]}
        assert found == {"core": None, "related": None, "total": most}


def test_the_quantiles_are_those_asked_for(client: FlaskClient) -> None:
    quantiles = get(client, "DEU/forecast?quantiles=0.5,0.123456,0.12345")["paths"]["core"]["quantiles"]
    assert list(quantiles) == ["0.12345", "0.123456", "0.5"]


def test_an_old_origin_knows_nothing_later(client: FlaskClient) -> None:
    body = get(client, "DEU/forecast?origin=2014&deadline=2024&core=2")
    assert (body["origin"], body["deadline"]) == (2014, 2024)
    assert body["paths"]["years"] == list(range(2015, 2025))
    assert [t["threshold"] for t in body["targets"]] == [2.0, 1.5, 3.5]


def test_a_cap_and_a_floor_hold_exactly(client: FlaskClient) -> None:
    capped = post(client, country="POL", scenario=custom({"type": "cap", "share_pct": 3.0, "from": 2030}))
    floored = post(client, country="ESP", scenario=custom({"type": "floor", "share_pct": 3.5, "from": 2035}))
    assert max(max(row[3:]) for row in capped["paths"]["core"]["quantiles"].values()) == 3.0
    assert min(row[-1] for row in floored["paths"]["core"]["quantiles"].values()) == 3.5
    assert target(capped, "core")["probability"]["at_deadline"] < 0.001
    assert target(floored, "core")["probability"]["at_deadline"] > 0.999


def test_a_share_path_moves_the_median(client: FlaskClient) -> None:
    lever = {"type": "share_path", "points": {"2030": 2.9, "2035": 3.5}}
    body = post(client, country="ITA", scenario=custom(lever), quantiles=[0.5])
    median = body["paths"]["core"]["quantiles"]["0.5"]
    assert median[3] == pytest.approx(2.9, abs=0.001)
    assert median[8] == pytest.approx(3.5, abs=0.001)


@pytest.mark.parametrize(
    "lever",
    [
        {"type": "cap", "component": "related", "from": 2028, "to": 2030, "after": "continue", "share_pct": 1.0},
        {"type": "shock", "component": "core", "to": 2030, "after": "resume", "spread_factor": 1.5, "tails": 1.0},
        {"type": "floor", "component": "core", "share_pct": 2.0},
        {"type": "freeze", "component": "core", "what": "nominal", "from": 2029},
        {"type": "share_path", "component": "core", "points": {"2030": 2.9, "2035": 3.5}},
        {"type": "pledge", "component": "core", "share_pct": 3.5, "year": 2035, "credibility": 0.5},
        {"type": "gdp_growth", "change_pp": -5.0, "from": 2027, "to": 2027},
        {"type": "spending_growth", "component": "core", "rate_pct": 4.0},
    ],
    ids=lambda lever: lever["type"],
)
def test_a_lever_is_repeated_as_it_was_understood(client: FlaskClient, lever: dict[str, Any]) -> None:
    answered = post(client, country="ITA", scenario={"name": "n", "description": "d", "levers": [lever]})["scenario"]
    assert answered["levers"] == [lever]
    assert (answered["name"], answered["description"]) == ("n", "d")
    assert post(client, country="ITA", scenario=answered)["scenario"] == answered


def test_levers_that_cannot_act_are_noted(client: FlaskClient) -> None:
    idle = custom(
        {"type": "cap", "share_pct": 2.0, "from": 2040}, {"type": "share_path", "points": {"2020": 2.0, "2030": 3.0}}
    )
    notes = post(client, country="ITA", scenario=idle)["notes"]
    assert len(notes) == 2
    assert notes[0].startswith("Cap on core defence from 2040 changes nothing")
    assert "2020" in notes[1]
    assert get(client, "ITA/forecast")["notes"] == []


def test_the_named_scenarios_are_listed(client: FlaskClient) -> None:
    body = client.get("/v1/scenarios?owner=shipped").json
    assert [item["name"] for item in body["items"]] == list(named_scenarios())
    assert all(item["description"] for item in body["items"])


def test_levels_may_stand_in_one_parameter_or_in_many(client: FlaskClient) -> None:
    path = "/v1/countries/DEU/forecast"
    together = client.get(path, query_string={"quantiles": "0.1,0.5,0.9"})
    apart = client.get(path, query_string=[("quantiles", "0.1"), ("quantiles", "0.5"), ("quantiles", "0.9")])
    assert together.status_code == apart.status_code == 200
    assert together.json == apart.json
    twice = client.get(path, query_string=[("deadline", "2030"), ("deadline", "2031")])
    assert (twice.status_code, twice.json["errors"][0]["parameter"]) == (422, "deadline")
