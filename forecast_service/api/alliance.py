"""The alliance together."""

from __future__ import annotations

from typing import Any

from flask import url_for

from forecast_service import csv_answers, negotiation
from forecast_service.engine import engine
from forecast_service.http_cache import answers
from forecast_service.openapi import Blueprint
from forecast_service.resolving import resolve
from forecast_service.schemas.alliance import AllianceForecastSchema, AllianceQuerySchema
from models.alliance import alliance_forecast

blp = Blueprint("alliance", __name__, url_prefix="/v1/alliance", description="All allies together.")


@blp.get("/forecast.<form:form>", parameters=[negotiation.FORM], endpoint="get_alliance_table")
@blp.get("/forecast")
@answers(csv_answers.alliance)
@blp.alt_response(406, "NOT_ACCEPTABLE")
@blp.arguments(AllianceQuerySchema, location="query")
@blp.response(200, AllianceForecastSchema)
def get_alliance_forecast(query: dict[str, Any]) -> dict[str, Any]:
    """How many allies meet the targets, what they spend together, and who bears it"""
    query["scenario"] = resolve(query.get("scenario", "baseline"))
    forecaster = engine().forecaster(query.pop("vintage", None))
    links = {"countries": url_for("countries.list_countries"), "scenarios": url_for("scenarios.list_scenarios")}
    return {"forecast": alliance_forecast(forecaster, **query), "links": links}
