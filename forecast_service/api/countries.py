"""Routes for countries and their figures."""

from __future__ import annotations

from typing import Any

from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.countries import (
    CountryDetailSchema,
    CountryListSchema,
    HistoryQuerySchema,
    HistorySchema,
)
from forecast_service.schemas.fields import COUNTRY
from forecast_service.services import countries, tables

blp = Blueprint("countries", __name__, url_prefix="/v1/countries", description="Allies and their figures.")

CODE = {"description": COUNTRY, "example": "DEU"}

CONVERTERS = negotiation.CONVERTERS


@blp.get("")
@answers()
@blp.problems(406)
@blp.response(200, CountryListSchema)
def list_countries() -> dict[str, Any]:
    """List all allies with their stance and latest figure"""
    return {"items": countries.listed(), "next": None}


@blp.get("/<code>", parameters=[{"in": "path", "name": "code", **CODE}])
@answers()
@blp.problems(406)
@blp.response(200, CountryDetailSchema)
@blp.problems(404)
def get_country(code: str) -> dict[str, Any]:
    """Get one ally with its pledges"""
    return countries.one(code)


@blp.get(
    "/<code>/history.<table:format>",
    parameters=[{"in": "path", "name": "code", **CODE}, negotiation.TABLE_FORMAT],
    endpoint="get_history_table",
)
@blp.get("/<code>/history", parameters=[{"in": "path", "name": "code", **CODE}])
@answers(tables.history)
@blp.problems(406)
@blp.arguments(HistoryQuerySchema, location="query")
@blp.response(200, HistorySchema)
@blp.problems(404)
def get_history(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Get the past figures of one ally"""
    return countries.history(code, query.get("vintage"))
