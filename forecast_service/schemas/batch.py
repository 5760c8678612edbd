"""Many forecasts at once: the questions, and the answers."""

from __future__ import annotations

from marshmallow import Schema, fields

from forecast_service.schemas.fields import BoundedList
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.schemas.operations import ProblemSchema

MAX_ITEMS = 100


class BatchRequestSchema(Schema):
    """Questions, each of the form that ``POST /v1/forecasts`` takes."""

    items = BoundedList(
        fields.Dict(
            keys=fields.String(),
            metadata={
                "description": "A question as POST /v1/forecasts takes it; what is wrong with it is said in its place."
            },
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
    """The answer to one question."""

    status = fields.Integer(required=True, metadata={"description": "The status it would have had alone."})
    forecast = fields.Nested(
        ForecastSchema, required=True, allow_none=True, metadata={"description": "Null where there is a problem."}
    )
    problem = fields.Nested(
        ProblemSchema, required=True, allow_none=True, metadata={"description": "Null where there is a forecast."}
    )


class BatchAnswerSchema(Schema):
    """The answers, in the order of the questions."""

    items = fields.List(fields.Nested(BatchItemSchema), required=True, metadata={"description": "One a question."})
