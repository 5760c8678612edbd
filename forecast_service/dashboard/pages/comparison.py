"""Allies side by side."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import by_component, countries, scenarios


def compare(state: State) -> dict[str, Any]:
    """Two allies side by side; by default Germany and France."""
    shown = []
    for name, usual in (("a", "DEU"), ("b", "FRA")):
        detail = document("countries.get_country", code=state.get(name) or usual)
        forecast = document("forecasts.get_forecast", state.passed, code=detail["code"])
        target = by_component(forecast["targets"], state.component)
        shown.append({"field": name, "detail": detail, "forecast": forecast, "target": target})
    return {"sides": shown, "scenarios": scenarios(), **countries()}
