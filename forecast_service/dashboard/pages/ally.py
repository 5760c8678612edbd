"""One ally under one scenario, and what moves its probability most."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard import custom_scenario, lever_form, snippets
from forecast_service.dashboard.internal_client import Refused, document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import by_component, countries, scenarios, vintage_of


def country(state: State, code: str) -> dict[str, Any]:
    """One ally under one scenario."""
    detail = document("countries.get_country", code=code)
    code = detail["code"]
    forecast, wrong = custom_scenario.answer(state, code)
    # If the reader's levers have errors, show the answer without them.
    shown = state.without_levers() if wrong else state
    target = by_component(forecast["targets"], state.component)
    history = document("countries.get_history", vintage_of(state), code=code)
    return {
        "detail": detail,
        "forecast": forecast,
        "target": target,
        "wrong": wrong,
        "shown": shown,
        "status": 422 if wrong else 200,
        "steps": waterfall(forecast, state.component),
        "past": history["components"][0]["observations"] if state.component == "core" else [],
        "future": future(forecast, state.component),
        "requirement": requirement(shown, code, forecast, target),
        "snippets": snippets.of(shown, code, forecast, drawn=target["probability"] is not None),
        "scenarios": scenarios(),
        **countries(),
    }


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
    """One row for each lever: its type, its fields, the probability before and after, and the change."""
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
        rows[-1]["change"] = step["change"][component]
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
        return {"problem": "; ".join(error["detail"] for error in errors)}


def sensitivity(state: State, code: str) -> dict[str, Any]:
    """Which assumption moves the probability most."""
    detail = document("countries.get_country", code=code)
    forecast, wrong = custom_scenario.answer(state, detail["code"])
    shown = state.without_levers() if wrong else state
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
