"""Two to four allies beside each other, on one scale."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard import fan
from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import MAX_ALLIES, State
from forecast_service.dashboard.pages.ally import known, plans
from forecast_service.dashboard.pages.common import by_component, countries, scenarios

LEAST, MOST = 2, MAX_ALLIES
USUAL = ("DEU", "FRA")
"""What is compared if the address names fewer than two."""


def asked(state: State) -> list[str]:
    """The allies that the address names, each once: ``allies=DEU,FRA``, or ``a`` and ``b`` as in older links."""
    named = (*state.allies, state.get("a"), state.get("b"))
    return list(dict.fromkeys(name[:60] for name in named if name))[:MOST]


def compare(state: State) -> dict[str, Any]:
    """Two to four allies side by side; by default Germany and France."""
    named = [document("countries.get_country", code=name) for name in asked(state)]
    details = {detail["code"]: detail for detail in named}
    for code in USUAL:
        if len(details) < LEAST:
            details.setdefault(code, document("countries.get_country", code=code))
    sides = [side(state, detail) for detail in details.values()]
    plots = [it["plot"] for it in sides if it["plot"] is not None]
    top = fan.scale(plots) if plots else None
    for it in sides:
        it["drawn"] = fan.draw(it["plot"], top) if it["plot"] is not None else None
    codes = [it["detail"]["code"] for it in sides]
    return {"sides": sides, "codes": codes, "most": MOST, "least": LEAST, "scenarios": scenarios(), **countries()}


def side(state: State, detail: dict[str, Any]) -> dict[str, Any]:
    """One ally: its answer, its target, and what its chart shows (None if the target does not apply)."""
    code, component = detail["code"], state.component
    forecast = document("forecasts.get_forecast", state.passed, code=code)
    target = by_component(forecast["targets"], component)
    plot = None
    if target["probability"] is not None:
        past = known(state, code) if component == "core" else []
        plot = fan.Plot(forecast, component, past, plans=plans(detail, component, forecast["origin"]))
    return {"detail": detail, "forecast": forecast, "target": target, "plot": plot}
