"""All allies together."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import by_component, countries, scenarios

SORTS = ("name", "latest", "core", "by", "related", "total")


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
