"""What is done with saved scenarios: between the views, the store and the registry."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import request, url_for

from forecast_service.callers import caller
from forecast_service.errors import ServiceError
from forecast_service.forecasting.registry import forecasters
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.schemas.scenarios import shipped_body
from forecast_service.services import forecasts
from forecast_service.services.paging import NoCursor
from forecast_service.services.scenario_lookup import ModelGone, UnknownSaved, as_scenario
from forecast_service.store import scenarios, search
from forecast_service.store.saved_answers import save_answer, saved_answer
from forecast_service.store.scenarios import Draft, IdempotentRequest, ScenarioVersion
from models.dataset.countries import resolve
from models.forecast import MODEL_VERSION
from models.forecast.result import Forecast
from models.scenarios.builtin import NamedScenario, named_scenarios


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _idempotent(headers: dict[str, Any], body: Any) -> IdempotentRequest | None:
    if "idempotency_key" not in headers:
        return None
    return IdempotentRequest(headers["idempotency_key"], _digest([request.path, body]))


def _draft(
    body: dict[str, Any],
    *,
    public: bool,
    based_on: str | None = None,
    model_version: str | None = None,
    vintage: str | None = None,
) -> Draft:
    if based_on is not None and based_on not in named_scenarios():
        try:
            scenarios.read(caller(), based_on)
        except scenarios.NoSuchScenario:
            raise UnknownSaved("based_on") from None
    written_for = (
        model_version or MODEL_VERSION,
        forecasters().vintage if vintage is None else forecasters().known(vintage),
    )
    return Draft(body, public, based_on, *written_for)


def create(headers: dict[str, Any], sent: dict[str, Any]) -> ScenarioVersion:
    """Keep a new scenario."""
    idempotent = _idempotent(headers, sent)
    # A repeated request is answered as before, even if what it derives from is gone by now.
    if idempotent and (before := scenarios.created_before(caller(), idempotent)):
        return before
    return scenarios.create(caller(), _draft(**sent), idempotent, forecasters().settings.kept_bytes)


def fork(identifier: str, headers: dict[str, Any], sent: dict[str, Any]) -> ScenarioVersion:
    """Keep a copy of a scenario as the caller's own."""
    idempotent = _idempotent(headers, sent)
    if idempotent and (before := scenarios.created_before(caller(), idempotent)):
        return before
    source = shipped_body(identifier) if identifier in named_scenarios() else scenarios.read(caller(), identifier).body
    if source is None:
        raise ServiceError(
            409, f"{identifier} is made anew for each ally: there is nothing to copy. POST one based_on it."
        )
    body = source | {name: sent[name] for name in ("name", "description") if name in sent}
    draft = _draft(body, public=sent["public"], based_on=identifier)
    return scenarios.create(caller(), draft, idempotent, forecasters().settings.kept_bytes)


def replace(identifier: str, headers: dict[str, Any], sent: dict[str, Any]) -> ScenarioVersion:
    """Write a new version."""
    if "if_match" not in headers:
        scenarios.check_owner(caller(), identifier)
        raise ServiceError(428, "Send If-Match with the ETag of the version you mean to replace.")
    quota = forecasters().settings.kept_bytes
    return scenarios.replace(caller(), identifier, _draft(**sent), headers["if_match"], quota)


def remove(identifier: str, headers: dict[str, Any]) -> None:
    """Delete."""
    scenarios.remove(caller(), identifier, headers.get("if_match"))


def read(identifier: str, number: int | None = None) -> ScenarioVersion:
    """One version; the current one if ``number`` is None."""
    return scenarios.read(caller(), identifier, number)


def read_any(identifier: str) -> ScenarioVersion | NamedScenario:
    """A scenario that ships, by its name, or a kept one, by its id."""
    return named_scenarios()[identifier] if identifier in named_scenarios() else read(identifier)


def versions(identifier: str, query: dict[str, Any]) -> dict[str, Any]:
    """A page of the versions, latest first."""
    limit = query["limit"]
    place = _place(query, [identifier], lambda parts: len(parts) == 1 and _is_number(parts[0]))
    before = int(place[0]) if place else None
    found = scenarios.versions(caller(), identifier, before, limit + 1)
    following = None
    if len(found) > limit:
        following = _link("scenarios.list_versions", query, [identifier], [found[limit - 1].version], id=identifier)
    return {"items": found[:limit], "next": following}


def page(query: dict[str, Any]) -> dict[str, Any]:
    """A page of the scenarios that the caller may see: the shipped ones first."""
    of = [query.get(name) for name in ("q", "owner", "based_on")]
    q, owner, based_on = of
    limit, size = query["limit"], 2 if q is None else 3

    def fits(parts: list[str]) -> bool:
        if parts[0] == "shipped":
            return len(parts) == 2 and _is_number(parts[1])
        return parts[0] == "kept" and len(parts) in {1, size}

    place = _place(query, of, fits)
    items: list[Any] = []
    if owner in {None, "shipped"} and based_on is None and (not place or place[0] == "shipped"):
        start = int(place[1]) if place else 0
        found_shipped = [one for one in named_scenarios().values() if q is None or search.matches(one.name, q)]
        items = found_shipped[start : start + limit]
        if start + limit < len(found_shipped):
            return {"items": items, "next": _link("scenarios.list_scenarios", query, of, ["shipped", start + limit])}
    after = place[1:] if place and place[0] == "kept" else []
    if owner == "shipped":
        return {"items": items, "next": None}
    wanted = search.Filter(caller(), owner != "public", owner != "me", based_on, q)
    found = search.page(wanted, after, limit - len(items) + 1)
    more, found = len(found) > limit - len(items), found[: limit - len(items)]
    last = list(found[-1].after) if found else after
    items = items + [one.row for one in found]
    return {"items": items, "next": _link("scenarios.list_scenarios", query, of, ["kept", *last]) if more else None}


def _link(view: str, query: dict[str, Any], of: list[Any], place: list[Any], **path: Any) -> str:
    """The address of the next page. Its cursor holds what it belongs to: with another filter it would mislead."""
    text = json.dumps([_digest(of)[:8], *map(str, place)])
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return url_for(view, **path, **(query | {"cursor": cursor}))


def _is_number(text: str) -> bool:
    return len(text) <= 10 and text.isascii() and text.isdigit() and int(text) <= scenarios.MAX_NUMBER


def _place(query: dict[str, Any], of: list[Any], fits: Callable[[list[str]], bool]) -> list[str]:
    """Where the page begins; empty for the first.

    Raises
    ------
    NoCursor
        if :func:`_link` made none such for the same list.
    """
    cursor = query.get("cursor")
    if cursor is None:
        return []
    try:
        digest, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        sound = all(isinstance(part, str) and "\x00" not in part and part.encode() for part in place)
        if sound and digest == _digest(of)[:8] and fits(place):
            return [str(part) for part in place]
    except (ValueError, TypeError, IndexError, binascii.Error, RecursionError):
        pass
    raise NoCursor


def forecast(identifier: str, number: int, query: dict[str, Any]) -> dict[str, Any]:
    """The answer under one version, under its own model and figures or the latest."""
    version = read(identifier, number)
    wanted, country = query.pop("model"), resolve(query["country"]).code
    its_own = (version.model_version, version.vintage)
    current = its_own == (MODEL_VERSION, forecasters().vintage)
    question = _digest([country, asdict(query["targets"]), query["levels"], query.get("origin")])
    if wanted == "pinned" or current:
        found = saved_answer(version, question)
        if found is not None:
            return found
        if version.model_version != MODEL_VERSION or version.vintage not in forecasters().vintages():
            raise ModelGone(version.model_version, version.vintage)
        query["vintage"] = version.vintage
    made = forecasts.forecast(scenario=as_scenario(version), **query)
    links = {"scenario": url_for("scenarios.get_scenario", id=identifier)}
    links["version"] = url_for("scenarios.get_version", id=identifier, number=number)
    body: dict[str, Any] = ForecastSchema().dump({"forecast": made, "links": links})
    if wanted == "pinned" or current:
        save_answer(version, question, body)
    return body


def compare(query: dict[str, Any]) -> dict[str, Any]:
    """The forecasts of several scenarios side by side."""
    items: list[dict[str, Any]] = []
    first: Any = None
    for name in query.pop("ids"):
        made: Forecast = forecasts.forecast(scenario=name, field="ids", **query)
        body = ForecastSchema().dump({"forecast": made, "links": {}})
        read_off = {name: body[name] for name in ("targets", "paths", "money")}
        first = first or read_off
        items.append({"id": name, "forecast": body, "difference": difference(read_off, first)})
    return {"country": items[0]["forecast"]["country"], "items": items}


# What describes an answer rather than being one of its results.
_LABELS = {"threshold", "years", "first_year", "standard_error"}


def difference(one: Any, other: Any) -> Any:
    """Every number of ``one`` less the same of ``other``; null where either has none."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = {
            key: value if key == "component" else difference(value, other[key])
            for key, value in one.items()
            if key in other and key not in _LABELS
        }
        return {key: value for key, value in found.items() if value is not None}
    if isinstance(one, list) and isinstance(other, list):
        return [difference(*pair) for pair in zip(one, other, strict=True)]
    if isinstance(one, int | float) and isinstance(other, int | float):
        return round(one - other, 6)
    return None
