"""The alliance together, over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.scenarios.builtin import named_scenarios

pytestmark = pytest.mark.slow


def get(client: FlaskClient, query: str = "") -> dict[str, Any]:
    response = client.get(f"/v1/alliance/forecast{query}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def test_the_answer_has_the_fields_of_the_contract(client: FlaskClient) -> None:
    body = get(client)
    assert set(body) == {
        "id", "scenario", "origin", "deadline", "review_year", "vintage", "model_version", "draws", "seed", "targets",
        "years", "shares", "burden", "reason", "left_out", "links", "rule", "cite",
    }  # fmt: skip
    assert (body["origin"], body["deadline"], body["review_year"]) == (2026, 2035, 2029)
    assert body["years"] == list(range(2027, 2036))
    assert [(t["component"], t["threshold"]) for t in body["targets"]] == [
        ("core", 3.5),
        ("related", 1.5),
        ("total", 5),
    ]
    assert [share["group"] for share in body["shares"]] == ["alliance", "europe-and-canada", "united-states"]
    assert [len(share["allies"]) for share in body["shares"]] == [31, 30, 1]
    assert [part["holder"] for part in body["burden"]][:3] == ["USA", "europe-and-canada", "DEU"]
    assert (body["reason"], body["left_out"]) == (None, {})
    json.loads(json.dumps(body, allow_nan=False))


@pytest.mark.parametrize("scenario", named_scenarios())
def test_every_count_is_a_distribution(client: FlaskClient, scenario: str) -> None:
    body = get(client, f"?scenario={scenario}")
    assert body["scenario"]["name"] == scenario
    for target in body["targets"]:
        review = target["review"]
        for tally in (target["at_deadline"], target["by_deadline"], review["on_track"], review["at_threshold"]):
            assert len(tally["distribution"]) == tally["allies"] + 1 == (33 if target["component"] == "related" else 32)
            assert sum(tally["distribution"]) == pytest.approx(1, abs=1e-6)
            assert all(0 < p < 1 for p in tally["distribution"])
            assert tally["all"] == tally["distribution"][-1]
            assert tally["at_least"]["20"] == pytest.approx(sum(tally["distribution"][20:]), abs=1e-6)
            assert tally["interval_80"][0] <= tally["median"] <= tally["interval_80"][1]


def test_allies_move_together(client: FlaskClient) -> None:
    assert get(client)["targets"][0]["at_deadline"]["dispersion"] >= 2


def test_the_ranking_repeats_each_allys_own_forecast(client: FlaskClient) -> None:
    for target in get(client)["targets"]:
        first = target["ranking"][0]
        own = client.get(f"/v1/countries/{first['country']['code']}/forecast").json["targets"]
        probability = next(t for t in own if t["component"] == target["component"])["probability"]
        assert first["at_deadline"] == probability["at_deadline"]
        assert first["by_deadline"] == probability["by_deadline"]
        assert set(first["review"]) == {"on_track", "at_threshold"}


def test_a_rule_counts_for_all_allies(client: FlaskClient) -> None:
    assert get(client)["rule"] is None
    body = get(client, "?rule=broad")
    assert body["rule"] == "broad"
    related = next(t for t in body["targets"] if t["component"] == "related")
    for entry in related["ranking"][:2]:
        own = client.get(f"/v1/countries/{entry['country']['code']}/forecast?rule=broad").json["targets"]
        assert entry["at_deadline"] == next(t for t in own if t["component"] == "related")["probability"]["at_deadline"]


def test_the_paths_fit_the_years_and_the_quantiles_asked_for(client: FlaskClient) -> None:
    body = get(client, "?quantiles=0.9,0.1&deadline=2030")
    for fan in (*body["shares"], *body["burden"]):
        assert len(fan["mean"]) == len(fan["median"]) == len(body["years"]) == 4
        assert list(fan["quantiles"]) == ["0.1", "0.9"]
        assert all(low <= high for low, high in zip(*fan["quantiles"].values(), strict=True))


def test_another_question_has_another_id_and_the_same_one_the_same_bytes(client: FlaskClient) -> None:
    queries = ["", "?deadline=2034", "?core=3.4", "?related=1.4", "?rule=strict", "?scenario=stall", "?quantiles=0.5"]
    assert len({get(client, query)["id"] for query in queries}) == len(queries)
    assert client.get("/v1/alliance/forecast").data == client.get("/v1/alliance/forecast").data


def test_an_old_origin_and_an_early_deadline(client: FlaskClient) -> None:
    body = get(client, "?vintage=nato-2019&origin=2013&deadline=2024&core=2")  # other tests ask for these fits too
    assert (body["origin"], body["years"][-1]) == (2013, 2024)
    assert body["targets"][0]["threshold"] == 2
    assert body["targets"][0]["review"] is None
    assert body["targets"][0]["ranking"][0]["review"] is None


def test_an_older_vintage_counts_the_allies_that_it_knows(client: FlaskClient) -> None:
    body = get(client, "?vintage=nato-2019")
    assert (body["vintage"], body["origin"]) == ("nato-2019", 2019)
    assert set(body["left_out"]) == {"FIN", "MKD", "SWE"}
    assert body["targets"][0]["at_deadline"]["allies"] == 28
    assert len(body["shares"][0]["allies"]) == 28


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("scenario=doom", "scenario"),
        ("deadline=2026", "deadline"),
        ("deadline=soon", "deadline"),
        ("origin=1990", "origin"),
        ("core=0", "core"),
        ("related=101", "related"),
        ("rule=loose", "rule"),
        ("vintage=nato-1949", "vintage"),
        ("country=DEU", "country"),
        ("deadline=2030&deadline=2031", "deadline"),
    ],
)
def test_bad_input_is_named(client: FlaskClient, query: str, parameter: str) -> None:
    response = client.get(f"/v1/alliance/forecast?{query}")
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    assert [error["parameter"] for error in response.json["errors"]] == [parameter]
