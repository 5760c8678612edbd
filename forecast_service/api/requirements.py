"""Route for requirements."""

from __future__ import annotations

from typing import Any

from flask import url_for

from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.requirements import RequirementQuerySchema, RequirementRequestSchema, RequirementSchema
from forecast_service.services import citation, forecasts
from forecast_service.services.forecasts import Asked
from models.analysis.requirements import Requirement

blp = Blueprint("requirements", __name__, url_prefix="/v1", description="What it takes to meet a target.")


@blp.post("/requirements")
@blp.arguments(RequirementRequestSchema)
@blp.response(200, RequirementSchema)
@blp.problems(400, 413, 415)
def post_requirement(body: dict[str, Any]) -> dict[str, Any]:
    """Get the extra growth of spending, and the money, that reach a wanted probability"""
    return _answer(forecasts.requirement(**body), body["probability"])


@blp.get("/requirements")
@blp.arguments(RequirementQuerySchema, location="query")
@blp.response(200, RequirementSchema)
@blp.problems(400, 410)
def get_question_requirement(question: dict[str, Any]) -> dict[str, Any]:
    """Get the answer of POST /v1/requirements to a question in the address"""
    return _answer(forecasts.requirement(**question), question["probability"])


def _answer(asked: Asked[Requirement], probability: float) -> dict[str, Any]:
    answer = asked.answer()
    links = {"forecast": url_for("forecasts.get_forecast", code=answer.ally.code)}
    return {"requirement": answer, "links": links, "cite": citation.of_requirement(asked, answer, probability)}
