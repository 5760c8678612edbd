"""Route for requirements."""

from __future__ import annotations

from typing import Any

from flask import url_for

from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.requirements import RequirementRequestSchema, RequirementSchema
from forecast_service.services import forecasts

blp = Blueprint("requirements", __name__, url_prefix="/v1", description="What it takes to meet a target.")


@blp.post("/requirements")
@blp.arguments(RequirementRequestSchema)
@blp.response(200, RequirementSchema)
@blp.problems(400, 413, 415)
def post_requirement(body: dict[str, Any]) -> dict[str, Any]:
    """Get the extra growth of spending, and the money, that reach a wanted probability"""
    answer = forecasts.requirement(**body)
    return {"requirement": answer, "links": {"forecast": url_for("forecasts.get_forecast", code=answer.ally.code)}}
