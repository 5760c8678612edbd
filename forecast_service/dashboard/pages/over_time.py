"""How the allies' numbers moved from one vintage to another, and why."""

from __future__ import annotations

from typing import Any

from flask import json

from forecast_service.dashboard.internal_client import Refused, ask, document
from forecast_service.dashboard.page_state import State

MOST = 6
"""Changed figures of one kind that are listed for an ally."""
LEAST = 0.005
"""Smaller contributions (of a probability) round to no point."""


def over_time(state: State) -> dict[str, Any]:
    """The change of each ally's number between two vintages; by default from the one before to the current one."""
    known = {item["name"]: item for item in document("vintages.list_vintages")["items"]}
    a, b = _asked(state, list(known.values()))
    diff, wait = ({}, None) if a == b and a in known else _diff(a, b)
    rows = _rows(diff)
    return {
        "known": list(known.values()),
        "before": known[a],
        "after": known[b],
        "wait": wait,
        "switches": _switches(),
        "rows": rows,
        "largest": max((abs(row["by"]) for row in rows), default=0),
        "without": [row for row in diff.get("probabilities") or () if row["change"] is None],
    }


def _asked(state: State, known: list[dict[str, Any]]) -> tuple[str, str]:
    """The names in the address; for a missing one, the current vintage and the one listed before it."""
    names = [item["name"] for item in known]
    now = next(place for place, item in enumerate(known) if item["current"])
    after = state.get("b") or names[now]
    usual = names[max(names.index(after) - 1, 0)] if after in names else names[0]
    return state.get("a") or usual, after


def _diff(a: str, b: str) -> tuple[dict[str, Any], str | None]:
    """The API's comparison, and after how many seconds to ask again if it is not complete yet."""
    answer = ask("vintages.get_diff", a=a, b=b)
    read: dict[str, Any] = json.loads(answer.get_data())
    if answer.status_code >= 400:
        raise Refused(read)
    return read, answer.headers.get("Retry-After")


def _rows(diff: dict[str, Any]) -> list[dict[str, Any]]:
    """The allies whose change is known, the largest first."""
    rows = []
    for row in diff.get("probabilities") or ():
        if change := row["change"]:
            code = row["country"]["code"]
            parts = [(name, value) for name, value in change["parts"].items() if abs(value) >= LEAST]
            rows.append(
                change
                | {"country": row["country"], "by": change["after"] - change["before"]}
                | {"moved_by": sorted(parts, key=lambda part: -abs(part[1]))}
                | {"figures": _figures([it for it in diff["figures"] if it["code"] == code])}
            )
    return sorted(rows, key=lambda row: -abs(row["by"]))


def _figures(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The changed figures of one ally: revised and new shares, the latest first, and its plans; a few of each."""
    shares = [it for it in reversed(changes) if it["table"] == "core_share"]
    revised = [it for it in shares if it["before"] and it["after"]]
    new = [it for it in shares if not it["before"]]
    plans = [it for it in changes if it["table"] in ("pledges", "related_share")]
    listed = {"revised": revised[:MOST], "new": new[:MOST], "plans": plans[:MOST]}
    return listed | {"count": len(changes), "more": len(changes) - sum(map(len, listed.values()))}


def _switches() -> list[dict[str, Any]]:
    """The switches between vintages, the latest first; none while the database is unavailable."""
    try:
        found: list[dict[str, Any]] = document("vintages.get_current")["switches"]
    except Refused as refused:
        if refused.status != 503:
            raise
        return []
    return found
