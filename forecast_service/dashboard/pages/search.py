"""The list of allies as the answer to a name that no ally has."""

from __future__ import annotations

from typing import Any

from flask import request

from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import asked_country, countries
from models.dataset.countries import UnknownCountry, resolve


def unknown(state: State) -> dict[str, Any] | None:
    """The list of allies, with what is wrong and links to those that may be meant; None if all names are known.

    A link leads to the page that was asked for, with the same question.
    """
    path = (request.view_args or {}).get("code", "")
    named = [("code", path), ("country", asked_country()), ("a", state.get("a")), ("b", state.get("b"))]
    for field, name in (*named, *(("allies", name) for name in state.allies)):
        try:
            resolve(name) if name else None
        except UnknownCountry as error:
            meant = [{"name": ally.name, "address": _corrected(state, field, name, ally.code)} for ally in error.meant]
            return {"unknown": error.reason, "asked": name, "meant": meant, "status": 404, **countries()}
    return None


def _corrected(state: State, field: str, wrong: str, code: str) -> str:
    """The address that was asked for, with an ally's code in the place of a wrong name."""
    if field == "allies":
        return state.link("compare", allies=",".join(code if name == wrong else name for name in state.allies))
    if field in ("a", "b"):
        return state.link("compare", None, **{field: code})
    endpoint = (request.endpoint or "").rpartition(".")[2]
    return state.link("country" if field == "country" else endpoint, {"code": code})
