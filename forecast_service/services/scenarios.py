"""Create, read, change, compare, list and forecast saved scenarios."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import url_for

from forecast_service.callers import caller
from forecast_service.errors import ServiceError
from forecast_service.forecasting.registry import forecasters
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.schemas.levers import is_reserved
from forecast_service.schemas.scenarios import SavedScenarioSchema, shipped_body
from forecast_service.services import admission, citation, forecasts, json_patch
from forecast_service.services.idempotency import idempotent
from forecast_service.services.paging import NoCursor
from forecast_service.services.scenario_lookup import ModelGone, UnknownSaved, as_scenario
from forecast_service.store import scenarios, search
from forecast_service.store.saved_answers import save_answer, saved_answer
from forecast_service.store.scenarios import Draft, ScenarioVersion
from models.dataset.countries import resolve
from models.forecast import MODEL_VERSION
from models.scenarios.builtin import NamedScenario, named_scenarios


class NoCondition(ServiceError):
    """A new version was sent without the one that it replaces."""

    status, detail = 428, "Send If-Match with the ETag of the version you mean to replace."
    errors = ({"parameter": "If-Match", "detail": "is missing; must be the ETag of the version you mean to replace"},)


class WeakTag(ServiceError):
    """All tags of If-Match are weak."""

    status = 412
    errors = ({"parameter": "If-Match", "detail": 'must be a strong tag: a weak one, W/"...", never matches'},)
    detail = f"If-Match: {errors[0]['detail']}. Send the ETag that the scenario itself came with."


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


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
    """Save a new scenario."""
    once = idempotent(headers)
    # A repeated request gets the same answer as before, even if the scenario it derives from is gone by now.
    if once and (before := scenarios.created_before(caller(), once)):
        return before
    return scenarios.create(caller(), _draft(**sent), once, forecasters().settings.kept_bytes)


def fork(identifier: str, headers: dict[str, Any], sent: dict[str, Any]) -> ScenarioVersion:
    """Save a copy of a scenario as the caller's own."""
    once = idempotent(headers)
    if once and (before := scenarios.created_before(caller(), once)):
        return before
    source = shipped_body(identifier) if identifier in named_scenarios() else scenarios.read(caller(), identifier).body
    if source is None:
        raise ServiceError(
            409, f"{identifier} is made anew for each ally: there is nothing to copy. POST one based_on it."
        )
    name = f"copy of {source['name']}" if is_reserved(source["name"]) else source["name"]
    body = source | {"name": name} | {field: sent[field] for field in ("name", "description") if field in sent}
    draft = _draft(body, public=sent["public"], based_on=identifier)
    return scenarios.create(caller(), draft, once, forecasters().settings.kept_bytes)


def replace(identifier: str, headers: dict[str, Any], sent: dict[str, Any]) -> ScenarioVersion:
    """Write a new version."""
    expected = _condition(identifier, headers)
    quota = forecasters().settings.kept_bytes
    # A draft may repeat what the scenario says already, even if that was deleted since.
    if sent.get("based_on") == scenarios.read(caller(), identifier).based_on:
        sent = sent | {"based_on": None}
    return scenarios.replace(caller(), identifier, _draft(**sent), expected, quota)


def revert(identifier: str, number: int, headers: dict[str, Any]) -> ScenarioVersion:
    """Write a new version that says what version ``number`` says, for the same model and figures."""
    expected = _condition(identifier, headers)
    old = read(identifier, number)
    draft = Draft(old.body, old.public, None, old.model_version, old.vintage)
    return scenarios.replace(caller(), identifier, draft, expected, forecasters().settings.kept_bytes)


def _condition(identifier: str, headers: dict[str, Any]) -> set[str]:
    """The tags of If-Match, which a new version needs. Raises NoCondition or WeakTag, to the owner alone."""
    if "if_match" not in headers:
        scenarios.check_owner(caller(), identifier)
        raise NoCondition
    _refuse_weak(identifier, headers)
    tags: set[str] = headers["if_match"]
    return tags


def _refuse_weak(identifier: str, headers: dict[str, Any]) -> None:
    """Say so if If-Match has weak tags alone: the caller would look for a change that nobody made."""
    if headers.get("if_match") == set():
        scenarios.check_owner(caller(), identifier)
        raise WeakTag


def remove(identifier: str, headers: dict[str, Any]) -> None:
    _refuse_weak(identifier, headers)
    scenarios.remove(caller(), identifier, headers.get("if_match"))


def read(identifier: str, number: int | None = None) -> ScenarioVersion:
    """One version; the current one if ``number`` is None."""
    return scenarios.read(caller(), identifier, number)


def read_any(identifier: str) -> ScenarioVersion | NamedScenario:
    """A scenario that ships, by its name, or a saved one, by its id."""
    return named_scenarios()[identifier] if identifier in named_scenarios() else read(identifier)


def versions(identifier: str, query: dict[str, Any]) -> dict[str, Any]:
    """A page of the versions, latest first."""
    limit = query["limit"]
    place = _place(query, [identifier], lambda parts: len(parts) == 1 and _is_number(parts[0]))
    before = int(place[0]) if place else None
    rows = scenarios.versions(caller(), identifier, before, limit + 1)
    following = None
    if len(rows) > limit:
        following = _link("scenarios.list_versions", query, [identifier], [rows[limit - 1].version], id=identifier)
    return {"items": rows[:limit], "next": following}


_OF_EACH_VERSION = ("version", "updated_at")
"""What differs between any two versions of a scenario."""


def diff(identifier: str, a: int, b: int) -> dict[str, Any]:
    """What changed from version ``a`` to version ``b``."""
    before, after = (SavedScenarioSchema(exclude=_OF_EACH_VERSION).dump(read(identifier, n)) for n in (a, b))
    return {"id": identifier, "before": a, "after": b, "patch": json_patch.difference(before, after)}


def page(query: dict[str, Any]) -> dict[str, Any]:
    """A page of the scenarios that the caller may read, the shipped ones first."""
    filters = [query.get(name) for name in ("q", "owner", "based_on")]
    q, owner, based_on = filters
    limit, size = query["limit"], 2 if q is None else 3

    def fits(parts: list[str]) -> bool:
        if parts[0] == "shipped":
            return len(parts) == 2 and _is_number(parts[1])
        return parts[0] == "kept" and len(parts) in {1, size}

    place = _place(query, filters, fits)
    items: list[Any] = []
    if owner in {None, "shipped"} and based_on is None and (not place or place[0] == "shipped"):
        start = int(place[1]) if place else 0
        shipped = [one for one in named_scenarios().values() if q is None or search.matches(one.name, q)]
        items = shipped[start : start + limit]
        if start + limit < len(shipped):
            link = _link("scenarios.list_scenarios", query, filters, ["shipped", start + limit])
            return {"items": items, "next": link}
    after = place[1:] if place and place[0] == "kept" else []
    if owner == "shipped":
        return {"items": items, "next": None}
    wanted = search.Filter(caller(), owner != "public", owner != "me", based_on, q)
    hits = search.page(wanted, after, limit - len(items) + 1)
    more, hits = len(hits) > limit - len(items), hits[: limit - len(items)]
    last = list(hits[-1].after) if hits else after
    items = items + [one.row for one in hits]
    following = _link("scenarios.list_scenarios", query, filters, ["kept", *last]) if more else None
    return {"items": items, "next": following}


def _link(view: str, query: dict[str, Any], filters: list[Any], place: list[Any], **path: Any) -> str:
    """The address of the next page. The cursor holds a digest of the filters: it is wrong for any other list."""
    text = json.dumps([_digest(filters)[:8], *map(str, place)])
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return url_for(view, **path, **(query | {"cursor": cursor}))


def _is_number(text: str) -> bool:
    return len(text) <= 10 and text.isascii() and text.isdigit() and int(text) <= scenarios.MAX_NUMBER


def _place(query: dict[str, Any], filters: list[Any], fits: Callable[[list[str]], bool]) -> list[str]:
    """Where the page begins; empty for the first page.

    Raises NoCursor if :func:`_link` did not make the cursor for this list.
    """
    cursor = query.get("cursor")
    if cursor is None:
        return []
    try:
        digest, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        sound = all(isinstance(part, str) and "\x00" not in part and part.encode() for part in place)
        if sound and digest == _digest(filters)[:8] and fits(place):
            return [str(part) for part in place]
    except (ValueError, TypeError, IndexError, binascii.Error, RecursionError):
        pass
    raise NoCursor


def forecast(identifier: str, number: int, query: dict[str, Any]) -> dict[str, Any]:
    """The forecast under one version, with the model and figures it was written for or with the latest."""
    version = read(identifier, number)
    model, cited, country = query.pop("model"), query.pop("answer", None), resolve(query["country"]).code
    current = (version.model_version, version.vintage) == (MODEL_VERSION, forecasters().vintage)
    # The rule is left out if none is given, so that answers that older releases saved are found.
    parts = [country, asdict(query["targets"]), sorted(set(query["levels"])), query.get("origin")]
    question = _digest(parts + ([query["rule"]] if "rule" in query else []))
    if model == "pinned" or current:
        saved = saved_answer(version, question)
        if saved is not None and cited in (None, saved["id"]):
            return saved | {"cite": citation.of_version(version, query, saved)}
        if version.model_version != MODEL_VERSION or not forecasters().has(version.vintage):
            raise ModelGone(version.model_version, version.vintage)
        query["vintage"] = version.vintage
    asked = forecasts.ask(scenario=as_scenario(version), id=cited, **query)
    links = {"scenario": url_for("scenarios.get_scenario", id=identifier)}
    links["version"] = url_for("scenarios.get_version", id=identifier, number=number)
    answer = asked.answer()
    body: dict[str, Any] = ForecastSchema().dump({"forecast": answer, "links": links})
    if model != "pinned" and not current:
        return body | {"cite": citation.of_forecast(asked)}
    save_answer(version, question, body)  # without the citation: its address depends on the settings
    return body | {"cite": citation.of_version(version, query, body)}


def compare(query: dict[str, Any]) -> dict[str, Any]:
    """The forecasts of several scenarios, each with its difference from the first."""
    items: list[dict[str, Any]] = []
    first: Any = None
    asked = [(name, forecasts.ask(scenario=name, field="ids", **query)) for name in query.pop("ids")]
    with admission.admitted(sum(one.price for _, one in asked)):
        for name, one in asked:
            body = ForecastSchema().dump({"forecast": one.answer(), "links": {}})
            results = {part: body[part] for part in ("targets", "paths", "money")}
            first = first or results
            items.append({"id": name, "forecast": body, "difference": difference(results, first)})
    return {"country": items[0]["forecast"]["country"], "items": items}


# Fields that describe an answer and are none of its results.
_LABELS = {
    "threshold",
    "years",
    "first_year",
    "from_year",
    "standard_error",
    "rules",
    "counted_related_max",
    "why",
}


def difference(one: Any, other: Any) -> Any:
    """Each number of ``one`` minus the same number of ``other``; null where either has none."""
    if isinstance(one, dict) and isinstance(other, dict):
        fields = {
            key: value if key == "component" else difference(value, other[key])
            for key, value in one.items()
            if key in other and key not in _LABELS
        }
        return {key: value for key, value in fields.items() if value is not None}
    if isinstance(one, list) and isinstance(other, list):
        return [difference(*pair) for pair in zip(one, other, strict=True)]
    if isinstance(one, int | float) and isinstance(other, int | float):
        return round(one - other, 6)
    return None
