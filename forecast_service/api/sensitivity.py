"""Sensitivity."""

from __future__ import annotations

from typing import Any

from forecast_service.engine import engine
from forecast_service.openapi import Blueprint
from forecast_service.resolving import resolve
from forecast_service.schemas.sensitivity import SensitivityRequestSchema, SensitivitySchema
from models.sensitivity import Sensitivity, sensitivity

blp = Blueprint("sensitivity", __name__, url_prefix="/v1/sensitivity", description="What moves a probability most.")


@blp.post("")
@blp.arguments(SensitivityRequestSchema)
@blp.response(200, SensitivitySchema)
@blp.alt_response(400, "BAD_REQUEST")
@blp.alt_response(413, "CONTENT_TOO_LARGE")
@blp.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
def post_sensitivity(body: dict[str, Any]) -> Sensitivity:
    """Every assumption moved a little down and up, one at a time: which matters most?"""
    body["scenario"] = resolve(body.get("scenario", "baseline"))
    return sensitivity(engine().forecaster(body.pop("vintage", None)), **body)
