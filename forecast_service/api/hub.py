"""Routes for forecasts as forecast hubs take them."""

from __future__ import annotations

from typing import Any

from forecast_service.http import negotiation
from forecast_service.http.answers import TableAnswer, answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.hub import ModelOutputQuerySchema
from forecast_service.services import hub

blp = Blueprint("hub", __name__, url_prefix="/v1/hub", description="Forecasts in the form of the hubverse.")


@blp.get("/model-output.<table:format>", parameters=[negotiation.ONLY_TABLE_FORMAT], endpoint="get_model_output_table")
@blp.get("/model-output")
@answers(only_table=True)
@blp.problems(406, 503)
@blp.arguments(ModelOutputQuerySchema, location="query")
@blp.response(200)
def get_model_output(query: dict[str, Any]) -> TableAnswer:
    """Get the forecast of all allies as a forecast hub takes it: quantiles, cdf, samples, mean and median"""
    return TableAnswer(*hub.model_output(**query))
