"""The tool alliance: how many allies meet a target, and which are likeliest to."""

from __future__ import annotations

from typing import Any

from forecast_service import formatting
from forecast_service.dashboard import text
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract, Schema, part, take
from forecast_service.mcp_server.tool import Answer, BadArguments, Tool, arguments, linked
from forecast_service.mcp_server.tools import question
from forecast_service.mcp_server.tools.forecasts import MADE_OF, WHO, heading

TALLY = part("allies", "median", "interval_80", "all")
TARGET = part(
    "component",
    "threshold",
    "likelier_than_not",
    at_deadline=TALLY,
    by_deadline=TALLY,
    ranking=part("at_deadline", "share_pct", country=WHO),
)
ALLIANCE = MADE_OF | part(scenario=part("name", "description"), targets=TARGET)


def alliance(contract: Contract) -> Tool:
    """All allies together."""
    component = contract.field("RequirementRequest", "component")

    def answer(application: Application, given: dict[str, Any]) -> Answer:
        return _alliance(application, given, component)

    return Tool(
        "alliance",
        "All allies",
        "How many allies meet a target by a deadline under a scenario that ships or is saved, and all allies in the "
        "order of their probabilities.",
        arguments(
            component=component | {"description": "The target's component; core if absent."},
            scenario=contract.parameter("/v1/alliance/forecast", "scenario"),
            **question.fields(contract),
        ),
        contract.answer("AllianceForecast", ALLIANCE),
        answer,
    )


def _alliance(application: Application, given: dict[str, Any], component: Schema) -> Answer:
    asked, wanted = question.query(given), given.get("component", "core")
    if wanted not in component["enum"]:
        raise BadArguments(f"component: must be one of {', '.join(component['enum'])}")
    found = application.document("alliance.get_alliance_forecast", asked)
    found = found | {"targets": [it for it in found["targets"] if it["component"] == wanted]}
    links = {
        "json": application.link("alliance.get_alliance_forecast", **asked),
        "csv": application.link("alliance.get_alliance_table", format="csv", **asked),
        "page": application.link("dashboard.overview", component=wanted, **asked),
    }
    said = [f"{heading(found)}:", *_target(found, found["targets"][0]), linked(links)]
    return Answer("\n".join(said), take(found, ALLIANCE) | {"links": links})


def _target(found: dict[str, Any], target: dict[str, Any]) -> list[str]:
    tally = target["at_deadline"]
    low, high = tally["interval_80"]
    spends = f"at least {text.threshold(target['threshold'])} of GDP on {text.COMPONENTS[target['component']]}"
    ranking = ", ".join(f"{it['country']['name']} {text.percent(it['at_deadline'])}" for it in target["ranking"])
    return [
        f"{tally['median']} of {tally['allies']} allies spend {spends} in {found['deadline']}, in the median of the "
        f"simulated futures; {low} to {high} in 80 % of them; all in {formatting.frequency(tally['all'])}.",
        f"{target['likelier_than_not']} allies have a probability of at least 50 %.",
        f"Each ally's probability: {ranking}.",
    ]
