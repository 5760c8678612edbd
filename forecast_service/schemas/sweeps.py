"""Sweeps: request, status and results."""

from __future__ import annotations

import math
from typing import Any

from flask import url_for
from marshmallow import Schema, ValidationError, fields, post_load, pre_dump, validate

from forecast_service.media_types import CSV, JSON, PARQUET
from forecast_service.schemas.countries import ListSchema
from forecast_service.schemas.fields import (
    BoundedList,
    QueryYear,
    probability_out,
    share_out,
    texts_out,
    vintage_in,
    year_in,
)
from forecast_service.schemas.forecast_request import TargetsSchema
from forecast_service.schemas.messages import unknown_country
from forecast_service.schemas.requests import RequestSchema
from forecast_service.schemas.scenarios import PageSchema
from forecast_service.schemas.sweep_axes import MAX_AXES, SweptScenarioField, nested
from forecast_service.store.sweeps import STATUSES
from forecast_service.store.tables import SweepRow
from models.analysis.sweep import MAX_EVALUATIONS, Axis, find_axes, public_document, read_document
from models.dataset.countries import UnknownCountry, allies, resolve
from models.scenarios.targets import Targets

ALL, GRID = "all", "grid"
RESULT_FORMS = (JSON, CSV, PARQUET)
MAX_TARGETS, MAX_ROWS = 10, 1000


class CountriesField(fields.Field[list[str]]):
    """Codes or names of allies, or "all"."""

    takes = f"must be 'all' or a list of 1 to {len(allies())} allies"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        every = list(allies())
        if value == ALL:
            return every
        if not isinstance(value, list) or not 1 <= len(value) <= len(every):
            raise ValidationError(self.takes)
        codes: dict[str, None] = {}
        for index, name in enumerate(value):
            if not isinstance(name, str):
                raise ValidationError({index: ["must be text"]})
            try:
                codes[resolve(name).code] = None
            except UnknownCountry as error:
                raise ValidationError({index: [unknown_country(error)]}) from None
        return list(codes)


class SamplingSchema(RequestSchema):
    """The points of the axes that are computed; grid is the only kind."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf([GRID], error="must be {choices}: a sweep is every combination of its axes' values"),
        metadata={"description": "Every combination of the axes' values (grid)."},
    )


class SweepRequestSchema(RequestSchema):
    """One scenario with many values, for many allies."""

    countries = CountriesField(
        required=True,
        metadata={
            "description": "Allies by code or name, or 'all'.",
            "oneOf": [
                {"type": "string", "enum": [ALL]},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": len(allies())},
            ],
            "example": ["DEU", "ESP"],
        },
    )
    scenario = SweptScenarioField(
        required=True,
        metadata={
            "description": "A scenario in which values of levers are axes: {'grid': [0, 0.5, 1]} or {'from': 0, "
            f"'to': 1, 'steps': 11}}. At most {MAX_AXES} axes.",
            "example": {
                "name": "half kept",
                "levers": [{"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"grid": [0, 0.5, 1]}}],
            },
        },
    )
    sampling = fields.Nested(SamplingSchema, metadata={"description": "The points to compute; a grid if absent."})
    targets = BoundedList(
        fields.Nested(TargetsSchema),
        least=1,
        most=MAX_TARGETS,
        what="targets",
        metadata={"description": f"One to {MAX_TARGETS} thresholds and deadlines; those of The Hague if absent."},
    )
    origin = year_in("Last year the forecast may know; the last of the figures if absent.")
    vintage = vintage_in("Vintage of the figures; the current one if absent.")

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        data.setdefault("sampling", {"kind": GRID})
        targets = dict.fromkeys(data.get("targets", [Targets()]))
        data["targets"] = [{"deadline": t.deadline, "core": t.core, "related": t.related} for t in targets]
        axes = [Axis.of(path, given) for path, given in find_axes(data["scenario"])]
        total = len(data["countries"]) * len(targets) * math.prod(len(axis.values) for axis in axes)
        if total > MAX_EVALUATIONS:
            detail = f"{total:,} evaluations (allies x targets x points); at most {MAX_EVALUATIONS:,} are possible"
            raise ValidationError(nested(("scenario", "levers"), [detail]))
        return data


class SweepListQuerySchema(PageSchema):
    status = fields.String(
        validate=validate.OneOf(STATUSES, error="must be one of {choices}"),
        metadata={"description": "Only sweeps with this status."},
    )


class SweepSchema(Schema):
    id = fields.String(required=True, metadata={"description": "Its id."})
    status = fields.String(required=True, validate=validate.OneOf(STATUSES), metadata={"description": "Its status."})
    progress = fields.Float(
        required=True, metadata={"description": "Fraction that is done.", "minimum": 0, "maximum": 1}
    )
    evaluations = fields.Integer(required=True, metadata={"description": "Allies x targets x points."})
    evaluations_done = fields.Integer(required=True, metadata={"description": "Number of evaluations done."})
    failure = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it failed; null if it did not."}
    )
    created_at = fields.AwareDateTime(required=True, metadata={"description": "When it was posted (UTC)."})
    started_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When its first chunk was started (UTC)."}
    )
    finished_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When it was done, was cancelled or failed (UTC)."}
    )
    request = fields.Dict(
        required=True,
        metadata={
            "description": "The request, with everything that determines the results: defaults, vintage, draws, seed.",
            "title": "Swept question",  # otherwise generators give it the name of the body of POST
        },
    )
    axes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The axes, by their paths in the scenario.", "example": ["levers/0/credibility"]},
    )
    links = texts_out("Related addresses.")

    @pre_dump
    def _compose(self, row: SweepRow, **_: Any) -> dict[str, Any]:
        names = (
            "id",
            "status",
            "evaluations",
            "evaluations_done",
            "failure",
            "created_at",
            "started_at",
            "finished_at",
        )
        links = {"self": "get_sweep", "results": "get_results", "cancel": "cancel_sweep"}
        body = {name: getattr(row, name) for name in names} | {
            "progress": row.evaluations_done / row.evaluations,
            "links": {name: url_for(f"sweeps.{view}", id=row.id) for name, view in links.items()},
        }
        if "request" in self.fields:
            request = public_document(read_document(row.document))
            body["request"] = request
            body["axes"] = ["/".join(map(str, path)) for path, _ in find_axes(request["scenario"])]
        return body


class SweepItemSchema(SweepSchema):
    """A sweep in a list, without its request, which may be long."""

    class Meta:
        exclude = ("request", "axes")


class SweepListSchema(ListSchema):
    items = fields.List(fields.Nested(SweepItemSchema), required=True, metadata={"description": "The latest first."})


class ResultsQuerySchema(PageSchema):
    limit = QueryYear(
        load_default=100,
        validate=validate.Range(min=1, max=MAX_ROWS, error="must be a whole number from {min} to {max}"),
        metadata={"description": f"Rows on a page of JSON, at most {MAX_ROWS}; 100 if absent."},
    )
    format = fields.String(
        validate=validate.OneOf(RESULT_FORMS, error="must be one of {choices}"),
        metadata={"description": "json (in pages), csv or parquet (all rows); by the header Accept if absent."},
    )


class SweptSchema(Schema):
    """The three probabilities of one component."""

    at_deadline = probability_out("The share is at the threshold in the deadline year.", required=True)
    by_deadline = probability_out("It is at the threshold in some year from the origin to the deadline.", required=True)
    held = probability_out(
        "Probability of staying at the threshold from the first crossing to the deadline.", required=True
    )


class SweepResultSchema(Schema):
    """One evaluation."""

    country = fields.String(required=True, metadata={"description": "ISO alpha-3 code.", "example": "DEU"})
    point = fields.Integer(required=True, metadata={"description": "Number of the point, from 0."})
    targets = fields.Dict(required=True, metadata={"description": "Deadline (year) and thresholds (% of GDP)."})
    values = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Axis to its value at this point."}
    )
    core = fields.Nested(SweptSchema, required=True, allow_none=True, metadata={"description": "Null for Iceland."})
    related = fields.Nested(SweptSchema, required=True, allow_none=True, metadata={"description": "Related spending."})
    total = fields.Nested(SweptSchema, required=True, allow_none=True, metadata={"description": "Null for Iceland."})
    core_median_pct = share_out("Median core share in the deadline year", required=True, allow_none=True)
    failure = fields.String(
        required=True, allow_none=True, metadata={"description": "Why there is no outcome; null if there is one."}
    )


class ResultsSchema(ListSchema):
    items = fields.List(
        fields.Nested(SweepResultSchema),
        required=True,
        metadata={"description": "By ally, targets and point; a row appears when all rows before it are done."},
    )
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The next page; while the sweep is not finished, where its next rows will be."},
    )
    status = fields.String(required=True, metadata={"description": "Status of the sweep when the rows were read."})
