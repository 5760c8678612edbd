"""Texts and spellings over HTTP: what is refused, what is read in one form, and that one question has one answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service.store.database import EXTENSION
from forecast_service.store.tables import ScenarioRow, VersionRow
from models.scenarios.builtin import named_scenarios
from tests.forecast_service.api.test_bad_input import check_problem
from tests.forecast_service.api.test_scenarios import BODY, CAP, create, put

UNSEEN = [
    "",
    "   ",
    "\u200b\u200d",
    "\u3164",
    "a\u202eb",
    "a\u2066b",
    "a\u200fb",
    "a\u061cb",
    "a\x00b",
    "a\x1bb",
    "a\u2028b",
]
RESERVED = ["baseline", "BASELINE", " Hague-Path ", "ｓｔａｌｌ", "base\u200dline", "trend\u3164"]
SWEEP = {"countries": ["DEU"], "scenario": {"name": "mine", "levers": [CAP]}}


def scenario(**fields: Any) -> dict[str, Any]:
    return {"scenario": {"name": "mine", "levers": [CAP]} | fields}


def write(client: FlaskClient, route: str, fields: dict[str, Any]) -> tuple[Any, str]:
    """Send texts of a scenario by each way that takes them; the answer, and the pointer of the scenario."""
    if route == "fork":
        return client.post(f"/v1/scenarios/{create(client)['id']}/fork", json=fields), ""
    if route == "replace":
        return put(client, create(client)["id"], "*", **fields), ""
    path, body, pointer = {
        "save": ("/v1/scenarios", BODY | fields, ""),
        "forecast": ("/v1/forecasts", {"country": "DEU"} | scenario(**fields), "/scenario"),
        "requirement": ("/v1/requirements", {"country": "DEU", "probability": 0.5} | scenario(**fields), "/scenario"),
        "sensitivity": ("/v1/sensitivity", {"country": "DEU"} | scenario(**fields), "/scenario"),
        "sweep": ("/v1/sweeps", SWEEP | scenario(**fields), "/scenario"),
    }[route]
    return client.post(path, json=body), pointer


INLINE = ("forecast", "requirement", "sensitivity", "sweep")
ROUTES = ("save", "replace", "fork", *INLINE)


@pytest.mark.parametrize("route", ROUTES)
def test_a_name_that_cannot_be_read_or_belongs_to_another_is_refused(keeping: FlaskClient, route: str) -> None:
    for name in (*UNSEEN, *RESERVED):
        answer, where = write(keeping, route, {"name": name})
        check_problem(answer, 422, "invalid-input", (f"{where}/name",))


@pytest.mark.parametrize(
    ("routes", "field", "texts"),
    [
        (ROUTES, "description", [text for text in UNSEEN if text.strip()]),
        (("save", "replace", *INLINE), "model_version", UNSEEN),
        (INLINE, "based_on", UNSEEN),
    ],
)
def test_no_text_holds_what_cannot_be_seen(
    keeping: FlaskClient, routes: tuple[str, ...], field: str, texts: list[str]
) -> None:
    for route in routes:
        for text in texts:
            answer, where = write(keeping, route, {field: text})
            check_problem(answer, 422, "invalid-input", (f"{where}/{field}",))


@pytest.mark.parametrize("q", [text for text in UNSEEN if text])
def test_a_search_for_what_cannot_be_seen_is_refused(keeping: FlaskClient, q: str) -> None:
    check_problem(keeping.get("/v1/scenarios", query_string={"q": q}), 422, "invalid-input", ("q",))


@pytest.mark.parametrize("route", ["save", "replace", "fork", "forecast", "sweep"])
def test_texts_are_read_in_one_form(keeping: FlaskClient, route: str) -> None:
    answer, where = write(keeping, route, {"name": " E\u0301lan\u00a0", "description": "\nA\u030a\r\nb "})
    found = answer.json if not where else (answer.json.get("request") or answer.json)["scenario"]
    assert (found["name"], found["description"]) == ("Élan", "Å\nb")


def test_a_copy_of_a_shipped_scenario_says_so_in_its_name(keeping: FlaskClient) -> None:
    copy = keeping.post("/v1/scenarios/hague-path/fork").json
    assert (copy["name"], copy["based_on"]) == ("copy of hague-path", "hague-path")
    assert keeping.post(f"/v1/scenarios/{copy['id']}/fork").json["name"] == "copy of hague-path"


def test_what_was_saved_under_a_reserved_or_unreadable_name_stays_readable(
    keeping: FlaskClient, keeping_app: Flask
) -> None:
    for name in ("baseline", "a\u202eb", "\x01\x0b\ufffe", "  "):
        made = create(keeping)["id"]
        with keeping_app.extensions[EXTENSION].writing() as session:
            session.get_one(ScenarioRow, made).name = name
            version = session.get_one(VersionRow, (made, 1))
            version.body = version.body | {"name": name}
        assert keeping.get(f"/v1/scenarios/{made}").json["name"] == name
        answer = keeping.get(f"/v1/countries/DEU/forecast?scenario={made}")
        assert (answer.status_code, answer.json["scenario"]["name"]) == (200, name)
        assert keeping.get(f"/v1/scenarios/{made}/versions/1/forecast?country=DEU").status_code == 200
        assert keeping.get(f"/v1/countries/DEU/forecast.svg?scenario={made}&width=280").status_code == 200


@pytest.mark.parametrize("path", ["/v1/scenarios", "/v1/scenarios/hague-path/fork", "/v1/sweeps"])
@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\u200bb", "\x7f"], ids=ascii)
def test_an_idempotency_key_is_visible_ascii(keeping: FlaskClient, path: str, key: str) -> None:
    body = {"/v1/scenarios": BODY, "/v1/sweeps": SWEEP}.get(path, {})
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    check_problem(keeping.post(path, json=body, headers=headers), 422, "invalid-input", ("Idempotency-Key",))


GET = [
    (
        "countries/DEU/forecast",
        [
            "",
            "scenario=baseline&deadline=2035&core=3.5&related=1.5",
            "deadline=2035.0&core=3.50&related=15e-1",
            "core=3.4999999999999996&related=1.4999999999999998",
            "origin=2026&vintage=nato-2026",
            "quantiles=0.975,0.025,0.05,0.1,0.1,0.25,0.5,0.75,0.9,0.95",
            "quantiles=0.025,0.05,0.10000000000000002,0.1,0.25,0.50,0.75,0.9,0.95,0.975",
        ],
        ["core=3.6", "quantiles=0.5", "deadline=2034", "scenario=trend"],
    ),
    (
        "countries/DEU/forecast",
        ["quantiles=0.3", "quantiles=0.30000000000000004", "quantiles=0.30000000000000004,0.3", "quantiles=3e-1"],
        ["quantiles=0.31", "quantiles=0.3,0.300001"],
    ),
    ("countries/DEU/sensitivity", ["", "component=core&core=3.50", "core=3.4999999999999996"], ["component=related"]),
]


@pytest.mark.parametrize(("path", "same", "others"), GET)
def test_every_spelling_of_a_query_has_one_etag(
    client: FlaskClient, path: str, same: list[str], others: list[str]
) -> None:
    codes = ("DEU", "de", "Germany") if "country" not in path and path.endswith("forecast") else ("DEU",)
    paths = {path.replace("DEU", code) for code in codes}
    answers = [client.get(f"/v1/{one}?{query}") for one in sorted(paths) for query in same]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert answers[0].headers["ETag"] not in {client.get(f"/v1/{path}?{query}").headers["ETag"] for query in others}


def test_quantiles_that_are_one_number_are_one_in_the_answer(client: FlaskClient) -> None:
    asked = {"country": "DEU", "quantiles": [0.1 + 0.2, 0.3, 0.5]}
    assert list(client.post("/v1/forecasts", json=asked).json["paths"]["core"]["quantiles"]) == ["0.3", "0.5"]


@pytest.mark.parametrize(
    "lever",
    [
        ({"type": "gdp_growth", "change_pp": 0}, {"type": "gdp_growth", "change_pp": -0.0}),
        (CAP, CAP | {"share_pct": 1.9999999999999998, "countries": ["all"]}),
        (CAP | {"countries": ["DEU", "european"]}, CAP | {"countries": ["european", "DEU", "DEU"]}),
        ({"type": "step", "share_pct": 1, "from": 2028}, {"type": "step", "share_pct": 1.0, "from": 2028, "to": 2028}),
    ],
)
def test_every_spelling_of_a_lever_has_one_id(client: FlaskClient, lever: tuple[dict[str, Any], ...]) -> None:
    answers = [client.post("/v1/forecasts", json={"country": "DEU"} | scenario(levers=[one])) for one in lever]
    assert answers[0].status_code == 200
    assert answers[0].json == answers[1].json
    wanted = [
        client.post(
            "/v1/requirements",
            json={"country": "DEU", "probability": p, "component": "related"} | scenario(levers=[one]),
        ).json["id"]
        for one, p in zip(lever, (0.3, 0.1 + 0.2), strict=True)
    ]
    assert wanted[0] == wanted[1]


def test_the_values_of_an_axis_are_each_computed_once(keeping: FlaskClient) -> None:
    growth = {"type": "gdp_growth", "change_pp": {"grid": [0, -0.0, 0.1 + 0.2, 0.3, 1, 1.0]}}
    sweep = keeping.post("/v1/sweeps", json=SWEEP | scenario(levers=[growth])).json
    assert sweep["request"]["scenario"]["levers"][0]["change_pp"] == {"grid": [0, 0.3, 1]}
    assert sweep["evaluations"] == 3


@pytest.mark.parametrize("steps", [{"from": 1, "to": 1.0, "steps": 3}, {"from": 0, "to": -0.0, "steps": 2}])
def test_an_axis_of_one_value_is_refused(keeping: FlaskClient, steps: dict[str, Any]) -> None:
    answer = keeping.post("/v1/sweeps", json=SWEEP | scenario(levers=[{"type": "gdp_growth", "change_pp": steps}]))
    check_problem(answer, 422, "invalid-input", ("/scenario/levers/0/change_pp/to",))


@pytest.mark.parametrize("field", ["history", "share_path", "history_override"])
def test_a_year_followed_by_a_line_break_is_no_year(client: FlaskClient, field: str) -> None:
    years: dict[str, Any] = {str(year): 2.0 for year in range(2010, 2026)} | {"2025\n": 3.0}
    lever = {"type": field, "points": {"2025\n": 3.0}}
    asked = {"history": years} if field == "history" else scenario(levers=[lever])
    assert client.post("/v1/forecasts", json={"country": "DEU"} | asked).status_code == 422


def test_a_pinned_answer_is_that_of_its_rule(keeping: FlaskClient) -> None:
    made = create(keeping)["id"]
    where = f"/v1/scenarios/{made}/versions/1/forecast?country=DEU"
    answers = {rule: keeping.get(f"{where}{rule}").json for rule in ("", "&rule=strict", "&rule=broad")}
    assert len({json.dumps(answer["targets"]) for answer in answers.values()}) == 3
    assert {rule: keeping.get(f"{where}{rule}").json for rule in answers} == answers


def test_every_shipped_name_is_reserved(client: FlaskClient) -> None:
    for name in named_scenarios():
        answer, _ = write(client, "forecast", {"name": name})
        check_problem(answer, 422, "invalid-input", ("/scenario/name",))
