"""The tool scenarios: those that ship, saved ones, and the levers that they are made of."""

from __future__ import annotations

import json
from typing import Any

from marshmallow import ValidationError

from forecast_service import formatting
from forecast_service.dashboard.internal_client import Refused
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract, Schema, listed, part, take
from forecast_service.mcp_server.tool import Answer, BadArguments, Tool, arguments, linked, refusal
from forecast_service.schemas.levers import known_form
from models.scenarios import lever_names
from models.scenarios.builtin import named_scenarios

SAVED = 5
"""The most saved scenarios, the latest, of one answer: it is to be read at a glance."""
SCENARIO = part("id", "name", "description")


def scenarios(contract: Contract) -> Tool:
    """Scenarios and levers."""
    levers = contract.levers()
    detail: Schema = {"type": "object", "description": "The scenario, as a request takes it."}
    lever: Schema = {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "example": {"type": "object"},
            "schema": {"type": "object", "description": "JSON Schema of its fields; with lever alone."},
        },
        "required": ["type", "example"],
    }

    def answer(application: Application, given: dict[str, Any]) -> Answer:
        if "lever" in given:
            return _lever(application, levers, given["lever"])
        if "scenario" in given:
            return _scenario(application, given["scenario"])
        return _all(application, levers)

    return Tool(
        "scenarios",
        "Scenarios and levers",
        "The scenarios that can be asked for by name or id, and the levers (assumptions) that your own can have. With "
        "scenario: that one's levers, to start from. With lever: the fields of that lever.",
        arguments(
            scenario={"type": "string", "description": "Name of a scenario that ships, or id of a saved one."},
            lever={"type": "string", "enum": list(levers), "description": "Type of a lever."},
        ),
        listed(scenarios=detail, levers=lever),
        answer,
    )


def _all(application: Application, levers: dict[str, Schema]) -> Answer:
    found = application.document("scenarios.list_scenarios", {"limit": len(named_scenarios()) + SAVED})
    links = {
        "json": application.link("scenarios.list_scenarios"),
        "page": application.link("dashboard.scenarios"),
    }
    said = ["Scenarios:", *(f"- {_name(it)}: {it['description']}" for it in found["items"])]
    if found["next"]:
        said.append(f"There are more saved scenarios than the latest {SAVED}: {links['page']} has all.")
    said.append("Levers, for scenarios of your own:")
    examples = [_example(name, schema) for name, schema in levers.items()]
    said += [f"- {lever_names.NAMES[it['type']]}: {json.dumps(it['example'])}" for it in examples]
    document = {"scenarios": [take(it, SCENARIO) for it in found["items"]], "levers": examples, "links": links}
    return Answer("\n".join([*said, linked(links)]), document)


def _name(item: dict[str, Any]) -> str:
    return str(item["id"] if item["kind"] == "shipped" else f"{item['id']} ({item['name']})")


def _example(name: str, schema: Schema) -> dict[str, Any]:
    return {"type": name, "example": schema["examples"][0]}


def _scenario(application: Application, name: Any) -> Answer:
    try:
        found = application.document("scenarios.get_scenario", id=known_form(str(name)))
    except ValidationError as error:
        raise BadArguments(f"scenario: {error.messages[0]}") from None
    except Refused as error:
        raise BadArguments(f"scenario: {refusal(error.problem)}") from None
    links = {"json": application.link("scenarios.get_scenario", id=found["id"])}
    said = [f"{formatting.title(found['name'])}: {found['description']}"]
    if "direction" in found:
        said.append(f"What it does to the probability: {found['direction']}")
    said += ["Levers:", *(f"- {json.dumps(lever)}" for lever in found["levers"])] if found["levers"] else ["No levers."]
    return Answer("\n".join([*said, linked(links)]), {"scenarios": [found], "levers": [], "links": links})


def _lever(application: Application, levers: dict[str, Schema], name: Any) -> Answer:
    if name not in levers:
        raise BadArguments(f"lever: must be one of {', '.join(levers)}")
    schema, links = levers[name], {"page": application.link("dashboard.method")}
    required = set(schema["required"])
    said = [f"{lever_names.NAMES[name]}, for example {json.dumps(schema['examples'][0])}. Fields:"]
    said += [_field(field, facts, field in required) for field, facts in schema["properties"].items()]
    document = {"scenarios": [], "levers": [_example(name, schema) | {"schema": schema}], "links": links}
    return Answer("\n".join([*said, linked(links)]), document)


def _field(name: str, facts: Schema, required: bool) -> str:
    bounds = [f"{facts[bound]:g}" for bound in ("minimum", "maximum") if bound in facts]
    allowed = f" ({' to '.join(bounds)})" if bounds else f" ({', '.join(facts['enum'])})" if "enum" in facts else ""
    return f"- {name}{allowed}{', required' if required else ''}: {facts.get('description', '')}"
