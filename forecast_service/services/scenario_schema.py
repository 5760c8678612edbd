"""The JSON Schema of a scenario document, at its address."""

from __future__ import annotations

from flask import Response, current_app, json

from forecast_service.forecasting.registry import forecasters
from forecast_service.http import documents
from forecast_service.http.addresses import absolute
from forecast_service.http.answers import FRESH
from forecast_service.media_types import SCHEMA_TYPE
from forecast_service.openapi import scenario_schema

_MADE = "forecast-scenario-schema"


def answer() -> Response:
    """The schema, whose ``$id`` is the address of this service. Pages of every origin may read it: it is public."""
    made = current_app.extensions
    if _MADE not in made:
        made[_MADE] = scenario_schema.schema(current_app._get_current_object())  # type: ignore[attr-defined]
    address = absolute("documents.get_scenario_schema", forecasters().settings.public_address)
    text = json.dumps(made[_MADE] | {"$id": address}, ensure_ascii=False)
    response = documents.send(text.encode(), SCHEMA_TYPE, f"public, {current_app.config[FRESH]}")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
