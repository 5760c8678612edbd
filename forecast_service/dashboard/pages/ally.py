"""One ally under one scenario, and what moves its probability most."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard import custom_scenario, fan, lever_form, linked_data, snippets, text
from forecast_service.dashboard.internal_client import Refused, document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import by_component, countries, scenarios, vintage_of

PRESETS = (
    ("baseline", "Baseline: as expected"),
    ("pledge", "Pledge carried out"),
    ("national-plan", "National plan carried out"),
    ("gdp-shock", "GDP shock: a recession"),
    ("stall", "Stall: the share stays"),
)
"""Scenarios that most readers ask about, in plain words."""
MOVERS = {
    "plans and pledges": "pledge",
    "growth of GDP": "gdp",
    "growth of core spending": "spend",
    "growth of related spending": "related_pledge",
    "the rule that counts related spending": "recount",
    "how uncertain the future is": "spread",
}
"""Control by the assumption of a sensitivity; the share of the origin has none."""
FIRST = 3
"""So many controls are shown; the others are behind "More assumptions"."""


def country(state: State, code: str) -> dict[str, Any]:
    """One ally under one scenario."""
    found = live(state, code)
    detail, forecast, target, shown = (found[name] for name in ("detail", "forecast", "target", "shown"))
    first = movers(state, detail["code"])
    return found | {
        "requirement": requirement(shown, detail["code"], forecast, target),
        "cited": linked_data.citation(forecast),
        "dataset": linked_data.of_ally(shown, detail, forecast, text.finding(forecast, target, detail["denominator"])),
        "snippets": snippets.of(shown, detail["code"], forecast, drawn=target["probability"] is not None),
        "presets": PRESETS,
        "first": [lever_form.BY_NAME[name] for name in first],
        "others": [control for control in lever_form.CONTROLS if control.name not in first],
        "more_set": bool({name for name, _ in state.levers} - set(first)) or bool(state.overlays),
        "kept_fields": kept_fields(state, target),
        "scenarios": scenarios(),
        "vintages": document("vintages.list_vintages")["items"],
        **countries(),
    }


def live(state: State, code: str) -> dict[str, Any]:
    """What follows the sliders: headline, chart and waterfall."""
    detail = document("countries.get_country", code=code)
    forecast, wrong, shown = custom_scenario.answer(state, detail["code"])
    target = by_component(forecast["targets"], state.component)
    past = known(state, detail["code"]) if state.component == "core" else []
    steps = waterfall(forecast, state.component)
    return {
        "detail": detail,
        "forecast": forecast,
        "target": target,
        "wrong": wrong,
        "shown": shown,
        "status": 422 if wrong else 200,
        "steps": steps,
        "before": steps[0]["before"] if steps else None,
        "past": past,
        "future": future(forecast, state.component),
        "drawn": chart(shown, detail, forecast, past) if target["probability"] is not None else None,
    }


def known(state: State, code: str) -> list[dict[str, Any]]:
    """The published shares of core spending, of the vintage in question."""
    found = document("countries.get_history", vintage_of(state), code=code)
    observations: list[dict[str, Any]] = found["components"][0]["observations"]
    return observations


def chart(state: State, detail: dict[str, Any], forecast: dict[str, Any], past: list[dict[str, Any]]) -> fan.Fan:
    """The fan of the ally, with the baseline behind another scenario, and the medians of overlays."""
    code, changed = detail["code"], forecast["baseline"] is not None and state.get("ghost") == "1"
    others = [
        (text.title(other["scenario"]["name"]), other)
        for other in (
            document("forecasts.get_forecast", state.plain | {"scenario": name}, code=code) for name in state.overlays
        )
    ]
    return fan.draw(
        fan.Plot(
            forecast,
            state.component,
            past,
            document("forecasts.get_forecast", state.plain, code=code) if changed else None,
            others,
            plans(detail, state.component, forecast["origin"]),
        )
    )


def plans(detail: dict[str, Any], component: str, origin: int) -> list[tuple[int, float]]:
    """The latest dated plan of each year after ``origin``: in law, in a budget or a plan, and not withdrawn since."""
    found = {
        it["year"]: it["target_pct"]
        for it in sorted(detail["pledges"], key=lambda it: it["stated_on"])
        if it["component"] == component and it["stance"] in {"law", "plan"} and it["target_pct"] and it["year"]
        if it["status"] not in {"withdrawn", "missed", "refused"} and it["year"] > origin
    }
    return sorted(found.items())


def movers(state: State, code: str) -> list[str]:
    """The names of the controls that move this ally's baseline most, in the order of the form, so that none moves."""
    query = state.plain | ({"component": state.fields["component"]} if "component" in state.fields else {})
    try:
        bars = document("sensitivity.get_sensitivity", query, code=code)["bars"]
    except Refused as refused:
        if refused.status >= 500:
            raise
        bars = []
    usual = ("pledge", "gdp", "spend") if state.component != "related" else ("related_pledge", "gdp", "recount")
    ranked = [MOVERS[bar["assumption"]] for bar in bars if bar["assumption"] in MOVERS]
    chosen = list(dict.fromkeys([*ranked, *usual]))[:FIRST]
    return [control.name for control in lever_form.CONTROLS if control.name in chosen]


def kept_fields(state: State, target: dict[str, Any]) -> dict[str, str]:
    """The fields that the form keeps without showing them."""
    hidden = ["component", "theme", "origin", "wanted", *(["rule", "related"] if target["component"] == "core" else [])]
    return {name: state.fields[name] for name in hidden if name in state.fields}


def future(forecast: dict[str, Any], component: str) -> list[dict[str, Any]]:
    """One row for each year: the year and its quantiles."""
    paths = forecast["paths"][component]
    if paths is None:
        return []
    return [
        {"year": year} | {level: values[place] for level, values in paths["quantiles"].items()}
        for place, year in enumerate(forecast["paths"]["years"])
    ]


def waterfall(forecast: dict[str, Any], component: str) -> list[dict[str, Any]]:
    """One row for each lever: its type, its fields, the probability before and after."""
    if forecast["baseline"] is None:
        return []
    before = by_component(forecast["baseline"]["targets"], component)["probability"]
    if before is None:
        return []
    p, rows = before["at_deadline"], []
    for step in forecast["waterfall"]:
        after = step["probability"][component]
        lever = {} if step["lever"] is None else forecast["scenario"]["levers"][step["lever"]]
        rows.append({"type": step["type"], "lever": lever, "before": p, "after": after})
        p = after
    return rows


def requirement(state: State, code: str, forecast: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """What the wanted probability requires; ``problem`` if the API refuses."""
    if target["probability"] is None:
        return {"problem": target["reason"]}
    body = _asked(state, code, forecast) | {"probability": lever_form.number(state.get("wanted"))}
    try:
        return document("requirements.post_requirement", body=body)
    except Refused as refused:
        if refused.status >= 500:
            raise
        errors = refused.problem.get("errors") or [{"detail": refused.problem["detail"]}]
        said = "; ".join(error["detail"] for error in errors)
        if said.startswith("cannot be reached"):
            said = "Under these assumptions no growth of spending, however large or small, makes it so likely."
        return {"problem": said}


def sensitivity(state: State, code: str) -> dict[str, Any]:
    """Which assumption moves the probability most."""
    detail = document("countries.get_country", code=code)
    forecast, _, shown = custom_scenario.answer(state, detail["code"])
    target = by_component(forecast["targets"], state.component)
    body = _asked(shown, detail["code"], forecast)
    found = document("sensitivity.post_sensitivity", body=body) if target["probability"] else None
    return {"detail": detail, "forecast": forecast, "target": target, "shown": shown, "tornado": found}


def _asked(state: State, code: str, forecast: dict[str, Any]) -> dict[str, Any]:
    """The request body for other analyses of the question of ``forecast``."""
    scenario = forecast["scenario"] if state.levers else state.get("scenario")
    body: dict[str, Any] = {"country": code, "component": state.component, "scenario": scenario}
    body |= {"targets": custom_scenario.targets(state)} | vintage_of(state)
    if not state.levers and "rule" in state.fields:  # with levers, the scenario holds it
        body["rule"] = state.fields["rule"]
    return body | ({"origin": forecast["origin"]} if "origin" in state.fields else {})
