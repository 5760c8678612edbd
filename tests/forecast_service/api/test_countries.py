"""The allies over HTTP: list, one, and the figures behind forecasts."""

from __future__ import annotations

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
    [
        ("DEU", "DEU"),
        ("de", "DEU"),
        ("Germany", "DEU"),
        ("gErMaNy", "DEU"),
        ("Türkiye", "TUR"),
        ("türkiye", "TUR"),
        ("turkiye", "TUR"),
        ("Turkey", "TUR"),
        ("gb", "GBR"),
        ("united kingdom", "GBR"),
        ("US", "USA"),
    ],
)
def test_an_ally_is_found_by_codes_and_name_in_any_case(client: FlaskClient, written: str, code: str) -> None:
    for path in ("", "/history", "/forecast"):
        body = client.get(f"/v1/countries/{written}{path}").json
        assert body.get("code", body.get("country", {}).get("code")) == code


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
