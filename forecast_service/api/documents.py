"""Routes for JSON Schemas of documents that analysts write."""

from __future__ import annotations

from flask import Response

from forecast_service.http.blueprint import Blueprint
from forecast_service.media_types import SCHEMA_TYPE
from forecast_service.services import scenario_schema

blp = Blueprint("documents", __name__, url_prefix="/v1/schemas", description="Schemas of documents, for editors.")


@blp.get("/scenario.json")
@blp.response(200, {"type": "object"}, content_type=SCHEMA_TYPE)
def get_scenario_schema() -> Response:
    """Get the JSON Schema (2020-12) of a scenario document, by which editors complete and check it"""
    return scenario_schema.answer()
