"""Routes for scenarios."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for
from werkzeug.routing import BaseConverter, IntegerConverter

from forecast_service.http.blueprint import Blueprint
from forecast_service.openapi.operations import HEADERS
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.schemas.scenarios import (
    AnyScenarioSchema,
    CompareQuerySchema,
    ComparisonSchema,
    ForkSchema,
    IdempotencySchema,
    IfMatchSchema,
    PageSchema,
    SavedScenarioSchema,
    ScenarioDraftSchema,
    ScenarioListQuerySchema,
    ScenarioListSchema,
    VersionDiffSchema,
    VersionListSchema,
    VersionQuerySchema,
)
from forecast_service.services import scenarios
from forecast_service.store.scenarios import ScenarioVersion
from models.scenarios.builtin import NamedScenario

blp = Blueprint("scenarios", __name__, url_prefix="/v1/scenarios", description="Assumptions about the future.")

ID = {"in": "path", "name": "id", "description": "The id of a saved scenario.", "example": "01jd3k8v2xq4t6r9m0n5p7s8yb"}
ANY = ID | {"description": "The id of a saved scenario, or the name of one that ships.", "example": "baseline"}
NUMBER = {
    "in": "path",
    "name": "number",
    "description": "Number of a version, from 1.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}
FIRST = NUMBER | {"name": "a", "description": "Number of the first version."}
SECOND = NUMBER | {"name": "b", "description": "Number of the second version."}


class ScenarioConverter(BaseConverter):
    """An id or a name after ``/v1/scenarios/``, but not ``compare``, which is a route."""

    regex = r"(?!compare$)[^/]+"


class VersionConverter(IntegerConverter):
    """A whole number, written in one way: werkzeug's own takes leading zeros and the digits of every script."""

    regex = r"(?:0|[1-9][0-9]{0,99})"


CONVERTERS = {"scenario": ScenarioConverter, "version": VersionConverter}

Answer = tuple[ScenarioVersion, int, dict[str, str]]


def _with_etag(version: ScenarioVersion, status: int = 200) -> Answer:
    headers = {"ETag": f'"{version.etag}"'}
    if status == 201:
        headers["Location"] = url_for("scenarios.get_scenario", id=version.id)
    return version, status, headers


@blp.get("")
@blp.arguments(ScenarioListQuerySchema, location="query")
@blp.response(200, ScenarioListSchema)
@blp.problems(503)
def list_scenarios(query: dict[str, Any]) -> dict[str, Any]:
    """List the shipped scenarios and the saved scenarios that the caller may read"""
    return scenarios.page(query)


@blp.post("")
@blp.arguments(IdempotencySchema, location="headers")
@blp.arguments(ScenarioDraftSchema)
@blp.response(201, SavedScenarioSchema)
@blp.problems(400, 409, 413, 415, 503)
def create_scenario(headers: dict[str, Any], body: dict[str, Any]) -> Answer:
    """Save a scenario"""
    return _with_etag(scenarios.create(headers, body), 201)


@blp.get("/compare")
@blp.arguments(CompareQuerySchema, location="query")
@blp.response(200, ComparisonSchema)
@blp.problems(503)
def compare_scenarios(query: dict[str, Any]) -> dict[str, Any]:
    """Compare forecasts of one ally under several scenarios with the first of them"""
    return scenarios.compare(query)


@blp.get("/<scenario:id>", parameters=[ANY])
@blp.response(200, AnyScenarioSchema)
@blp.problems(404, 503)
def get_scenario(id: str) -> Answer | NamedScenario:
    """Get a scenario"""
    scenario = scenarios.read_any(id)
    return scenario if isinstance(scenario, NamedScenario) else _with_etag(scenario)


@blp.put("/<scenario:id>", parameters=[ID])
@blp.arguments(IfMatchSchema, location="headers")
@blp.arguments(ScenarioDraftSchema)
@blp.response(200, SavedScenarioSchema)
@blp.problems(400, 403, 404, 409, 412, 413, 415, 428, 503)
def replace_scenario(headers: dict[str, Any], body: dict[str, Any], id: str) -> Answer:
    """Write a new version of a saved scenario"""
    return _with_etag(scenarios.replace(id, headers, body))


@blp.delete("/<scenario:id>", parameters=[ID])
@blp.arguments(IfMatchSchema, location="headers")
@blp.response(204)
@blp.problems(400, 403, 404, 412, 503)
def delete_scenario(headers: dict[str, Any], id: str) -> None:
    """Delete a saved scenario with all its versions"""
    scenarios.remove(id, headers)


@blp.post("/<scenario:id>/fork", parameters=[ANY])
@blp.arguments(IdempotencySchema, location="headers")
@blp.arguments(ForkSchema, required=False)
@blp.response(201, SavedScenarioSchema)
@blp.problems(400, 404, 409, 413, 415, 503)
def fork_scenario(headers: dict[str, Any], body: dict[str, Any], id: str) -> Answer:
    """Save a copy of a scenario as the caller's own"""
    return _with_etag(scenarios.fork(id, headers, body), 201)


@blp.get("/<scenario:id>/versions", parameters=[ID])
@blp.arguments(PageSchema, location="query")
@blp.response(200, VersionListSchema)
@blp.problems(404, 503)
def list_versions(query: dict[str, Any], id: str) -> dict[str, Any]:
    """List the versions of a saved scenario"""
    return scenarios.versions(id, query)


@blp.get("/<scenario:id>/versions/<version:number>", parameters=[ID, NUMBER])
@blp.response(200, SavedScenarioSchema)
@blp.problems(404, 503)
def get_version(id: str, number: int) -> Answer:
    """Get one version of a saved scenario"""
    return _with_etag(scenarios.read(id, number))


@blp.get("/<scenario:id>/versions/<version:a>/diff/<version:b>", parameters=[ID, FIRST, SECOND])
@blp.response(200, VersionDiffSchema)
@blp.problems(404, 503)
def get_version_diff(id: str, a: int, b: int) -> dict[str, Any]:
    """Get what changed from one version of a saved scenario to another, as a JSON Patch"""
    return scenarios.diff(id, a, b)


@blp.post("/<scenario:id>/versions/<version:number>/revert", parameters=[ID, NUMBER])
@blp.arguments(IfMatchSchema, location="headers")
@blp.response(200, SavedScenarioSchema, headers={"ETag": HEADERS["ETag"]})
@blp.problems(400, 403, 404, 409, 412, 428, 503)
def revert_scenario(headers: dict[str, Any], id: str, number: int) -> Answer:
    """Go back to an older version: write a new version that says the same"""
    return _with_etag(scenarios.revert(id, number, headers))


@blp.get("/<scenario:id>/versions/<version:number>/forecast", parameters=[ID, NUMBER])
@blp.arguments(VersionQuerySchema, location="query")
@blp.response(200, ForecastSchema)
@blp.problems(404, 409, 410, 503)
def get_version_forecast(query: dict[str, Any], id: str, number: int) -> Response:
    """Get the forecast of one ally under one version of a scenario, with the model and figures it was written for"""
    return jsonify(scenarios.forecast(id, number, query))
