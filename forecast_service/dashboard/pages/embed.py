"""A small view of one ally, or of all, for a frame in another site."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from forecast_service.dashboard import charts, custom_scenario
from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import THEMES, State
from forecast_service.dashboard.pages.common import by_component

WIDTHS = {"narrow": 320, "wide": 560}
"""Widths (pixels) of the chart, in frames of up to 440 pixels and in wider ones."""


def ally(state: State, code: str) -> dict[str, Any]:
    """One ally under one scenario."""
    detail = document("countries.get_country", code=code)
    forecast, wrong, shown = custom_scenario.answer(state, detail["code"])
    return {
        "answer": forecast,
        "detail": detail,
        "target": by_component(forecast["targets"], state.component),
        "own": bool(shown.levers),
        "picture": _pictures(charts.fan(shown, detail["code"])),
        "full": state.link("country", {"code": detail["code"]}, _external=True),
        "status": 422 if wrong else 200,
    }


def alliance(state: State) -> dict[str, Any]:
    """All allies under one scenario."""
    found = document("alliance.get_alliance_forecast", state.passed)
    return {
        "answer": found,
        "target": by_component(found["targets"], state.component),
        "picture": _pictures(charts.alliance(state, "count")),
        "full": state.link("overview", _external=True),
    }


def _pictures(chart: charts.Chart) -> dict[str, dict[str, str]]:
    """Addresses by theme and width."""
    return {
        theme: {
            name: f"{chart.address}?{urlencode(chart.query | {'theme': theme, 'width': width})}"
            for name, width in WIDTHS.items()
        }
        for theme in THEMES
    }
