"""The scenarios that there are: the shipped ones, the caller's own, and those that others made public."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import request

from forecast_service.dashboard.internal_client import Refused, document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import asked_country, countries
from models.dataset.groups import GROUPS

PAGE = 12
"""Saved scenarios on a page of the list."""
EVERYONE = "all"
"""The value of the field ``country`` if the reader chose no ally; without the field, it may be the last one."""
FEW = 3
"""A scenario whose levers name at most so many allies is about them."""
KINDS = {"general": "For any ally", "europe": "About Europe", "few": "About a few allies"}
LISTS = {"mine": "me", "others": "public"}
"""Name of the list in the address, and ``owner`` in the API's query."""


def scenarios(state: State) -> dict[str, Any]:
    """The shipped scenarios by kind, and a page each of the caller's own and of the public ones."""
    q = request.args.get("q", "").strip()[:100]
    asked = {"q": q} if q else {}
    name = asked_country()
    name = "" if name == EVERYONE else name
    shipped = document("scenarios.list_scenarios", asked | {"owner": "shipped", "limit": 100})["items"]
    by_kind: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for item in shipped:
        by_kind[_kind(item["id"])].append(item)
    return {
        "q": q,
        "chosen": document("countries.get_country", code=name) if name else None,
        "kinds": [(KINDS[kind], items) for kind, items in by_kind.items() if items],
        "saved": {name: _saved(name, owner, asked) for name, owner in LISTS.items()},
        **countries(),
    }


def _kind(name: str) -> str:
    """What a shipped scenario is about, by the allies and groups that it and its levers name."""
    found = document("scenarios.get_scenario", id=name)
    parts = [found, *(found.get("levers") or ())]
    named = {code for part in parts for code in part.get("countries") or ()}
    everyone = not found.get("countries") and any(not lever.get("countries") for lever in parts[1:])
    if (named & GROUPS.keys()) - {"all"}:
        return "europe"
    return "few" if 0 < len(named) <= FEW and not everyone else "general"


def _saved(name: str, owner: str, asked: dict[str, str]) -> dict[str, Any] | None:
    """A page of a list of saved scenarios, with the cursor of the next; None while the database is unavailable."""
    cursor = request.args.get(name, "")
    query = asked | {"owner": owner, "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
    try:
        found = document("scenarios.list_scenarios", query)
    except Refused as refused:
        if refused.status != 503:
            raise
        return None
    following = parse_qs(urlsplit(found["next"] or "").query).get("cursor", [""])[0]
    return {"items": found["items"], "next": following, "begun": bool(cursor)}
