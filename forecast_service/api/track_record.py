"""Routes for the track record."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.charts import ChartOptionsSchema
from forecast_service.schemas.track_record import (
    FrozenForecastSchema,
    FrozenQuerySchema,
    PastForecastsQuerySchema,
    PastForecastsSchema,
    TrackRecordSchema,
)
from forecast_service.services import charts, tables, track_record

blp = Blueprint("track-record", __name__, url_prefix="/v1/track-record", description="How good past forecasts were.")

NAME = {
    "in": "path",
    "name": "name",
    "description": "Its file's name without .json.",
    "example": "2026-11-26-nato-2026-m3",
}


@blp.get("")
@answers(bookmark=False)
@blp.problems(406)
@blp.response(200, TrackRecordSchema)
def get_track_record() -> dict[str, Any]:
    """Get the scores of past forecasts: made anew at every origin since 1999, and frozen at releases"""
    return track_record.read()


@blp.get("/forecasts.<table:format>", parameters=[negotiation.TABLE_FORMAT], endpoint="get_past_forecasts_table")
@blp.get("/forecasts")
@answers(tables.past_forecasts, bookmark=False)
@blp.problems(406)
@blp.arguments(PastForecastsQuerySchema, location="query")
@blp.response(200, PastForecastsSchema)
def get_past_forecasts(query: dict[str, Any]) -> dict[str, Any]:
    """Get what would have been said at every origin since 1999, beside what came"""
    return track_record.forecasts(**query)


@blp.get("/frozen/<name>.<table:format>", parameters=[NAME, negotiation.TABLE_FORMAT], endpoint="get_frozen_table")
@blp.get("/frozen/<name>", parameters=[NAME])
@answers(tables.past_forecasts, bookmark=False)
@blp.problems(406)
@blp.arguments(FrozenQuerySchema, location="query")
@blp.response(200, FrozenForecastSchema)
@blp.problems(404)
def get_frozen(query: dict[str, Any], name: str) -> dict[str, Any]:
    """Get a frozen forecast beside what came"""
    return track_record.frozen_forecast(name, **query)


@blp.get("/reliability.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.reliability)
@blp.problems(503)
@blp.arguments(ChartOptionsSchema, location="query")
@blp.response(200)
def get_reliability_chart(_options: dict[str, Any]) -> Response:
    """Draw the reliability curve: how often events happened, by their forecast probability"""
    return jsonify(TrackRecordSchema().dump(track_record.backtest()))
