"""The contract: exported, valid, complete, and the same as the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from forecast_service.openapi.spec import contract_text
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import ORDER

EXPORTED = Path(__file__).parents[3] / "openapi" / "openapi.json"


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(contract_text(app))
    return parsed


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            yield f"{method.upper()} {path}", item[method]


def test_the_exported_file_is_what_the_code_says(app: Flask) -> None:
    assert EXPORTED.read_text(encoding="utf-8") == contract_text(app), "run 'make openapi'"


def test_the_served_document_is_the_exported_one(client: FlaskClient) -> None:
    response = client.get("/openapi.json")
    assert response.mimetype == "application/json"
    assert response.data.decode() == EXPORTED.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    OpenAPIV31SpecValidator(document).validate()


def test_the_server_is_wherever_the_document_is(document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == ["."]


def test_every_route_of_the_issue_is_there(document: dict[str, Any]) -> None:
    assert {name for name, _ in operations(document)} >= {
        "GET /v1/countries",
        "GET /v1/countries/{code}",
        "GET /v1/countries/{code}/history",
        "GET /v1/countries/{code}/forecast",
        "POST /v1/forecasts",
        "GET /v1/scenarios",
        "POST /v1/scenarios",
        "GET /v1/scenarios/compare",
        "GET /v1/scenarios/{id}",
        "PUT /v1/scenarios/{id}",
        "DELETE /v1/scenarios/{id}",
        "POST /v1/scenarios/{id}/fork",
        "GET /v1/scenarios/{id}/versions/{number}",
        "GET /healthz",
        "GET /readyz",
        "GET /version",
    }


def test_every_operation_is_described_and_tagged(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation["tags"], name
        assert set(operation["tags"]) <= tags, name


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for name, response in document["components"]["responses"].items():
        assert set(response["content"]) == {"application/problem+json"}, name
    for name, operation in operations(document):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}, name
        for status, response in operation["responses"].items():
            if status[0] == "4":
                assert response["$ref"].startswith("#/components/responses/"), (name, status)


UNIT = re.compile(
    r"%|percentage point|points|year|probab|fraction|part that|dollar|currency|chance|factor|exponent|weight|skill|crps"
    r"|brier|\(unit\)|share of outcomes|number|how many|count|level|error|version|evaluations|position|draws|rows|items"
    r"|swing|status|seed|value|pixels",
    re.IGNORECASE,
)
"""What says in which unit a number is, or what is counted."""


def properties(part: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of every schema in a part of the document, with the place where it is."""
    if isinstance(part, list):
        for number, item in enumerate(part):
            yield from properties(item, f"{where}/{number}")
    elif isinstance(part, dict):
        for name, item in part.items():
            if name == "properties":
                yield from ((f"{where}/{key}", value) for key, value in item.items())
            if name not in {"example", "examples"}:
                yield from properties(item, f"{where}/{name}")


def parameters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", []):
            yield f"{path} {parameter['name']}", parameter
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            yield f"{name} {parameter['name']}", parameter


def is_number(schema: dict[str, Any]) -> bool:
    """Whether it is a number, or a list or an object of numbers."""
    kinds = schema.get("type", [])
    inner = schema.get("items") or schema.get("additionalProperties")
    return not {"number", "integer"}.isdisjoint([kinds] if isinstance(kinds, str) else kinds) or (
        isinstance(inner, dict) and is_number(inner)
    )


def test_every_property_and_parameter_is_described(document: dict[str, Any]) -> None:
    found = list(properties(document, "#")) + list(parameters(document))
    assert len(found) > 300
    assert [place for place, value in found if not value.get("description")] == []


def test_every_number_says_its_unit(document: dict[str, Any]) -> None:
    found = [(place, value["description"]) for place, value in properties(document, "#") if is_number(value)]
    schemas = ((place, one["description"], one.get("schema", {})) for place, one in parameters(document))
    found += [(place, text) for place, text, schema in schemas if is_number(schema)]
    assert len(found) > 100
    assert [(place, text) for place, text in found if not UNIT.search(text)] == []


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = {name: operation["operationId"] for name, operation in operations(document)}
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch("[a-z]+([A-Z][a-z]+)*", name) for name in names.values())
    # Generated clients call them so: a name that changes breaks them.
    assert names["GET /v1/countries/{code}/forecast"] == "getForecast"
    assert names["GET /v1/countries/{code}/forecast.{format}"] == "getForecastTable"
    assert names["POST /v1/forecasts"] == "postForecast"
    assert names["PUT /v1/scenarios/{id}"] == "replaceScenario"


def test_headers_that_clients_need_are_part_of_the_contract(document: dict[str, Any]) -> None:
    for name in ("SERVICE_UNAVAILABLE", "TOO_MANY_REQUESTS"):
        assert document["components"]["responses"][name]["headers"]["Retry-After"]["required"]
    for name, operation in operations(document):
        for status in operation["responses"].keys() & {"201", "202"}:
            assert operation["responses"][status]["headers"]["Location"]["required"], name
    for path, item in document["paths"].items():
        if path.startswith("/v1/") and path != "/v1/schemas/scenario.json":  # which is open to everyone
            for method in item.keys() & {"get", "post", "put", "delete"}:
                assert item[method]["responses"].keys() >= {"401", "403", "422", "429", "503"}, (method, path)


def test_a_scenario_is_a_name_or_closed_levers(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    name, inline, kept = schemas["ForecastRequest"]["properties"]["scenario"]["oneOf"]
    assert name["enum"] == list(named_scenarios())
    assert inline == {"$ref": "#/components/schemas/Scenario"}
    assert kept["pattern"] == "^[0-9a-hjkmnp-tv-z]{26}$"
    mapping = schemas["Scenario"]["properties"]["levers"]["items"]["discriminator"]["mapping"]
    assert set(mapping) == {lever.type for lever in ORDER}
    for kind, ref in mapping.items():
        lever = schemas[ref.rsplit("/", 1)[1]]
        assert lever["properties"]["type"]["enum"] == [kind]
        assert lever["additionalProperties"] is False
    for kind in ("LeverGdpGrowth", "LeverSpendingGrowth"):
        assert schemas[kind]["if"] == {"not": {"required": ["change_pp"]}}
        assert schemas[kind]["then"] == {"required": ["rate_pct"]}
        assert schemas[kind]["not"] == {"required": ["change_pp", "rate_pct"]}
