"""The allies over HTTP: list, one, and the figures behind forecasts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.dataset.countries import allies
from models.dataset.tables import VINTAGES


def test_the_list_holds_every_ally_once(client: FlaskClient) -> None:
    body = client.get("/v1/countries").json
    assert body["next"] is None
    assert [item["code"] for item in body["items"]] == sorted(allies())
    assert len(body["items"]) == 32


def test_a_listed_ally_says_who_it_is_and_where_it_stands(client: FlaskClient) -> None:
    germany = next(item for item in client.get("/v1/countries").json["items"] if item["code"] == "DEU")
    assert (germany["code2"], germany["name"], germany["denominator"]) == ("DE", "Germany", "GDP")
    assert germany["stance"] in {"law", "plan", "pledged"}
    assert germany["latest"]["year"] == 2026
    assert 1 < germany["latest"]["share_pct"] < 6


def test_one_ally_has_its_pledges(client: FlaskClient) -> None:
    spain = client.get("/v1/countries/ESP").json
    assert spain["stance"] == "claims-exemption"
    assert 2.1 in {pledge["target_pct"] for pledge in spain["pledges"]}
    assert {p["status"] for p in spain["pledges"] if p["target_pct"] == 2.1} == {"refused"}


def test_a_pledge_says_what_has_become_of_it_when_and_by_what(client: FlaskClient) -> None:
    poland = client.get("/v1/countries/POL").json["pledges"]
    (missed,) = (pledge for pledge in poland if pledge["target_pct"] == 4.8)
    assert (missed["status"], missed["status_on"], missed["status_source"]) == ("missed", "2026-07-10", "nato_2026")
    assert (missed["stance"], missed["stated_on"]) == ("plan", "2025-08-28")


@pytest.mark.parametrize(
    ("written", "code"),
    [("de", "DEU"), ("gErMaNy", "DEU"), ("türkiye", "TUR"), ("UK", "GBR"), ("EL", "GRC"), ("Netherlands, The", "NLD")],
)
def test_an_ally_is_found_by_codes_and_names_in_any_case(client: FlaskClient, written: str, code: str) -> None:
    for path in ("", "/history", "/forecast"):
        response = client.get(f"/v1/countries/{written}{path}")
        body = response.json
        assert body.get("code", body.get("country", {}).get("code")) == code


FEW = {"targets": {"deadline": 2030}, "quantiles": [0.5]}
CAP = {"type": "cap", "share_pct": 1.0}
AXIS = {"share_pct": {"grid": [1.0, 2.0]}}

# Where a name is read: address, body, and where a problem points.
PLACES = [
    pytest.param("/v1/countries/{}", None, "code", id="country"),
    pytest.param("/v1/countries/{}/history", None, "code", id="history"),
    pytest.param("/v1/countries/{}/history.csv", None, "code", id="table of history"),
    pytest.param("/v1/countries/{}/forecast?deadline=2030", None, "code", id="forecast"),
    pytest.param("/v1/countries/{}/forecast.csv?deadline=2030", None, "code", id="table of forecast"),
    pytest.param("/v1/countries/{}/sensitivity?deadline=2030", None, "code", id="sensitivity"),
    pytest.param("/v1/scenarios/compare?ids=baseline,stall&deadline=2030&country={}", None, "country", id="compare"),
    pytest.param("/v1/forecasts", {"country": "{}"} | FEW, "/country", id="POST forecast"),
    pytest.param("/v1/requirements", {"country": "{}", "probability": 0.5}, "/country", id="POST requirement"),
    pytest.param(
        "/v1/sensitivity", {"country": "{}", "targets": {"deadline": 2030}}, "/country", id="POST sensitivity"
    ),
    pytest.param("/v1/forecasts/batch", {"items": [{"country": "{}"} | FEW]}, "/items/0/country", id="batch"),
    pytest.param(
        "/v1/forecasts",
        {"country": "GBR", "scenario": {"levers": [CAP | {"countries": ["european", "{}"]}]}} | FEW,
        "/scenario/levers/0/countries/1",
        id="countries of a lever",
    ),
    pytest.param(
        "/v1/forecasts",
        {"country": "GBR", "scenario": {"levers": [CAP], "countries": ["{}"]}} | FEW,
        "/scenario/countries/0",
        id="countries of a scenario",
    ),
]


@pytest.mark.parametrize(("address", "body", "where"), PLACES)
def test_a_name_is_known_wherever_an_ally_is_named(
    client: FlaskClient, address: str, body: dict[str, Any] | None, where: str
) -> None:
    def ask(name: str) -> tuple[int, Any]:
        text = json.dumps(body).replace("{}", name)
        how = {"path": address.format(name)} | ({"method": "POST", "json": json.loads(text)} if body else {})
        response = client.open(**how)
        return response.status_code, response.json if response.is_json else response.text

    status, usual = ask("GBR")
    assert status == 200
    assert ask("UK") == ask("Great Britain") == (200, usual)
    for name, said in {
        "Germny": "no ally goes by 'Germny'; did you mean Germany (DEU)?",
        "Austria": "Austria is no member of NATO; GET /v1/countries lists the allies",
    }.items():
        status, problem = ask(name)
        if "items" in problem:
            problem = problem["items"][0]["problem"]
        (error,) = problem["errors"]
        assert (problem["status"], where) == (
            404 if where == "code" else 422,
            error.get("pointer", error.get("parameter")),
        )
        assert error["detail"].startswith(said)


def test_saved_scenarios_and_sweeps_keep_codes_and_no_names(keeping: FlaskClient) -> None:
    scenario = {
        "name": "an island",
        "levers": [CAP | {"countries": ["UK", "Great Britain", "EL"]}],
        "countries": ["u.k."],
    }
    saved = keeping.post("/v1/scenarios", json=scenario).json
    assert saved["levers"][0]["countries"] == ["GBR", "GRC"]
    assert saved["countries"] == ["GBR"]
    swept = {"countries": ["UK", "Holland", "GBR"], "scenario": scenario | {"levers": [scenario["levers"][0] | AXIS]}}
    sweep = keeping.post("/v1/sweeps", json=swept).json["request"]
    assert sweep["countries"] == ["GBR", "NLD"]
    assert sweep["scenario"]["countries"] == ["GBR"]
    assert sweep["scenario"]["levers"][0]["countries"] == ["GBR", "GRC"]
    either = [{"grid": ["UK", "Great Britain", "Holland"]}, "EL"]
    swept["scenario"]["levers"][0] |= {"countries": either}
    sweep = keeping.post("/v1/sweeps", json=swept).json["request"]
    assert sweep["scenario"]["levers"][0]["countries"] == [{"grid": ["GBR", "NLD"]}, "GRC"]
    (error,) = keeping.post("/v1/sweeps", json=swept | {"countries": ["DEU", "Germny"]}).json["errors"]
    assert error == {"pointer": "/countries/1", "detail": "no ally goes by 'Germny'; did you mean Germany (DEU)?"}


def test_iceland_has_neither_forces_nor_figures_of_core_spending(client: FlaskClient) -> None:
    iceland = client.get("/v1/countries/ISL").json
    assert iceland["has_armed_forces"] is False
    assert iceland["latest"] is None
    (core,) = client.get("/v1/countries/ISL/history").json["components"]
    assert core["observations"] == []
    assert "no armed forces" in core["reason"]


def test_luxembourg_is_counted_by_gni(client: FlaskClient) -> None:
    (core,) = client.get("/v1/countries/LUX/history").json["components"]
    assert core["unit"] == "% of GNI"
    assert {o["definition"] for o in core["observations"] if 2014 <= o["year"] < 2023} == {"nato-rescaled"}


def test_history_is_in_order_and_says_whose_figures_they_are(client: FlaskClient) -> None:
    body = client.get("/v1/countries/DEU/history").json
    (core,) = body["components"]
    seen = core["observations"]
    years = [o["year"] for o in seen]
    assert years == sorted(set(years))
    assert body["vintage"] == "nato-2026"
    assert core["reason"] is None
    assert {o["definition"] for o in seen if o["year"] >= 2014} == {"nato"}
    assert {o["definition"] for o in seen if o["year"] < 2012} == {"sipri-rescaled"}
    assert [o["estimate"] for o in seen[-2:]] == [True, True]
    assert all(0 < o["share_pct"] < 10 and o["source"] for o in seen)


# What there is of the 2025 vintage's last year is not the table itself, so it is left out.
LAST_YEARS = {"nato-2019": 2019, "nato-2025": 2024, "nato-2026": 2026}


@pytest.mark.parametrize("vintage", VINTAGES)
def test_a_vintage_ends_where_it_ended(client: FlaskClient, vintage: str) -> None:
    body = client.get(f"/v1/countries/FRA/history?vintage={vintage}").json
    assert body["vintage"] == vintage
    assert body["components"][0]["observations"][-1]["year"] == LAST_YEARS[vintage]
