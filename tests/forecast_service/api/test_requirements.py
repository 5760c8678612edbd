"""Requirements over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

FLOOR, CAP = {"type": "floor", "share_pct": 3}, {"type": "cap", "share_pct": 2}


def post(client: FlaskClient, **question: Any) -> dict[str, Any]:
    response = client.post("/v1/requirements", json={"country": "DEU", "probability": 0.8} | question)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def test_the_answer_has_the_fields_of_the_contract(client: FlaskClient) -> None:
    body = post(client)
    assert set(body) == {
        "id", "country", "scenario", "component", "moved", "threshold", "origin", "deadline", "vintage",
        "model_version", "draws", "seed", "probability", "extra_growth_pp", "real_growth_pct", "share_pct", "money",
        "notes", "links", "cite",
    }  # fmt: skip
    assert body["country"] == {"code": "DEU", "code2": "DE", "name": "Germany"}
    assert (body["component"], body["moved"], body["threshold"]) == ("core", "core", 3.5)
    assert (body["origin"], body["deadline"]) == (2026, 2035)
    assert body["probability"]["asked"] == 0.8
    assert body["probability"]["reached"] == pytest.approx(0.8, abs=0.001)
    assert set(body["money"]["usd"]) == {"currency", "unit", "without", "needed", "extra", "extra_cumulative"}
    assert body["links"] == {"forecast": "/v1/countries/DEU/forecast"}
    json.loads(json.dumps(body, allow_nan=False))


@pytest.mark.parametrize("component", ["core", "related", "total"])
def test_the_answer_posted_as_a_lever_gives_the_probability(client: FlaskClient, component: str) -> None:
    found = post(client, component=component)
    lever = {"type": "spending_growth", "component": found["moved"], "change_pp": found["extra_growth_pp"]}
    answer = client.post("/v1/forecasts", json={"country": "DEU", "scenario": {"levers": [lever]}}).json
    target = next(t for t in answer["targets"] if t["component"] == component)
    assert target["probability"]["at_deadline"] == pytest.approx(0.8, abs=0.002)


def test_without_is_what_the_forecast_says(client: FlaskClient) -> None:
    forecast = client.get("/v1/countries/DEU/forecast?scenario=trend").json["targets"][0]["probability"]
    assert post(client, scenario="trend")["probability"]["without"] == forecast["at_deadline"]


def test_a_scenario_of_ones_own_and_other_targets(client: FlaskClient) -> None:
    levers = [{"type": "cap", "share_pct": 3.0}, {"type": "floor", "share_pct": 1.0, "from": 2050}]
    body = post(
        client, scenario={"name": "mine", "levers": levers}, targets={"core": 2.9, "deadline": 2032}, origin=2025
    )
    assert [lever["type"] for lever in body["scenario"]["levers"]] == ["cap", "floor"]
    assert (body["threshold"], body["deadline"], body["origin"]) == (2.9, 2032, 2025)
    assert body["share_pct"]["needed"] <= 3.0
    assert any("floor" in note for note in body["notes"])
    assert any("on top" in note for note in body["notes"])


def test_luxembourg_and_iceland_say_what_they_lack(client: FlaskClient) -> None:
    assert post(client, country="LUX")["money"]["national"] is None
    money = post(client, country="NOR")["money"]
    assert (money["usd"]["currency"], money["national"]["currency"]) == ("USD", "NOK")
    assert money["usd"]["unit"].startswith("million")
    assert money["national"]["unit"].startswith("billion")
    assert post(client, country="ISL", component="related")["money"]["usd"] is None


def test_more_probability_needs_more(client: FlaskClient) -> None:
    needs = [post(client, probability=p)["extra_growth_pp"] for p in (0.01, 0.2, 0.5, 0.8, 0.99)]
    assert needs == sorted(needs)
    assert needs[0] < needs[-1]


def test_a_repeated_question_gives_identical_bytes(client: FlaskClient) -> None:
    first, again = (
        client.post("/v1/requirements", json={"country": country, "probability": 0.7}).data for country in ("IT", "ITA")
    )
    assert first == again


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"probability": 1}, "/probability"),
        ({"probability": 0.001}, "/probability"),
        ({"probability": "0.8"}, "/probability"),
        ({"probability": None}, "/probability"),
        ({"component": "both"}, "/component"),
        ({"country": "Austria"}, "/country"),
        ({"country": "ISL"}, "/country"),
        ({"country": "ISL", "component": "total"}, "/component"),
        ({"country": "ESP", "scenario": "exemption"}, "/probability"),
        ({"targets": {"deadline": 2026}}, "/targets/deadline"),
        ({"targets": {"deadline": 2027, "core": 90}}, "/probability"),
        ({"scenario": "doom"}, "/scenario"),
        ({"scenario": {"levers": [FLOOR, CAP]}}, "/scenario/levers/1"),
        ({"origin": 2050}, "/origin"),
        ({"quantiles": [0.5]}, "/quantiles"),
    ],
)  # fmt: skip
def test_bad_input_is_named(client: FlaskClient, question: dict[str, Any], pointer: str) -> None:
    response = client.post("/v1/requirements", json={"country": "DEU", "probability": 0.8} | question)
    assert (response.status_code, response.content_type) == (422, "application/problem+json"), response.text
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert response.json["errors"][0]["detail"]


def test_the_probability_must_be_given(client: FlaskClient) -> None:
    response = client.post("/v1/requirements", json={"country": "DEU"})
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == ""
