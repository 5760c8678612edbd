"""Routes for all allies together."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for

from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.alliance import AllianceForecastSchema, AllianceTableQuerySchema
from forecast_service.schemas.charts import AllianceCardQuerySchema, AllianceChartQuerySchema, RankingQuerySchema
from forecast_service.services import charts, citation, forecasts, tables

blp = Blueprint("alliance", __name__, url_prefix="/v1/alliance", description="All allies together.")


def _answer(query: dict[str, Any]) -> dict[str, Any]:
    links = {"countries": url_for("countries.list_countries"), "scenarios": url_for("scenarios.list_scenarios")}
    forecast = forecasts.alliance(**query)
    return {"forecast": forecast, "links": links, "cite": citation.of_alliance(forecast, query)}


def _document(query: dict[str, Any]) -> Response:
    """The document that a chart is drawn from."""
    return jsonify(AllianceForecastSchema().dump(_answer(query)))


@blp.get("/forecast.<table:format>", parameters=[negotiation.TABLE_FORMAT], endpoint="get_alliance_table")
@blp.get("/forecast")
@answers(tables.alliance)
@blp.problems(406, 503)
@blp.arguments(AllianceTableQuerySchema, location="query")
@blp.response(200, AllianceForecastSchema)
@blp.problems(410)
def get_alliance_forecast(query: dict[str, Any]) -> dict[str, Any]:
    """Get the forecast of all allies: how many meet the targets, their spending and how they share it"""
    return _answer(query)


@blp.get("/card.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.card)
@blp.problems(503)
@blp.arguments(AllianceCardQuerySchema, location="query")
@blp.response(200)
def get_alliance_card(query: dict[str, Any]) -> Response:
    """Draw how many allies meet a target as a card, 1200 x 630 pixels, for previews of links"""
    return _document(query)


@blp.get("/ranking.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.ranking)
@blp.problems(503)
@blp.arguments(RankingQuerySchema, location="query")
@blp.response(200)
def get_ranking_chart(query: dict[str, Any]) -> Response:
    """Draw the allies by rank, with a dot and an interval for each"""
    return _document(query)


@blp.get("/heatmap.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.heatmap)
@blp.problems(503)
@blp.arguments(AllianceChartQuerySchema, location="query")
@blp.response(200)
def get_heatmap_chart(query: dict[str, Any]) -> Response:
    """Draw the probability of each ally being at the threshold in each year"""
    return _document(query)


@blp.get("/count.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.count)
@blp.problems(503)
@blp.arguments(AllianceChartQuerySchema, location="query")
@blp.response(200)
def get_count_chart(query: dict[str, Any]) -> Response:
    """Draw the distribution of the number of allies at the threshold in the deadline year"""
    return _document(query)
