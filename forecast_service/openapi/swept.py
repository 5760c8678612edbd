"""The schemas of swept levers, made from those of the levers: each value may be an axis of many."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from forecast_service.schemas.sweep_axes import CredibilityGridSchema, NumberGridSchema, StepsSchema, WordGridSchema

PREFIX, LEVER = "Swept", "Lever"
SCENARIO = f"{PREFIX}Scenario"

Json = dict[str, Any]


def describe(spec: APISpec, levers: Json) -> None:
    """Add a swept component for the scenario and for each lever; ``levers`` holds the levers' references by type."""
    for name, schema in (
        ("NumberGrid", NumberGridSchema),
        ("WordGrid", WordGridSchema),
        ("CredibilityGrid", CredibilityGridSchema),
        ("Steps", StepsSchema),
    ):
        spec.components.schema(name, schema=schema)
    schemas, swept = spec.components.schemas, {}
    for kind, reference in levers.items():
        lever = reference.rpartition("/")[2]
        name = PREFIX + lever.removeprefix(LEVER)
        plain = schemas[lever]
        # Not its type, which says what the other values are.
        values = {field: _swept(inner) for field, inner in plain["properties"].items() if field != "type"}
        facts = {key: value for key, value in plain.items() if key != "examples"}
        spec.components.schema(name, facts | {"properties": {"type": plain["properties"]["type"]} | values})
        swept[kind] = _reference(name)
    scenario = schemas["Scenario"]
    fields: Json = scenario["properties"] | {
        "levers": scenario["properties"]["levers"]
        | {"description": "As in any scenario, with axes among the values.", "items": union(swept)}
    }
    spec.components.schema(SCENARIO, scenario | {"properties": fields})


def union(references: Json) -> Json:
    """The schema of an object whose ``type`` says which of ``references`` describes it."""
    return {
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "type", "mapping": references},
    }


def _reference(name: str) -> str:
    return f"#/components/schemas/{name}"


def _swept(schema: Json) -> Json:
    """``schema``, in which each number or word may be an axis."""
    for inside in ("items", "additionalProperties"):
        if isinstance(schema.get(inside), dict):
            return schema | {inside: _swept(schema[inside])}
    about = {name: schema[name] for name in ("description",) if name in schema}
    value = {name: inner for name, inner in schema.items() if name not in about}
    values = value.get("oneOf", [value])
    kinds = {one["type"] for one in values}
    grid = "WordGrid" if kinds == {"string"} else "CredibilityGrid" if "string" in kinds else "NumberGrid"
    axes = [grid] if kinds == {"string"} else [grid, "Steps"]
    return about | {"oneOf": [*values, *({"$ref": _reference(name)} for name in axes)]}
