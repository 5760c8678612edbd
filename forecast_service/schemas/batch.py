"""Many forecasts at once: requests and answers."""

from __future__ import annotations

from marshmallow import Schema, fields

from forecast_service.schemas.fields import BoundedList
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.schemas.operations import ProblemSchema
from forecast_service.schemas.requests import RequestSchema

MAX_ITEMS = 100


class BatchRequestSchema(RequestSchema):
    items = BoundedList(
        fields.Dict(
            keys=fields.String(),
            metadata={"description": "A body as for POST /v1/forecasts; an invalid one is answered with a problem."},
        ),
        required=True,
        least=1,
        most=MAX_ITEMS,
        what="questions",
        metadata={
            "description": f"At most {MAX_ITEMS} questions.",
            "example": [{"country": "DEU"}, {"country": "FRA", "scenario": "pledge"}],
        },
    )


class BatchItemSchema(Schema):
    status = fields.Integer(required=True, metadata={"description": "The HTTP status that the request alone has."})
    forecast = fields.Nested(
        ForecastSchema, required=True, allow_none=True, metadata={"description": "Null where there is a problem."}
    )
    problem = fields.Nested(
        ProblemSchema, required=True, allow_none=True, metadata={"description": "Null where there is a forecast."}
    )


class BatchAnswerSchema(Schema):
    items = fields.List(
        fields.Nested(BatchItemSchema), required=True, metadata={"description": "In the order of the questions."}
    )
