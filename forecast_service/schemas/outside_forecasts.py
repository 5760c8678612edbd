"""What others expect, with ours beside it: request and answer."""

from __future__ import annotations

from marshmallow import Schema, fields

from forecast_service.schemas.countries import ListSchema
from forecast_service.schemas.fields import QueryBoolean, Rounded, country_in
from forecast_service.schemas.tables import TableQuerySchema
from forecast_service.schemas.track_record import OutsideViewSchema


class OutsideForecastsQuerySchema(TableQuerySchema):
    country = country_in(" Only views of this ally by itself; all, those of groups too, if absent.")
    resolved = QueryBoolean(
        metadata={"description": "true: only views whose figure is known; false: only the others; all if absent."}
    )


class OutsideSummarySchema(Schema):
    """Scores over the items of the answer."""

    views = fields.Integer(required=True, metadata={"description": "Number of items."})
    resolved = fields.Integer(required=True, metadata={"description": "Number of items whose figure is known."})
    scored = fields.Integer(
        required=True,
        metadata={"description": "Number of these that give a level and have a forecast of ours: both have an error."},
    )
    mean_abs_log_error = Rounded(
        4,
        required=True,
        allow_none=True,
        metadata={"description": "Mean of |log(outcome / level)| of scored views (log points); null if none is."},
    )
    our_mean_abs_log_error = Rounded(
        4,
        required=True,
        allow_none=True,
        metadata={"description": "Mean of |log(outcome / our median)| of the same (log points) or null."},
    )


class OutsideForecastsSchema(ListSchema):
    """What others expect of core spending, with our baseline's forecast beside each, as it was published."""

    vintage = fields.String(
        required=True,
        metadata={"description": "Vintage of the figures of outcomes and of ours, whichever is current."},
    )
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    summary = fields.Nested(OutsideSummarySchema, required=True, metadata={"description": "Scores over the items."})
    items = fields.List(
        fields.Nested(OutsideViewSchema), required=True, metadata={"description": "By statement, as recorded."}
    )
