"""The tools countries and history: the allies, and what they have spent."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from forecast_service.dashboard import text
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract, listed, part, take
from forecast_service.mcp_server.tool import Answer, Tool, arguments, linked
from forecast_service.mcp_server.tools import question

ALLY = part("code", "name", "denominator", "stance", "latest")
PLEDGE = part("component", "target_pct", "year", "stance", "status", "status_on", "stated_on", "summary")
DETAIL = ALLY | part(pledges=PLEDGE)
OBSERVATION = part("year", "share_pct", "estimate", "definition")
HISTORY = part(
    "vintage",
    country=part("code", "name"),
    components=part("component", "unit", "reason", observations=OBSERVATION),
)


def countries(contract: Contract) -> Tool:
    """The allies, or one with its pledges."""
    return Tool(
        "countries",
        "Allies",
        "NATO's allies: code, stance on the targets and latest core defence spending. With country, that ally's "
        "pledges and plans on record too.",
        arguments(country=question.country(contract)),
        listed(items=contract.part("CountryDetail", DETAIL) | {"required": list(ALLY)}),
        _countries,
    )


def _countries(application: Application, given: dict[str, Any]) -> Answer:
    if "country" not in given:
        found = application.document("countries.list_countries")["items"]
        links = {"json": application.link("countries.list_countries"), "page": application.link("dashboard.choose")}
        said = [f"{len(found)} allies, with their latest core defence spending:", *map(_ally, found)]
        return Answer("\n".join([*said, linked(links)]), {"items": take(found, ALLY), "links": links})
    one = application.document("countries.get_country", code=str(given["country"]))
    links = {
        "json": application.link("countries.get_country", code=one["code"]),
        "page": application.link("dashboard.country", code=one["code"]),
    }
    pledges = [_pledge(pledge) for pledge in one["pledges"]] or ["- none"]
    said = [_ally(one), "Plans and positions on record:", *pledges]
    return Answer("\n".join([*said, linked(links)]), {"items": [take(one, DETAIL)], "links": links})


def _ally(ally: dict[str, Any]) -> str:
    latest = ally["latest"]
    if latest is None:
        return f"{ally['code']} {ally['name']}: no armed forces, so the core target does not apply"
    estimate = ", estimate" if latest["estimate"] else ""
    share = f"{text.share(latest['share_pct'])} of {ally['denominator']} ({latest['year']}{estimate})"
    return f"{ally['code']} {ally['name']}: {share}; stance: {text.STANCES[ally['stance']]}"


def _pledge(pledge: dict[str, Any]) -> str:
    target = "" if pledge["target_pct"] is None else f" {text.threshold(pledge['target_pct'])}"
    year = "" if pledge["year"] is None else f" in {pledge['year']}"
    status = f"{text.STATUSES[pledge['status']]}, {pledge['status_on']}"
    return f"- {pledge['stated_on']}, {pledge['component']}{target}{year} ({status}): {pledge['summary']}"


def history(contract: Contract) -> Tool:
    """The past figures of one ally."""
    return Tool(
        "history",
        "Past figures",
        "Past core defence spending of one ally, by year, in % of GDP by NATO's definition.",
        arguments(
            "country", country=question.country(contract), vintage=contract.field("RequirementRequest", "vintage")
        ),
        contract.answer("History", HISTORY),
        _history,
    )


def _history(application: Application, given: dict[str, Any]) -> Answer:
    asked = {name: given[name] for name in ("vintage",) if name in given}
    found = application.document("countries.get_history", asked, code=str(given["country"]))
    code = found["country"]["code"]
    links = {
        "json": application.link("countries.get_history", code=code, **asked),
        "csv": application.link("countries.get_history_table", code=code, format="csv", **asked),
        "page": application.link("dashboard.country", code=code, **asked),
    }
    said = [line for component in found["components"] for line in _figures(found, component)]
    return Answer("\n".join([*said, linked(links)]), take(found, HISTORY) | {"links": links})


def _figures(found: dict[str, Any], component: dict[str, Any]) -> list[str]:
    """The figures of one component, ten years a line, and by whose definition they are."""
    figures = component["observations"]
    if not figures:
        return [component["reason"]]
    said = [
        f"{found['country']['name']}, {component['component']} defence spending, {component['unit']}, vintage "
        f"{found['vintage']} (e: estimate):"
    ]
    for _, some in groupby(figures, lambda it: it["year"] // 10):
        said.append(", ".join(f"{it['year']} {it['share_pct']:.2f}{' e' if it['estimate'] else ''}" for it in some))
    for definition, some in groupby(figures, lambda it: it["definition"]):
        years = [it["year"] for it in some]
        said.append(f"Definition {years[0]} to {years[-1]}: {definition}")
    return said
