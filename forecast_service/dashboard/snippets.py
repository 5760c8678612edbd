"""Downloads of a page's figures, and code in curl and Python that fetches them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for

from forecast_service.dashboard import charts, custom_scenario
from forecast_service.dashboard.page_state import State

TABLES = (("csv", "CSV"), ("json", "JSON"))
DRAWN = (("svg", "SVG"), ("png", "PNG"), ("vl.json", "Vega-Lite"))


def of(state: State, code: str, forecast: dict[str, Any], *, drawn: bool) -> dict[str, Any]:
    """Downloads (address by label) and code; ``drawn`` is false if the target does not apply, so there is no chart."""
    fan = charts.fan(state, code)
    shown = {label: _chart(fan, form) for form, label in DRAWN} if drawn else {}
    if state.levers:
        tables = {label: state.link("own_forecast", {"code": code, "format": form}) for form, label in TABLES}
        address = url_for("forecasts.post_forecast")
        body = custom_scenario.question(state, code, forecast["scenario"] | {"levers": _before(state, forecast)})
        return {"downloads": tables | shown, "curl": _post(address, body), "python": _python_post(address, body)}
    address = url_for("forecasts.get_forecast", code=code)
    tables = {label: _query(address + ("" if form == "json" else f".{form}"), state) for form, label in TABLES}
    csv = _outside(_query(f"{address}.csv", state))
    curl = f"curl '{_outside(_query(address, state))}'"
    return {"downloads": tables | shown, "curl": curl, "python": f'import pandas as pd\n\ntable = pd.read_csv("{csv}")'}


def _chart(fan: charts.Chart, form: str) -> str:
    return f"{fan.address.removesuffix('svg')}{form}?{urlencode(fan.query)}"


def _before(state: State, forecast: dict[str, Any]) -> list[dict[str, Any]]:
    """The levers of the answer without the reader's own, which are the last."""
    levers: list[dict[str, Any]] = forecast["scenario"]["levers"]
    mine = len(state.levers) if forecast["scenario"]["name"] == custom_scenario.NAME else 0
    return levers[: len(levers) - mine]


def _query(address: str, state: State) -> str:
    return f"{address}?{urlencode(state.passed)}" if state.passed else address


def _outside(address: str) -> str:
    """The address with scheme and host."""
    return request.host_url.rstrip("/") + address


def _post(address: str, body: dict[str, Any]) -> str:
    text = json.dumps(body).replace("'", "'\\''")
    return f"curl '{_outside(address)}' -H 'Content-Type: application/json' -d '{text}'"


def _python_post(address: str, body: dict[str, Any]) -> str:
    return (
        "import json\nfrom urllib.request import Request, urlopen\n\n"
        f"question = {body!r}\n"
        f'request = Request("{_outside(address)}", json.dumps(question).encode(),\n'
        '                  {"Content-Type": "application/json"})\n'
        "forecast = json.load(urlopen(request))"
    )
