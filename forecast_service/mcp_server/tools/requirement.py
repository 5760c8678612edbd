"""The tool requirement: what it takes to meet a target with a wanted probability."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard import text
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract, part, take
from forecast_service.mcp_server.tool import Answer, Tool, arguments, linked
from forecast_service.mcp_server.tools import question
from forecast_service.mcp_server.tools.forecasts import MADE_OF, WHO, heading

REQUIREMENT = MADE_OF | part(
    "component",
    "moved",
    "threshold",
    "probability",
    "extra_growth_pp",
    "real_growth_pct",
    "share_pct",
    "money",
    "notes",
    country=WHO,
    scenario=part("name", "description"),
)


def requirement(contract: Contract) -> Tool:
    """The extra growth of spending, and the money, that reach a wanted probability."""
    return Tool(
        "requirement",
        "Requirement",
        "What it takes: the extra real growth of spending a year, and the money, with which an ally meets a target "
        "with a wanted probability.",
        arguments(
            "country",
            "probability",
            country=question.country(contract),
            probability=contract.field("RequirementRequest", "probability"),
            component=contract.field("RequirementRequest", "component"),
            scenario=question.scenario(contract),
            **question.fields(contract),
        ),
        contract.answer("Requirement", REQUIREMENT),
        _requirement,
    )


def _requirement(application: Application, given: dict[str, Any]) -> Answer:
    found = application.document("requirements.post_requirement", body=question.body(given))
    links = {
        "json": application.link("requirements.post_requirement"),
        "page": application.link("dashboard.country", code=found["country"]["code"]),
    }
    p, growth, share = found["probability"], found["real_growth_pct"], found["share_pct"]
    said = [
        f"{heading(found)}:",
        f"{found['component'].capitalize()}, {text.threshold(found['threshold'])} in {found['deadline']}: "
        f"{text.percent(p['without'])} as expected, {text.percent(p['asked'])} wanted.",
        text.requirement(found),
        f"Growth of {found['moved']} spending: {growth['needed']:.1f} % a year in real terms instead of "
        f"{growth['without']:.1f} %. Median share in {found['deadline']}: {text.share(share['needed'])} instead of "
        f"{text.share(share['without'])}.",
        f"Money: {text.money(found)}." if found["money"]["usd"] else "No amount of money is published for this ally.",
        *(f"Note: {note}" for note in found["notes"]),
        f"{linked(links)} (json: by POST)",
    ]
    return Answer("\n".join(said), take(found, REQUIREMENT) | {"links": links})
