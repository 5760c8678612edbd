"""The JSON Schema of a scenario document, made from the contract's schemas, in the form in which editors help best.

A lever's ``type`` chooses its schema by ``if`` and ``then``: an editor then offers the fields of that type alone, and
every validator names the field at fault. With ``oneOf``, as in the contract, many say only that no branch fits.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, json

from forecast_service.openapi.spec import component_name, contract
from forecast_service.schemas.lever_types import SCHEMAS
from models.dataset.countries import allies
from models.dataset.groups import GROUPS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PATH = "/v1/schemas/scenario.json"
"""Its address, as the ``$id`` of a copy that is not served; relative to any service."""
TITLE = "Scenario of forecast_service"
DESCRIPTION = (
    "Assumptions about the future, as POST /v1/scenarios takes them; without 'public' also as the 'scenario' of POST "
    "/v1/forecasts. The service also refuses what a schema cannot say: levers that contradict each other, a 'to' "
    "before its 'from', unknown allies, unprintable texts, the names of shipped scenarios. 'forecast-service scenario "
    "check' finds those too."
)
_CONTRACT_REFERENCE, _LEVER, _ALLY = "#/components/schemas/", "Lever", "Ally"

Json = dict[str, Any]


def schema(app: Flask) -> Json:
    """The JSON Schema (2020-12) of what ``app`` takes as a scenario; it needs no other document."""
    components = contract(app)["components"]["schemas"]
    document = _plain(components["ScenarioDraft"])
    document["properties"]["levers"]["items"] = _reference(_LEVER)
    levers = {component_name(name): _lever(name, components[component_name(name)]) for name in SCHEMAS}
    for part in (document, *levers.values()):
        if "countries" in part["properties"]:
            part["properties"]["countries"]["items"] = _reference(_ALLY)
    ally = _plain(components["ScenarioDraft"]["properties"]["countries"]["items"])
    definitions = {_LEVER: _any_lever(), _ALLY: ally | {"examples": [*GROUPS, *allies()]}} | levers
    about = {"$schema": DIALECT, "$id": PATH, "title": TITLE, "description": DESCRIPTION}
    return about | document | {"$defs": definitions}


def schema_text(app: Flask) -> str:
    """The text of the schema as it is stored in ``openapi/scenario.schema.json``."""
    return json.dumps(schema(app), indent=2, sort_keys=False, ensure_ascii=False) + "\n"


def _any_lever() -> Json:
    kinds = list(SCHEMAS)
    rules = [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": _reference(component_name(kind)),
        }
        for kind in kinds
    ]
    return {
        "title": "Lever",
        "description": "One assumption; its type says which.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"description": "Type of the lever.", "enum": kinds}},
        "allOf": rules,
        "examples": [SCHEMAS[kind].example for kind in kinds],
    }


def _lever(kind: str, component: Json) -> Json:
    about = {"title": kind.replace("_", " ").capitalize().replace("Gdp", "GDP"), "description": SCHEMAS[kind].__doc__}
    return about | _plain(component)


def _reference(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _plain(part: Any) -> Any:
    """A copy of a part of the contract without what is OpenAPI's alone."""
    if isinstance(part, list):
        return [_plain(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    copied = {name: _plain(inner) for name, inner in part.items() if name != "discriminator"}
    if isinstance(reference := copied.get("$ref"), str):
        copied["$ref"] = reference.replace(_CONTRACT_REFERENCE, "#/$defs/")
    if "type" in copied and "example" in copied:  # of a schema: a property may have this name
        copied["examples"] = [copied.pop("example")]
    if copied.get("type") == "object":  # apispec writes the bounds of an object's size as those of a text's length too
        copied = {name: inner for name, inner in copied.items() if name not in {"minLength", "maxLength"}}
    return copied
