"""The tools forecast and compare: the probabilities of one ally, or of several allies and scenarios side by side."""

from __future__ import annotations

import json
from typing import Any

from forecast_service import formatting
from forecast_service.dashboard import text
from forecast_service.dashboard.internal_client import Refused
from forecast_service.dashboard.page_state import MAX_OVERLAYS
from forecast_service.mcp_server.application import Application
from forecast_service.mcp_server.contract import Contract, part, take
from forecast_service.mcp_server.tool import Answer, BadArguments, Tool, argument, arguments, linked
from forecast_service.mcp_server.tools import question
from forecast_service.schemas.batch import MAX_ITEMS

MADE_OF = part("id", "origin", "deadline", "vintage", "model_version", "draws")
WHO = part("code", "name")
DIFFERENCE = part(targets=part("component", probability=part("at_deadline"), difference=part("at_deadline")))
PATH = part("median", quantiles=part("0.1", "0.9"))
FORECAST = MADE_OF | part(
    "notes",
    country=WHO,
    scenario=part("name", "description"),
    targets=part(
        "component",
        "threshold",
        "basis",
        "rests_on",
        "probability",
        "rules",
        "required",
        "reason",
        why=part("sentence"),
    ),
    paths=part("years", core=PATH, related=PATH, total=PATH),
    baseline=DIFFERENCE,
    plausibility=part("rank_at_deadline", "effective_sample_size"),
)
COMPARED = MADE_OF | part(
    country=WHO,
    scenario=part("name"),
    targets=part("component", "threshold", "reason", probability=part("at_deadline", "by_deadline")),
    paths=part("years", core=PATH),
    baseline=DIFFERENCE,
)
COMPARISON = part(items=part(forecast=COMPARED))


def forecast(contract: Contract) -> Tool:
    """The probabilities of one ally."""
    return Tool(
        "forecast",
        "Forecast",
        "The probability that one ally meets NATO's targets (3.5 % of GDP core, 1.5 % related, both together) by a "
        "deadline, under a scenario that ships, a saved one or your own, with what it rests on, its median and its "
        "80 % interval.",
        arguments(
            "country",
            country=question.country(contract),
            scenario=question.scenario(contract),
            **question.fields(contract),
        ),
        contract.answer("Forecast", FORECAST),
        _forecast,
    )


def _forecast(application: Application, given: dict[str, Any]) -> Answer:
    found = application.document("forecasts.post_forecast", body=question.body(given))
    code, asked = found["country"]["code"], question.query(given)
    if isinstance(given.get("scenario"), dict):
        links = {"json": application.link("forecasts.post_forecast")}
        request = [f"The same over HTTP: POST to that address {json.dumps(question.body(given), ensure_ascii=False)}"]
    else:
        links = {
            "json": application.link("forecasts.get_forecast", code=code, **asked),
            "csv": application.link("forecasts.get_forecast_table", code=code, format="csv", **asked),
            "page": application.link("dashboard.country", code=code, **asked),
        }
        request = []
    said = [f"{heading(found)}:"]
    said += [line for target in found["targets"] for line in _target(found, target)]
    said += [f"Note: {note}" for note in found["notes"]]
    return Answer("\n".join([*said, linked(links), *request]), take(found, FORECAST) | {"links": links})


def heading(found: dict[str, Any]) -> str:
    """Who, what was assumed, and what the numbers are made of."""
    who = found["country"]["name"] if "country" in found else "All allies"
    return (
        f"{who}, scenario {found['scenario']['name']}, deadline {found['deadline']} (figures: vintage "
        f"{found['vintage']}, to {found['origin']}; model version {found['model_version']}; {found['draws']:,} "
        "simulated futures)"
    )


def _target(found: dict[str, Any], target: dict[str, Any]) -> list[str]:
    name, p = f"{target['component'].capitalize()}, {text.threshold(target['threshold'])}", target["probability"]
    if p is None:
        return [f"{name}: {target['reason']}"]
    median, low, high = share(found["paths"][target["component"]])
    said = [
        f"{name}: {text.percent(p['at_deadline'])} ({formatting.likelihood(p['at_deadline'])}) in {found['deadline']}; "
        f"{text.percent(p['by_deadline'])} in some year until then; {text.span(p)}. Median share {text.share(median)}, "
        f"80 % of futures {text.share(low)} to {text.share(high)}."
    ]
    if change := _change(found, target["component"]):
        said.append(f"  {change}")
    if target["why"]:
        said.append(f"  {target['why']['sentence']}")
    if target["component"] == "total":
        return [*said, "  Rests on what core and related rest on."]
    if target["rules"]:
        said.append(f"  By counting rule: {text.rules(target['rules'])}")
    return [*said, f"  Rests on {target['rests_on'].rstrip('.')}."]


def share(path: dict[str, Any]) -> tuple[float, float, float]:
    """Median and 80 % interval of the share in the deadline year (% of GDP)."""
    return path["median"][-1], path["quantiles"]["0.1"][-1], path["quantiles"]["0.9"][-1]


def _change(found: dict[str, Any], component: str) -> str:
    """The baseline's probability and the difference from it; "" for the baseline itself."""
    for target in found["baseline"]["targets"] if found["baseline"] else ():
        if target["component"] == component and target["probability"]:
            before = target["probability"]["at_deadline"]
            return f"Against the baseline ({text.percent(before)}): {text.points(target['difference']['at_deadline'])}."
    return ""


def compare(contract: Contract) -> Tool:
    """Several allies and scenarios side by side."""
    country, scenario = question.country(contract), question.scenario(contract)
    return Tool(
        "compare",
        "Comparison",
        "Probabilities side by side: one ally under several scenarios, several allies under one scenario, or every "
        "ally under every scenario of two lists. All are counted in the same simulated futures.",
        arguments(
            "countries",
            countries={"type": "array", "items": country, "minItems": 1, "description": "Allies."},
            scenarios={
                "type": "array",
                "items": scenario,
                "minItems": 1,
                "description": "Scenarios; the baseline alone if absent.",
            },
            **question.fields(contract),
        ),
        contract.answer("BatchAnswer", COMPARISON),
        _compare,
    )


def _compare(application: Application, given: dict[str, Any]) -> Answer:
    allies, scenarios = _listed(given["countries"]), _listed(given.get("scenarios", ["baseline"]))
    common = question.body({name: given[name] for name in question.PASSED if name in given})
    pairs = [(row, column) for row in range(len(allies)) for column in range(len(scenarios))]
    items = [{"country": allies[row], "scenario": scenarios[column]} | common for row, column in pairs]
    if not 1 <= len(items) <= MAX_ITEMS:
        raise BadArguments(f"countries, scenarios: allies times scenarios must be 1 to {MAX_ITEMS}, not {len(items)}")
    found = application.document("batch.post_batch", body={"items": items})
    _refuse(found["items"], pairs)
    forecasts = [item["forecast"] for item in found["items"]]
    names = [each for each in scenarios if isinstance(each, str)]
    asked = question.query(given)
    links = {"json": application.link("batch.post_batch"), "page": _page(application, forecasts, names, asked)}
    said = [f"{_compared(forecasts[0])}:", *map(_row, forecasts), linked(links)]
    return Answer("\n".join(said), {"items": [{"forecast": take(it, COMPARED)} for it in forecasts], "links": links})


def _listed(value: Any) -> list[Any]:
    """A list; a single value is a list of one."""
    return value if isinstance(value, list) else [value]


def _refuse(items: list[dict[str, Any]], pairs: list[tuple[int, int]]) -> None:
    """Raise Refused if an item has a problem; errors name the lists of the tool."""
    problems = [(item["problem"], pair) for item, pair in zip(items, pairs, strict=True) if item["problem"]]
    if not problems:
        return
    errors = [_placed(error, *pair) for problem, pair in problems for error in problem.get("errors", ())]
    raise Refused(problems[0][0] | {"errors": errors})


def _placed(error: dict[str, str], row: int, column: int) -> dict[str, str]:
    """An error of an item with its place in ``countries`` or ``scenarios``."""
    _, _, path = argument(error).removeprefix("items/").partition("/")
    name, _, rest = path.partition("/")
    lists = {"country": f"countries/{row}", "scenario": f"scenarios/{column}"}
    if name in lists:
        path = f"{lists[name]}/{rest}"
    return {"pointer": path.removeprefix("targets/"), "detail": error["detail"]}


def _page(application: Application, found: list[dict[str, Any]], names: list[str], asked: dict[str, Any]) -> str:
    """The page that shows the first two allies, or the first ally under the scenarios that have a name."""
    codes = list(dict.fromkeys(it["country"]["code"] for it in found))
    scenario = {"scenario": names[0]} if names else {}
    if len(codes) > 1:
        return application.link("dashboard.compare", a=codes[0], b=codes[1], **scenario, **asked)
    overlay = {"overlay": ",".join(names[1 : 1 + MAX_OVERLAYS])} if names[1:] else {}
    return application.link("dashboard.country", code=codes[0], **scenario, **overlay, **asked)


def _compared(found: dict[str, Any]) -> str:
    """What the numbers of each row are, and what they are made of."""
    asked = " | ".join(f"{it['component']} {text.threshold(it['threshold'])}" for it in found["targets"])
    return (
        f"Probability in {found['deadline']} (figures: vintage {found['vintage']}, to {found['origin']}; model version "
        f"{found['model_version']}; {found['draws']:,} simulated futures)\n"
        f"Ally, scenario: {asked} | core against the baseline | median core share (80 % of futures)"
    )


def _row(found: dict[str, Any]) -> str:
    chances = [text.percent(it["probability"] and it["probability"]["at_deadline"]) for it in found["targets"]]
    cells = [*chances, _points(found), _core(found["paths"]["core"])]
    return f"{found['country']['name']}, {found['scenario']['name']}: {' | '.join(cells)}"


def _points(found: dict[str, Any]) -> str:
    """The difference of the core probability from the baseline's; an em dash if there is none."""
    core = found["baseline"]["targets"][0] if found["baseline"] else {}
    return text.points(core["difference"]["at_deadline"] if core.get("difference") else None)


def _core(path: dict[str, Any] | None) -> str:
    if path is None:
        return "no armed forces"
    median, low, high = share(path)
    return f"{text.share(median)} ({text.share(low)} to {text.share(high)})"
