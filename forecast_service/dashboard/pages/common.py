"""What several pages show: the allies, the scenarios, the target of a component."""

from __future__ import annotations

from typing import Any

from flask import request

from forecast_service.dashboard.internal_client import Refused, document
from forecast_service.dashboard.page_state import State


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


def vintage_of(state: State) -> dict[str, str]:
    """The field ``vintage`` for the API's query, if the address names one."""
    return {name: state.fields[name] for name in ("vintage",) if name in state.fields}
