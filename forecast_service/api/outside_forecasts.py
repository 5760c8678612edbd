"""Routes for what others expect."""

from __future__ import annotations

from typing import Any

from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.outside_forecasts import OutsideForecastsQuerySchema, OutsideForecastsSchema
from forecast_service.services import tables, track_record

blp = Blueprint(
    "outside-forecasts",
    __name__,
    url_prefix="/v1",
    description="What others expect of core spending, with ours beside it.",
)


@blp.get(
    "/outside-forecasts.<table:format>", parameters=[negotiation.TABLE_FORMAT], endpoint="get_outside_forecasts_table"
)
@blp.get("/outside-forecasts")
@answers(tables.outside_forecasts, bookmark=False)
@blp.problems(406)
@blp.arguments(OutsideForecastsQuerySchema, location="query")
@blp.response(200, OutsideForecastsSchema)
def get_outside_forecasts(query: dict[str, Any]) -> dict[str, Any]:
    """Get what others expect, with our forecast beside each, both scored where the figure is known"""
    return track_record.outside_forecasts(**query)
