"""The content of each view, from the API's answers. Every number is one of theirs."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from forecast_service.dashboard import custom_scenario, lever_form, snippets, text
from forecast_service.dashboard.internal_client import Refused, document
from forecast_service.dashboard.page_state import State
from models.dataset import tables

SORTS = ("name", "latest", "core", "by", "related", "total")


def asked_country() -> str:
    """The text of the search field."""
    return request.args.get("country", "").strip()[:60]


def countries() -> dict[str, Any]:
    """All allies."""
    return {"countries": document("countries.list_countries")["items"]}


def scenarios() -> list[dict[str, Any]]:
    """The shipped scenarios and a page of the caller's; only shipped ones while the database is unavailable."""
    try:
        found: list[dict[str, Any]] = document("scenarios.list_scenarios", {"limit": 100})["items"]
    except Refused as refused:
        if refused.status != 503:
            raise
        found = document("scenarios.list_scenarios", {"owner": "shipped", "limit": 100})["items"]
    return found


def by_component(targets: list[dict[str, Any]], component: str) -> dict[str, Any]:
    """The target of one component."""
    return next(target for target in targets if target["component"] == component)


def overview(state: State) -> dict[str, Any]:
    """All allies together."""
    found = document("alliance.get_alliance_forecast", state.passed)
    known = {item["code"]: item for item in countries()["countries"]}
    rows: dict[str, dict[str, Any]] = {
        code: {"country": item, "latest": item["latest"]} for code, item in known.items()
    }
    for target in found["targets"]:
        for entry in target["ranking"]:
            rows[entry["country"]["code"]][target["component"]] = entry
    sort = state.get("sort") if state.get("sort") in SORTS else "core"
    return {
        "alliance": found,
        "target": by_component(found["targets"], state.component),
        "rows": sorted(rows.values(), key=lambda row: _key(row, sort)),
        "sort": sort,
        "scenarios": scenarios(),
        "countries": list(known.values()),
    }


def _key(row: dict[str, Any], sort: str) -> tuple[bool, float, str]:
    """Sorts by name, or by number, largest first and missing numbers last."""
    name = row["country"]["name"]
    if sort == "name":
        return False, 0.0, name
    if sort == "latest":
        number = row["latest"] and row["latest"]["share_pct"]
    else:
        entry = row.get("core" if sort == "by" else sort)
        number = entry and entry["by_deadline" if sort == "by" else "at_deadline"]
    return number is None, -(number or 0.0), name


def country(state: State, code: str) -> dict[str, Any]:
    """One ally under one scenario."""
    detail = document("countries.get_country", code=code)
    code = detail["code"]
    forecast, wrong = custom_scenario.answer(state, code)
    # If the reader's levers have errors, show the answer without them.
    shown = state.without_levers() if wrong else state
    target = by_component(forecast["targets"], state.component)
    history = document("countries.get_history", _vintage(state), code=code)
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


def _vintage(state: State) -> dict[str, str]:
    return {name: state.fields[name] for name in ("vintage",) if name in state.fields}


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
    body |= {"targets": custom_scenario.targets(state)} | _vintage(state)
    if not state.levers and "rule" in state.fields:  # with levers, the scenario holds it
        body["rule"] = state.fields["rule"]
    return body | ({"origin": forecast["origin"]} if "origin" in state.fields else {})


def compare(state: State) -> dict[str, Any]:
    """Two allies side by side; by default Germany and France."""
    shown = []
    for name, usual in (("a", "DEU"), ("b", "FRA")):
        detail = document("countries.get_country", code=state.get(name) or usual)
        forecast = document("forecasts.get_forecast", state.passed, code=detail["code"])
        target = by_component(forecast["targets"], state.component)
        shown.append({"field": name, "detail": detail, "forecast": forecast, "target": target})
    return {"sides": shown, "scenarios": scenarios(), **countries()}


def track_record(_state: State) -> dict[str, Any]:
    """The scores of past forecasts."""
    names = {item["code"]: item["name"] for item in countries()["countries"]}
    return {"record": document("track-record.get_track_record"), "names": names}


def sources() -> dict[str, Any]:
    """The publishers in the bundled table."""
    return {"publishers": tables.read("sources"), "api": url_for("docs.page"), "title": text.title}
