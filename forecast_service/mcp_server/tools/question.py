"""What a question about the future holds, the same for every tool: scenario, targets, figures."""

from __future__ import annotations

from typing import Any

from forecast_service.mcp_server.contract import Contract, Schema
from forecast_service.schemas.lever_types import SCHEMAS

TARGETS = ("deadline", "core", "related")
"""Fields that the API takes in ``targets``."""
OTHERS = ("rule", "origin", "vintage")
PASSED = (*TARGETS, *OTHERS)
OWN = ("name", "description", "levers", "pledge_effect", "components", "countries")
"""The fields of a scenario of one's own."""
LEVER: Schema = {
    "type": "object",
    "description": "An assumption. The tool scenarios tells the fields of each type of lever.",
    "properties": {"type": {"type": "string", "enum": list(SCHEMAS)}},
    "required": ["type"],
    "examples": [schema.example for schema in SCHEMAS.values()],
}


def fields(contract: Contract) -> dict[str, Schema]:
    """The schemas of the fields besides the ally and the scenario."""
    targets = {name: contract.field("Targets", name) for name in TARGETS}
    return targets | {name: contract.field("ForecastRequest", name) for name in OTHERS}


def country(contract: Contract) -> Schema:
    """The schema of an ally."""
    return contract.field("RequirementRequest", "country")


def scenario(contract: Contract) -> Schema:
    """The schema of a scenario: a name, an id, or one's own as an object, whose levers are told in short."""
    found = contract.scenario(LEVER)
    own = found["oneOf"][1]
    own["properties"] = {name: own["properties"][name] for name in OWN}
    return found


def body(given: dict[str, Any]) -> dict[str, Any]:
    """The body of the API's request for the arguments ``given``."""
    asked = {name: value for name, value in given.items() if name not in TARGETS}
    targets = {name: given[name] for name in TARGETS if name in given}
    return asked | ({"targets": targets} if targets else {})


def query(given: dict[str, Any]) -> dict[str, Any]:
    """The query of the API's GET for the arguments ``given``, without those that are no part of the question."""
    return {name: given[name] for name in ("scenario", *PASSED) if name in given}
