"""Routes for the track record."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.charts import ChartOptionsSchema
from forecast_service.schemas.track_record import TrackRecordSchema
from forecast_service.services import charts, track_record

blp = Blueprint("track-record", __name__, url_prefix="/v1/track-record", description="How good past forecasts were.")


@blp.get("")
@answers(bookmark=False)
@blp.problems(406)
@blp.response(200, TrackRecordSchema)
def get_track_record() -> dict[str, Any]:
    """Get the scores of past forecasts: made anew at every origin since 1999, and frozen at releases"""
    return track_record.read()


@blp.get("/reliability.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.reliability)
@blp.problems(503)
@blp.arguments(ChartOptionsSchema, location="query")
@blp.response(200)
def get_reliability_chart(_options: dict[str, Any]) -> Response:
    """Draw the reliability curve: how often events happened, by their forecast probability"""
    return jsonify(TrackRecordSchema().dump(track_record.backtest()))
