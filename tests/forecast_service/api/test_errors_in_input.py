"""What an answer says of bad input: a pointer leads to something that was sent, and the detail says what is allowed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import marshmallow.fields
import marshmallow.validate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema
from werkzeug.test import TestResponse

from forecast_service import create_app
from forecast_service.openapi.spec import contract_text
from forecast_service.schemas.requests import RequestSchema
from forecast_service.schemas.wording import ONLY_IN_ANSWERS
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.migrate import upgrade
from tests.support.contract import CheckedClient
from tests.support.service import DRAWS

SHARE = "must be a number from 0.01 to 100 (% of GDP)"
COUNTRY = "must be a text of 2 to 60 characters"
SHIPPED = "baseline, trend, pledge"
LEVER_TYPES = "must be one of history_override, counting_rule, gdp_growth"

CAP = {"type": "cap", "share_pct": 2.5, "component": "core", "from": 2028, "to": 2030, "countries": ["DEU"]}
PATH = {"type": "share_path", "points": {"2030": 2.9}}
PLEDGE = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.5}
SCENARIO = {
    "$schema": "https://example.org/v1/schemas/scenario.json",
    "name": "mine",
    "description": "all of it",
    "levers": [CAP, PATH, PLEDGE],
    "pledge_effect": True,
    "components": ["core"],
    "countries": ["DEU"],
    "based_on": "baseline",
    "model_version": "3",
    "vintage": "nato-2026",
}
TARGETS = {"deadline": 2032, "core": 3, "related": 1}
QUESTION = {"country": "DEU", "scenario": SCENARIO, "targets": TARGETS, "origin": 2026, "vintage": "nato-2026"}
FORECAST = QUESTION | {"history": {str(year): 2.0 for year in range(2016, 2027)}, "quantiles": [0.5]}
SWEPT = SCENARIO | {
    "levers": [
        PLEDGE | {"credibility": {"grid": [0, 0.5]}},
        CAP | {"share_pct": {"from": 2, "to": 3, "steps": 2}},
    ]
}
BODIES: dict[str, Any] = {
    "POST /v1/forecasts": FORECAST,
    "POST /v1/forecasts/card.{format}": {"country": "DEU", "rule": "strict"},
    "POST /v1/forecasts/waterfall.{format}": {"country": "DEU", "rule": "strict", "quantiles": [0.5]},
    "POST /v1/forecasts/batch": {"items": [{"country": "DEU", "targets": TARGETS, "scenario": {"levers": [CAP]}}]},
    "POST /v1/requirements": QUESTION | {"probability": 0.5, "component": "core"},
    "POST /v1/sensitivity": QUESTION | {"component": "core"},
    "POST /v1/sensitivity.{format}": {"country": "DEU", "rule": "strict", "component": "core"},
    "POST /v1/scenarios": SCENARIO | {"public": False},
    "PUT /v1/scenarios/{id}": SCENARIO | {"public": False},
    "POST /v1/scenarios/{id}/fork": {"name": "copy", "description": "", "public": False},
    "POST /v1/sweeps": {
        "countries": ["DEU"],
        "scenario": SWEPT,
        "sampling": {"kind": "grid"},
        "targets": [TARGETS],
        "origin": 2026,
        "vintage": "nato-2026",
    },
    "PUT /v1/vintages/current": {"vintage": "nato-2026"},
}
"""A body for each operation that takes one, with every field."""

JUNK = (None, True, -7, 1e99, "zzz", "x" * 3000, [], [None], {}, {"typ": None})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, fits: Path) -> Iterator[FlaskClient]:
    """A client of an application with a database of its own."""
    folder = tmp_path_factory.mktemp("input")
    (folder / "fits").symlink_to(fits)
    app = create_app(Settings(state_dir=folder, draws=DRAWS, fit_timeout_s=300))
    upgrade(app.extensions[EXTENSION].engine)
    yield CheckedClient(app, app.response_class)
    app.extensions[EXTENSION].close()


def send(site: FlaskClient, operation: str, body: Any) -> TestResponse:
    """The answer of an operation to a body."""
    method, path = operation.split()
    headers = {}
    if "{id}" in path:
        made = site.post("/v1/scenarios", json={"name": "made", "levers": []})
        path, headers = path.replace("{id}", made.json["id"]), {"If-Match": "*"}
    address, sent = path.replace("{format}", "svg"), json.dumps(body)
    return site.open(address, method=method, data=sent, headers=headers, content_type="application/json")


def errors_of(answer: TestResponse) -> list[dict[str, str]]:
    """The errors of a problem, or of the problems of a batch."""
    if answer.status_code == 200 and "items" in (answer.json or {}):
        problems = [item["problem"] for item in answer.json["items"] if item["problem"]]
    else:
        problems = [answer.json] if answer.status_code >= 400 else []
    return [error for problem in problems for error in problem.get("errors", ())]


def resolve(pointer: str, document: Any) -> Any:
    """What ``pointer`` (RFC 6901) leads to. Raises KeyError or IndexError if it leads nowhere."""
    assert pointer == "" or pointer[0] == "/"
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def defaults() -> re.Pattern[str]:
    """Every message that marshmallow and webargs have of their own."""
    found = set(Schema._default_error_messages.values())
    for kind in vars(marshmallow.fields).values():
        found |= set(getattr(kind, "default_error_messages", {}).values())
    for kind in vars(marshmallow.validate).values():
        found |= (
            {str(value) for name, value in vars(kind).items() if "message" in name} if isinstance(kind, type) else set()
        )
    plain = {re.split(r"[{\"]", str(message))[0].strip() for message in found}
    return re.compile("|".join(re.escape(text) for text in plain if len(text) > 3))


DEFAULTS = defaults()


def test_the_messages_of_the_libraries_are_known() -> None:
    for text in ("Missing data for required field.", "Field may not be null.", "Unknown field.", "Not a valid string."):
        assert DEFAULTS.search(text)
    for text in ("Length must be between 1 and 2.", "Must be one of: a.", "String does not match expected pattern."):
        assert DEFAULTS.search(text)


def request_schemas(kind: type[RequestSchema] = RequestSchema) -> Iterator[type[RequestSchema]]:
    for below in kind.__subclasses__():
        yield below
        yield from request_schemas(below)


def test_every_field_of_every_request_says_what_it_takes() -> None:
    for kind in request_schemas():
        if kind.__name__ in {"SavedScenarioSchema", "AnyScenarioSchema"}:  # answers
            continue
        for name, field in kind().load_fields.items():
            for key in ("invalid", "null", "required"):
                message = str(field.error_messages[key])
                assert "must be" in message, (kind, name, message)
                assert ONLY_IN_ANSWERS not in message
                assert not DEFAULTS.search(message), (kind, name, message)


def test_every_operation_with_a_body_is_tried(site: FlaskClient) -> None:
    paths = json.loads(contract_text(site.application))["paths"]
    takes = {
        f"{method.upper()} {path}"
        for path, item in paths.items()
        for method, operation in item.items()
        if method in {"post", "put", "patch"}
        and "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert takes == set(BODIES)


def changed(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[Any]:
    """Copies of ``document``, each with one value replaced, left out or added."""
    part = document
    for step in path:
        part = part[step]
    for junk in JUNK:
        yield replaced(document, path, junk)
    if isinstance(part, dict):
        yield replaced(document, path, part | {"shar_pct": 1, "a/b~c": 2})
        for name in part:
            yield replaced(document, path, {other: x for other, x in part.items() if other != name})
            yield from changed(document, (*path, name))
    if isinstance(part, list):
        for index in range(len(part)):
            yield from changed(document, (*path, index))


def replaced(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    new = copy.copy(document)
    new[path[0]] = replaced(document[path[0]], path[1:], value)
    return new


@pytest.mark.slow
@pytest.mark.parametrize("operation", BODIES)
def test_every_pointer_leads_to_what_was_sent(site: FlaskClient, operation: str) -> None:
    refused = 0
    for body in changed(BODIES[operation]):
        if operation.startswith("PUT /v1/vintages") and body == BODIES[operation]:
            continue
        answer = send(site, operation, body)
        assert answer.status_code < 500, (body, answer.text)
        for error in errors_of(answer):
            assert set(error) == {"pointer", "detail"}, (body, error)
            resolve(error["pointer"], body)
            assert not DEFAULTS.search(error["detail"]), (body, error)
            refused += 1
    assert refused > 15


OBJECT = "must be an object"


def of(*levers: Any, **more: Any) -> Any:
    """A question about Germany under these levers."""
    return {"country": "DEU", "scenario": {"levers": list(levers)}} | more


def swept(lever: Any) -> Any:
    """A sweep of all allies."""
    return {"countries": "all", "scenario": {"levers": [lever]}}


CASES: list[tuple[str, Any, list[tuple[str, str]]]] = [
    # What lacks a field is named, with the field in the detail.
    ("POST /v1/forecasts", {}, [("", "give 'country', 'history' or both")]),
    ("POST /v1/requirements", {}, [
        ("", f"country: is missing; {COUNTRY}"),
        ("", "probability: is missing; must be a number from 0.01 to 0.99"),
    ]),
    ("POST /v1/forecasts", {"country": "DEU", "scenario": {}}, [
        ("/scenario", "levers: is missing; must be a list of at most 50 levers"),
    ]),
    ("POST /v1/forecasts", of({"share_pct": 2}), [
        ("/scenario/levers/0", f"type: is missing; {LEVER_TYPES}..."),
    ]),
    ("POST /v1/forecasts", of({"type": "cap"}), [
        ("/scenario/levers/0", f"share_pct: is missing; {SHARE}"),
    ]),
    ("POST /v1/forecasts", of({"type": "gdp_growth"}), [
        ("/scenario/levers/0", "give either 'change_pp' or 'rate_pct'"),
    ]),
    ("POST /v1/forecasts", of({"type": "shock", "tails": None}), [
        ("/scenario/levers/0", "give 'spread_factor', 'tails' or both"),
    ]),
    ("POST /v1/sweeps", swept(PLEDGE | {"year": {"from": 2030, "steps": 3}}), [
        ("/scenario/levers/0/year", "give 'grid'; or 'from', 'to' and 'steps'"),
    ]),
    ("PUT /v1/vintages/current", {}, [
        ("", "vintage: is missing; must be the name of a vintage; GET /v1/vintages lists them"),
    ]),
    # Nothing was sent of what is at fault: what it depends on is named.
    ("POST /v1/requirements", {"country": "ISL", "probability": 0.5}, [
        ("/country", "component: Iceland has no armed forces; 'related' can be asked for"),
    ]),
    ("POST /v1/forecasts", {"history": {str(year): 2 for year in range(2030, 2041)}}, [
        ("/history", "must end in a year from 1999 to 2026"),
    ]),
    # The points of a lever.
    ("POST /v1/forecasts", of({"type": "share_path", "points": {"2030": -3}}), [
        ("/scenario/levers/0/points/2030", SHARE),
    ]),
    ("POST /v1/forecasts", of({"type": "share_path", "points": {"2061": 3}}), [
        ("/scenario/levers/0/points/2061", "the name must be a year from 2000 to 2060"),
    ]),
    ("POST /v1/forecasts", {"history": {str(year): "2" if year == 2020 else 2 for year in range(2015, 2027)}}, [
        ("/history/2020", "must be a number from 1e-06 to 1e+12"),
    ]),
    # Names that are not known.
    ("POST /v1/forecasts", of(CAP | {"sharepct": 1}), [
        ("/scenario/levers/0/sharepct", "is not known here; did you mean 'share_pct'?"),
    ]),
    ("POST /v1/forecasts", {"country": "DEU", "targets": {"Core": 2}}, [
        ("/targets/Core", "is not known here; did you mean 'core'?"),
    ]),
    ("POST /v1/forecasts", {"country": "DEU", "targets": {"total": 2}}, [
        ("/targets/total", "is not known here; there are deadline, core, related"),
    ]),
    ("POST /v1/scenarios/{id}/fork", {"levers": []}, [
        ("/levers", "is not known here; there are name, description, public"),
    ]),
    # Numbers, with bounds.
    ("POST /v1/forecasts", {"country": "DEU", "targets": {"core": "3.5", "deadline": 2035.5}}, [
        ("/targets/deadline", "must be a year from 2000 to 2060"), ("/targets/core", SHARE),
    ]),
    ("POST /v1/forecasts", {"country": "DEU", "origin": True}, [("/origin", "must be a year from 1999 to 2060")]),
    ("POST /v1/forecasts", {"country": "DEU", "quantiles": [0.5, "0.9", None]}, [
        ("/quantiles/1", "must be a number from 0.001 to 0.999"),
        ("/quantiles/2", "must not be null; must be a number from 0.001 to 0.999"),
    ]),
    ("POST /v1/forecasts", of({"type": "delay", "years": 1.5}), [
        ("/scenario/levers/0/years", "must be a whole number from 0 to 30"),
    ]),
    ("POST /v1/forecasts", of(PLEDGE | {"credibility": "full"}), [
        ("/scenario/levers/0/credibility", "must be a number from 0 to 1, or 'learned'"),
    ]),
    ("POST /v1/sweeps", swept(PLEDGE | {"year": {"from": 1, "to": 2, "steps": 1}}), [
        ("/scenario/levers/0/year/steps", "must be a whole number from 2 to 10000"),
    ]),
    ("POST /v1/sweeps", swept(PLEDGE | {"year": {"grid": [True]}}), [
        ("/scenario/levers/0/year/grid/0", "must be a number or a word"),
    ]),
    ("POST /v1/sweeps", swept(PLEDGE | {"share_pct": {"grid": [200]}}), [
        ("/scenario/levers/0/share_pct", SHARE),
    ]),
    # Texts, lists, objects, yes and no, and one of several.
    ("POST /v1/scenarios", {"name": 5, "levers": []}, [("/name", "must be a text of 1 to 100 characters")]),
    ("POST /v1/scenarios", {"name": "x", "description": "x" * 2001, "levers": []}, [
        ("/description", "must be a text of at most 2000 characters"),
    ]),
    ("POST /v1/scenarios", {"name": "x", "levers": {}, "public": "yes"}, [
        ("/levers", "must be a list of at most 50 levers"), ("/public", "must be true or false"),
    ]),
    ("POST /v1/scenarios", {"name": "x", "levers": ["cap"], "based_on": 5}, [
        ("/levers/0", "must be an object, a lever"),
        ("/based_on", f"must be the id of a saved scenario or one of {SHIPPED}..."),
    ]),
    ("POST /v1/forecasts", {"country": 5, "scenario": 5, "targets": 5, "history": 5, "rule": 5}, [
        ("/country", COUNTRY),
        ("/history", "must be an object with 8 to 150 years, year to value"),
        ("/scenario", f"must be an object, the id of a saved scenario or one of {SHIPPED}..."),
        ("/targets", OBJECT),
        ("/rule", "must be one of strict, claimed, broad"),
    ]),
    ("POST /v1/sensitivity", {"country": "DEU", "component": "all"}, [
        ("/component", "must be one of core, related, total"),
    ]),
    ("POST /v1/forecasts", of({"type": "freeze", "what": "x"}), [
        ("/scenario/levers/0/what", "must be one of share, nominal, real"),
    ]),
    ("POST /v1/forecasts", {"country": "DEU", "vintage": "nato-1949"}, [
        ("/vintage", "must be one of nato-2019, nato-2025, nato-2026"),
    ]),
    ("POST /v1/sweeps", {"countries": [], "scenario": []}, [
        ("/countries", "must be 'all' or a list of 1 to 32 allies"),
        ("/scenario", "must be an object, a scenario whose levers may hold axes"),
    ]),
    # Null where a value is needed.
    ("POST /v1/requirements", {"country": None, "probability": None}, [
        ("/country", f"must not be null; {COUNTRY}"),
        ("/probability", "must not be null; must be a number from 0.01 to 0.99"),
    ]),
    ("POST /v1/sweeps", swept(PLEDGE | {"share_pct": None}), [
        ("/scenario/levers/0/share_pct", f"must not be null; {SHARE}"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "body", "expected"), CASES)
def test_an_error_says_where_and_what_is_allowed(
    site: FlaskClient, operation: str, body: Any, expected: list[tuple[str, str]]
) -> None:
    answer = send(site, operation, body)
    assert answer.status_code == 422, answer.text
    found = [(error["pointer"], error["detail"]) for error in answer.json["errors"]]
    assert [pointer for pointer, _ in found] == [pointer for pointer, _ in expected], found
    for (_, said), (_, wanted) in zip(found, expected, strict=True):
        assert said == wanted or (wanted.endswith("...") and said.startswith(wanted[:-3])), said
    for pointer, _ in found:
        resolve(pointer, body)


def test_a_question_of_a_batch_is_pointed_at_within_the_batch(site: FlaskClient) -> None:
    items = [
        {"country": "DEU"},
        {"scenario": {"levers": [PATH | {"points": {"2030": 0}}]}},
        {"country": "ISL", "rule": 1},
    ]
    answer = site.post("/v1/forecasts/batch", json={"items": items})
    found = [(error["pointer"], error["detail"]) for error in errors_of(answer)]
    assert found == [
        ("/items/1/scenario/levers/0/points/2030", SHARE),
        ("/items/2/rule", "must be one of strict, claimed, broad"),
    ]


@pytest.mark.parametrize(
    ("address", "parameter", "detail"),
    [
        ("/v1/countries/DEU/forecast?core=high", "core", SHARE),
        ("/v1/countries/DEU/forecast?core=1e999", "core", f"is beyond all numbers; {SHARE}"),
        ("/v1/countries/DEU/forecast?deadline=soon", "deadline", "must be a year from 2000 to 2060"),
        ("/v1/countries/DEU/forecast?dedline=2030", "dedline", "is not known here; did you mean 'deadline'?"),
        ("/v1/countries/DEU/forecast?rule=loose", "rule", "must be one of strict, claimed, broad"),
        ("/v1/countries/DEU/forecast?quantiles=", "quantiles", "must be 1 to 25 numbers, with commas between"),
        ("/v1/countries/DEU/forecast?quantiles=2", "quantiles", "must be a number from 0.001 to 0.999"),
        ("/v1/countries/DEU/forecast?vintage=nato-1949", "vintage", "must be one of nato-2019, nato-2025, nato-2026"),
        ("/v1/countries/ISL/sensitivity", "code", "component: Iceland has no armed forces; 'related' can be asked for"),
        ("/v1/countries/FIN/forecast?vintage=nato-2019", "vintage", "origin: Finland has 0 figures in a row up to ..."),
        ("/v1/countries/DEU/forecast.svg?width=9", "width", "must be a whole number from 280 to 1600 (pixels)"),
        ("/v1/scenarios?limit=0", "limit", "must be a whole number from 1 to 200"),
        ("/v1/scenarios?owner=you", "owner", "must be one of me, public, shipped"),
        ("/v1/scenarios/compare?country=DEU", "ids", "is missing; must be 2 to 10 scenarios, with commas between"),
        ("/v1/sweeps?status=lost", "status", "must be one of ..."),
        ("/v1/track-record?x=1", "x", "is not known here: this address takes no parameters in the query"),
    ],
)
def test_an_error_in_a_query_says_what_is_allowed(site: FlaskClient, address: str, parameter: str, detail: str) -> None:
    answer = site.get(address)
    assert answer.status_code == 422, answer.text
    error = answer.json["errors"][0]
    assert error["parameter"] == parameter
    assert error["detail"] == detail or (detail.endswith("...") and error["detail"].startswith(detail[:-3])), error


def test_a_scenario_named_in_the_query_beside_a_body_is_a_parameter(site: FlaskClient) -> None:
    nobody = "00000000000000000000000000"
    answer = site.post(f"/v1/forecasts?overlay={nobody}", json={"country": "DEU"}, headers={"Accept": "image/svg+xml"})
    assert answer.status_code == 422
    assert [error.get("parameter") for error in answer.json["errors"]] == ["overlay"]


def test_the_nearest_name_is_found_in_time_that_does_not_grow_with_the_mistakes(app: Flask) -> None:
    answer = app.test_client().post("/v1/forecasts", json={f"countri{i}": i for i in range(20_000)})
    details = {error["detail"] for error in answer.json["errors"]}
    assert details <= {"is not known here; did you mean 'country'?", "is not known here"}
    assert "is not known here; did you mean 'country'?" in details
