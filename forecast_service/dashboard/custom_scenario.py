"""Forecasts with the reader's own levers: the request to the API, and the errors of each field."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from forecast_service.dashboard import page_state as states
from forecast_service.dashboard.internal_client import Refused, ask, document
from forecast_service.dashboard.lever_form import number
from forecast_service.dashboard.page_state import State
from forecast_service.media_types import CSV, JSON, MEDIA_TYPES, PNG, SVG, VEGA

NAME = "own levers"
ACCEPT = {form: MEDIA_TYPES[form] for form in (SVG, PNG, VEGA, CSV, JSON)}
CHART_PARAMETERS = ("theme", "width", "component", "overlay", "ghost")
"""Parameters that only charts have."""


def targets(state: State) -> dict[str, Any]:
    """The fields of ``targets`` in a request body; without those that have their default."""
    return {name: number(state.fields[name]) for name in ("deadline", "core", "related") if name in state.fields}


def scenario(state: State, base: dict[str, Any]) -> dict[str, Any]:
    """The scenario ``base`` (from an answer) plus the reader's levers."""
    fields = {name: it for name, it in base.items() if name not in {"description", "based_on"}}
    based_on = {"based_on": state.get("scenario")}
    return fields | based_on | {"name": NAME, "levers": base["levers"] + [lever for _, lever in state.levers]}


def question(state: State, code: str, base: dict[str, Any]) -> dict[str, Any]:
    """The request body for POST /v1/forecasts."""
    body: dict[str, Any] = {"country": code, "scenario": scenario(state, base)}
    if found := targets(state):
        body["targets"] = found
    body |= {name: number(state.fields[name]) for name in ("origin",) if name in state.fields}
    return body | {name: state.fields[name] for name in ("vintage",) if name in state.fields}


def answer(state: State, code: str) -> tuple[dict[str, Any], dict[str, str], State]:
    """The forecast of this state, the errors of the reader's levers by name of field, and the state that it shows.

    If there are errors, both are without the reader's levers.

    Raises
    ------
    Refused
            if anything else is wrong.
    """
    base = document("forecasts.get_forecast", state.passed, code=code)
    if not state.levers:
        return base, {}, state
    try:
        return document("forecasts.post_forecast", body=question(state, code, base["scenario"])), {}, state
    except Refused as refused:
        wrong = faults(state, refused, len(base["scenario"]["levers"]))
        if not wrong:
            raise
        return base, wrong, state.without_levers()


def faults(state: State, refused: Refused, before: int) -> dict[str, str]:
    """The errors of the reader's levers by name of field; ``before`` levers of the scenario come first."""
    names = [name for name, _ in state.levers]
    found: dict[str, str] = {}
    for error in refused.problem.get("errors", ()):
        parts = error.get("pointer", "").split("/")
        if parts[1:3] != ["scenario", "levers"] or len(parts) < 4:
            continue
        place = max(int(parts[3]) - before, 0)
        name = parts[4] if len(parts) > 4 and parts[4] in {"from", "to"} else names[place]
        if name == "pledge" and parts[-1] in {"year", "credibility"}:
            name = {"year": "pledge_year", "credibility": "belief"}[parts[-1]]
        found.setdefault(name, error["detail"])
    return found


def send(code: str, form: str) -> Response:
    """The forecast in the format ``form``, or the API's problem."""
    return _sent(code, form, form in _DRAWN, "forecasts.post_forecast")


def send_card(code: str, form: str) -> Response:
    """The forecast's card, or the API's problem."""
    return _sent(code, form, True, "forecasts.post_card", format=form)


def _sent(code: str, form: str, drawn: bool, endpoint: str, **path: str) -> Response:
    state = states.read()
    try:
        base = document("forecasts.get_forecast", state.passed, code=code)
    except Refused:
        response: Response = ask("forecasts.get_forecast", state.passed, code=code)
        return response
    chart = {name: request.args[name] for name in CHART_PARAMETERS if drawn and name in request.args}
    answered: Response = ask(endpoint, chart, question(state, code, base["scenario"]), ACCEPT[form], **path)
    return answered


_DRAWN = ("svg", "png", "vl.json")
