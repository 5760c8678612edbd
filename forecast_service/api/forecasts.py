"""Routes for forecasts."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for

from forecast_service.api.countries import CODE
from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.charts import (
    CardOptionsSchema,
    CardQuerySchema,
    ComponentChartOptionsSchema,
    FanOptionsSchema,
    FanQuerySchema,
    ForecastOfQuestionSchema,
    WaterfallQuerySchema,
)
from forecast_service.schemas.forecast_request import ForecastRequestSchema
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.services import charts, citation, forecasts, tables
from forecast_service.services.forecasts import Asked
from models.dataset.countries import OWN_SERIES
from models.forecast.result import Forecast

blp = Blueprint("forecasts", __name__, url_prefix="/v1", description="Probabilities of meeting the targets.")


def answer(asked: Asked[Forecast]) -> dict[str, Any]:
    """Compute the forecast; the input of :class:`ForecastSchema`."""
    return answered(asked, asked.answer())


def answered(asked: Asked[Forecast], forecast: Forecast) -> dict[str, Any]:
    """The input of :class:`ForecastSchema`: the forecast, its links and how to cite it."""
    code, links = forecast.ally.code, {}
    if code != OWN_SERIES.code:
        links["country"] = url_for("countries.get_country", code=code)
        links["history"] = url_for("countries.get_history", code=code, vintage=forecast.vintage)
    return {"forecast": forecast, "links": links, "cite": citation.of_forecast(asked)}


def _document(**question: Any) -> Response:
    """The document that a chart is drawn from."""
    return jsonify(ForecastSchema().dump(answer(forecasts.ask(**question))))


@blp.get(
    "/countries/<code>/forecast.<table_or_chart:format>",
    parameters=[{"in": "path", "name": "code", **CODE}, negotiation.TABLE_OR_CHART_FORMAT],
    endpoint="get_forecast_table",
)
@blp.get("/countries/<code>/forecast", parameters=[{"in": "path", "name": "code", **CODE}])
@answers(tables.forecast, charts.fan)
@blp.problems(406, 503)
@blp.arguments(FanQuerySchema, location="query")
@blp.response(200, ForecastSchema)
@blp.problems(404, 410)
def get_forecast(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Get the forecast of one ally, under a shipped or saved scenario"""
    return answer(forecasts.ask(country=code, **query))


@blp.post("/forecasts")
@answers(tables.forecast, charts.fan)
@blp.problems(406)
@blp.arguments(FanOptionsSchema, location="query")
@blp.arguments(ForecastRequestSchema)
@blp.response(200, ForecastSchema)
@blp.problems(400, 413, 415, 503)
def post_forecast(_options: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Get the forecast of one ally, under any scenario"""
    return answer(forecasts.ask(**body))


@blp.get("/forecasts")
@answers(tables.forecast, charts.fan, bookmark=False)
@blp.problems(406)
@blp.arguments(ForecastOfQuestionSchema, location="query")
@blp.response(200, ForecastSchema)
@blp.problems(400, 410, 503)
def get_question_forecast(question: dict[str, Any]) -> dict[str, Any]:
    """Get the answer of POST /v1/forecasts to a question in the address, so that any answer has an address"""
    return answer(forecasts.ask(**question))


@blp.get(
    "/countries/<code>/card.<chart:format>",
    parameters=[{"in": "path", "name": "code", **CODE}, negotiation.CHART_FORMAT],
)
@answers(draw=charts.card)
@blp.problems(503)
@blp.arguments(CardQuerySchema, location="query")
@blp.response(200)
@blp.problems(404)
def get_card(query: dict[str, Any], code: str) -> Response:
    """Draw one ally's probability as a card, 1200 x 630 pixels, for previews of links"""
    return _document(country=code, **query)


@blp.post("/forecasts/card.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.card)
@blp.arguments(CardOptionsSchema, location="query")
@blp.arguments(ForecastRequestSchema)
@blp.response(200)
@blp.problems(400, 413, 415, 503)
def post_card(_options: dict[str, Any], body: dict[str, Any]) -> Response:
    """Draw the probability under any scenario as a card, 1200 x 630 pixels"""
    return _document(**body)


@blp.get(
    "/countries/<code>/waterfall.<chart:format>",
    parameters=[{"in": "path", "name": "code", **CODE}, negotiation.CHART_FORMAT],
)
@answers(draw=charts.waterfall)
@blp.problems(503)
@blp.arguments(WaterfallQuerySchema, location="query")
@blp.response(200)
@blp.problems(404)
def get_waterfall_chart(query: dict[str, Any], code: str) -> Response:
    """Draw how each lever of a shipped or saved scenario changes the probability"""
    return _document(country=code, **query)


@blp.post("/forecasts/waterfall.<chart:format>", parameters=[negotiation.CHART_FORMAT])
@answers(draw=charts.waterfall)
@blp.arguments(ComponentChartOptionsSchema, location="query")
@blp.arguments(ForecastRequestSchema)
@blp.response(200)
@blp.problems(400, 413, 415, 503)
def post_waterfall_chart(_options: dict[str, Any], body: dict[str, Any]) -> Response:
    """Draw how each lever of any scenario changes the probability"""
    return _document(**body)
