"""Shipped and saved scenarios: requests and answers."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_dump, post_load, pre_dump, validate
from webargs.fields import DelimitedList

from forecast_service.errors import ServiceError
from forecast_service.schemas.citation import id_in
from forecast_service.schemas.countries import CountryRefSchema, ListSchema
from forecast_service.schemas.fields import (
    BoundedList,
    PlainText,
    QueryYear,
    StrictBoolean,
    WholeText,
    country_in,
    vintage_in,
)
from forecast_service.schemas.forecast_request import ForecastQuerySchema
from forecast_service.schemas.levers import (
    MAX_LEVERS,
    LeverField,
    ScenarioSchema,
    description_in,
    known_form,
    known_forms,
    model_version_in,
    name_in,
)
from forecast_service.schemas.requests import RequestSchema
from forecast_service.store.idempotency import DAYS
from forecast_service.store.scenarios import ScenarioVersion
from forecast_service.store.tables import ScenarioRow
from models.scenarios.builtin import NamedScenario
from models.scenarios.library import library

MAX_PAGE = 200
TAG = re.compile(r'(W/)?"([!#-~\x80-\xff]*)"')
IF_MATCH = re.compile(rf"[ \t]*{TAG.pattern}[ \t]*(,[ \t]*{TAG.pattern}[ \t]*)*")
"""A list of entity tags, as RFC 9110 writes it."""


def _public() -> fields.Boolean:
    return StrictBoolean(
        load_default=False,
        metadata={"description": "Whether everyone may read it; only its owner if absent or false."},
    )


class ScenarioDraftSchema(ScenarioSchema):
    name = name_in(required=True)
    public = _public()
    based_on = fields.String(
        validate=known_form,
        metadata={
            "description": "The scenario it derives from: the name of a shipped one or the id of a saved one. A new "
            "version without it keeps the old value.",
            "anyOf": known_forms(),
            "example": "baseline",
        },
    )

    model_version = model_version_in("Version of the statistics it is written for; the running one if absent.")
    vintage = vintage_in("Vintage of the figures it is written for; the current one if absent.")

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        facts = {name: data.pop(name, None) for name in ("public", "based_on", "model_version", "vintage")}
        scenario = super()._build(data, **kwargs)
        scenario.check()
        return {"body": ScenarioSchema().dump(scenario)} | facts


class ForkSchema(RequestSchema):
    """The name and description of a copy.

    If absent, they are those of the original; the copy of a shipped scenario is then named "copy of" and its name.
    """

    empty_allowed = True

    name = name_in()
    description = description_in()
    public = _public()


class IdempotencySchema(RequestSchema):
    """The header that makes it safe to repeat a request."""

    class Meta:
        unknown = EXCLUDE  # all other headers

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        validate=WholeText(r"^[!-~]{1,255}$", error="must be 1 to 255 visible ASCII characters, without blanks"),
        metadata={
            "description": "A key that the client chooses. The service carries out the same request (address and JSON) "
            "with the same key once, and gives the same answer each time; 409 `key-of-deleted` once its scenario or "
            f"sweep has been deleted. A key counts for {DAYS} days; after that, the request is a new one.",
            "example": "3f0c9a52-7d1e-4b7a-9b1f-0d8f2f3a6c11",
        },
    )


class IfMatchSchema(RequestSchema):
    """The header that names the version to change."""

    class Meta:
        unknown = EXCLUDE  # all other headers

    if_match = fields.String(
        data_key="If-Match",
        metadata={
            "description": "The ETag of the version to change, in its quotes and not weak, or *.",
            "pattern": r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$',
            "example": '"01jd...-3"',
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "if_match" in data:
            data["if_match"] = strong_tags(data["if_match"])
        return data


class NoTag(ServiceError):
    """If-Match is neither * nor a list of entity tags."""

    status = 400
    errors = (
        {"parameter": "If-Match", "detail": 'must be * or the ETag as it was sent, in its quotes, such as "01jd...-3"'},
    )
    detail = f"If-Match: {errors[0]['detail']}"


def strong_tags(text: str) -> set[str]:
    """The tags of an If-Match that can match, without their quotes. A weak one, W/"...", matches nothing (RFC 9110)."""
    if text.strip() == "*":
        return {"*"}
    if not IF_MATCH.fullmatch(text):
        raise NoTag
    return {strong for weak, strong in TAG.findall(text) if not weak}


class PageSchema(RequestSchema):
    limit = QueryYear(
        load_default=50,
        validate=validate.Range(min=1, max=MAX_PAGE, error="must be a whole number from {min} to {max}"),
        metadata={"description": f"Items on a page, at most {MAX_PAGE}; 50 if absent."},
    )
    cursor = fields.String(
        validate=validate.Length(min=1, max=1000, error="must hold {min} to {max} characters"),
        metadata={"description": "Where the page begins: an opaque text from the link 'next' of the page before."},
    )


class ScenarioListQuerySchema(PageSchema):
    q = PlainText(
        most=100,
        metadata={
            "description": "Search: scenarios whose name, or a word of it, begins with this text, in any case, in the "
            "order of the matching text. It does not search inside words or in descriptions.",
            "example": "half",
        },
    )
    owner = fields.String(
        validate=validate.OneOf(["me", "public", "shipped"], error="must be one of {choices}"),
        metadata={"description": "The caller's own (me), all public ones, or the shipped ones; all if absent."},
    )
    based_on = fields.String(
        validate=known_form,
        metadata={"description": "Only scenarios that derive from this one (name or id).", "anyOf": known_forms()},
    )


class NamedScenarioSchema(Schema):
    """A scenario that ships with the service."""

    name = fields.String(required=True, metadata={"description": "Its name in requests.", "example": "baseline"})
    description = fields.String(required=True, metadata={"description": "What it assumes."})


def _shipped(item: NamedScenario) -> dict[str, Any]:
    facts = {"description": item.description, "direction": item.direction}
    return {"kind": "shipped", "id": item.name, "name": item.name} | facts


def _direction() -> fields.String:
    return fields.String(
        metadata={
            "description": "What it does to the probability of the core target, compared with the baseline. Only "
            "shipped scenarios have it."
        }
    )


def shipped_body(name: str) -> dict[str, Any] | None:
    """A shipped scenario, as an analyst would send it; None if its levers differ by ally."""
    if name not in library():
        return None
    body: dict[str, Any] = ScenarioSchema().dump(library()[name])
    return body


class ScenarioItemSchema(Schema):
    kind = fields.String(
        required=True,
        validate=validate.OneOf(["shipped", "kept"]),
        metadata={"description": "shipped with the service, or saved by an analyst (kept)."},
    )
    id = fields.String(required=True, metadata={"description": "Its name or id in requests.", "example": "baseline"})
    name = fields.String(required=True, metadata={"description": "Its name.", "example": "baseline"})
    description = fields.String(required=True, metadata={"description": "What it assumes."})
    direction = _direction()
    version = fields.Integer(
        metadata={"description": "Number of the current version. Only saved scenarios have this and what follows."}
    )
    public = fields.Boolean(metadata={"description": "Whether everyone may read it."})
    based_on = fields.String(allow_none=True, metadata={"description": "The scenario it derives from, or null."})
    created_at = fields.AwareDateTime(metadata={"description": "When it was created (UTC)."})
    updated_at = fields.AwareDateTime(metadata={"description": "When the version was written (UTC)."})

    @pre_dump
    def _compose(self, item: ScenarioRow | NamedScenario, **_: Any) -> dict[str, Any]:
        if isinstance(item, NamedScenario):
            return _shipped(item)
        names = ("id", "name", "description", "public", "based_on", "created_at", "updated_at")
        return {"kind": "kept", "version": item.current_version} | {name: getattr(item, name) for name in names}


class ScenarioListSchema(ListSchema):
    items = fields.List(
        fields.Nested(ScenarioItemSchema),
        required=True,
        metadata={"description": "The shipped ones first, then the saved ones, latest first."},
    )


class StoredLeverField(LeverField):
    """A lever as it was saved."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class SavedScenarioSchema(ScenarioSchema):
    class Meta:
        exclude = ("json_schema",)

    kind = fields.String(required=True, metadata={"description": "Always kept."})
    id = fields.String(required=True, metadata={"description": "Its id."})
    version = fields.Integer(required=True, metadata={"description": "Number of this version, from 1."})
    name = fields.String(required=True, metadata={"description": "Its name."})
    description = fields.String(required=True, metadata={"description": "In words."})
    levers = BoundedList(
        StoredLeverField(),
        required=True,
        most=MAX_LEVERS,
        what="levers",
        metadata={"description": f"As they were sent, at most {MAX_LEVERS}."},
    )
    public = fields.Boolean(required=True, metadata={"description": "Whether everyone may read it."})
    mine = fields.Boolean(required=True, metadata={"description": "Whether it is the caller's own."})
    based_on = fields.String(
        required=True, allow_none=True, metadata={"description": "The scenario it derives from, or null."}
    )
    model_version = fields.String(
        required=True, metadata={"description": "Version of the statistics it was written for."}
    )
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures it was written for."})
    created_at = fields.AwareDateTime(required=True, metadata={"description": "When the scenario was created (UTC)."})
    updated_at = fields.AwareDateTime(required=True, metadata={"description": "When this version was written (UTC)."})

    @pre_dump
    def _compose(self, version: ScenarioVersion, **_: Any) -> dict[str, Any]:
        names = (
            *("id", "version", "public", "mine", "based_on", "model_version", "vintage"),
            *("created_at", "updated_at"),
        )
        return version.body | {"kind": "kept"} | {name: getattr(version, name) for name in names}

    @post_dump
    def _leave_out(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data  # including nulls


class AnyScenarioSchema(SavedScenarioSchema):
    """The current version of a saved scenario, or a shipped one, without levers if these differ by ally."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(["shipped", "kept"]),
        metadata={"description": "shipped with the service, or saved by an analyst (kept): all fields but direction."},
    )
    direction = _direction()

    def on_bind_field(self, name: str, field: fields.Field[Any]) -> None:
        """Require only the fields that a shipped scenario has."""
        field.required = name in {"kind", "id", "name", "description"}

    @pre_dump
    def _compose(self, item: ScenarioVersion | NamedScenario, **kwargs: Any) -> dict[str, Any]:
        if isinstance(item, NamedScenario):
            return (shipped_body(item.name) or {}) | _shipped(item)
        return super()._compose(item, **kwargs)


class VersionListSchema(ListSchema):
    items = fields.List(
        fields.Nested(SavedScenarioSchema), required=True, metadata={"description": "The latest first."}
    )


class PatchOperationSchema(Schema):
    """An operation of a JSON Patch."""

    op = fields.String(
        required=True,
        validate=validate.OneOf(["add", "remove", "replace"]),
        metadata={"description": "What it does at the path."},
    )
    path = fields.String(
        required=True, metadata={"description": "JSON Pointer to the place.", "example": "/levers/0/share_pct"}
    )
    before = fields.Raw(
        allow_none=True, metadata={"description": "What stood there: a part of the scenario. Not for add."}
    )
    value = fields.Raw(
        allow_none=True, metadata={"description": "What stands there then: a part of the scenario. Not for remove."}
    )


class VersionDiffSchema(Schema):
    """The difference of two versions of a saved scenario."""

    id = fields.String(required=True, metadata={"description": "Its id."})
    before = fields.Integer(required=True, metadata={"description": "Number of the first version."})
    after = fields.Integer(required=True, metadata={"description": "Number of the second."})
    patch = fields.List(
        fields.Nested(PatchOperationSchema),
        required=True,
        metadata={
            "description": "A JSON Patch (RFC 6902): applied in order to the first version, it gives the second but "
            "for version and updated_at. Empty if both say the same. Levers are compared field by field."
        },
    )


class _QuestionSchema(ForecastQuerySchema):
    class Meta:
        exclude = ("scenario",)

    country = country_in(required=True)


class VersionQuerySchema(_QuestionSchema):
    class Meta:
        exclude = ("scenario", "vintage")

    answer = id_in()  # the path has an id already
    model = fields.String(
        load_default="pinned",
        validate=validate.OneOf(["pinned", "latest"], error="must be one of {choices}"),
        metadata={"description": "The model and figures it was written for (pinned) or today's; pinned if absent."},
    )


class CompareQuerySchema(_QuestionSchema):
    ids = DelimitedList(
        fields.String(validate=known_form),
        required=True,
        validate=validate.Length(min=2, max=10, error="must be {min} to {max} scenarios, with commas between"),
        metadata={
            "description": "Two to ten scenarios, separated by commas: names of shipped ones, ids of saved ones.",
            "example": ["baseline", "stall"],
        },
    )


class ComparedSchema(Schema):
    id = fields.String(required=True, metadata={"description": "Name or id, as in the request."})
    forecast = fields.Dict(required=True, metadata={"description": "The forecast under it."})
    difference = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "Each probability, path and amount of money, minus the first scenario's."},
    )


class ComparisonSchema(Schema):
    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    items = fields.List(
        fields.Nested(ComparedSchema), required=True, metadata={"description": "In the order of the request."}
    )
