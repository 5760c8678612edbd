"""Routes for sensitivity."""

from __future__ import annotations

from typing import Any

from forecast_service.api.countries import CODE
from forecast_service.http import negotiation
from forecast_service.http.answers import answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.charts import ChartOptionsSchema, SensitivityOfQuestionSchema, SensitivityQuerySchema
from forecast_service.schemas.sensitivity import SensitivityRequestSchema, SensitivitySchema
from forecast_service.services import charts, citation, forecasts
from forecast_service.services.forecasts import Asked
from models.analysis.sensitivity import Sensitivity

blp = Blueprint("sensitivity", __name__, url_prefix="/v1", description="Assumptions that move a probability most.")


@blp.get(
    "/countries/<code>/sensitivity.<chart:format>",
    parameters=[{"in": "path", "name": "code", **CODE}, negotiation.CHART_FORMAT],
    endpoint="get_sensitivity_chart",
)
@blp.get("/countries/<code>/sensitivity", parameters=[{"in": "path", "name": "code", **CODE}])
@answers(draw=charts.tornado)
@blp.problems(406, 503)
@blp.arguments(SensitivityQuerySchema, location="query")
@blp.response(200, SensitivitySchema)
@blp.problems(404)
def get_sensitivity(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Get the assumptions that move one ally's probability most, under a shipped or saved scenario"""
    return _answer(forecasts.sensitivity(country=code, **query))


@blp.post("/sensitivity.<chart:format>", parameters=[negotiation.CHART_FORMAT], endpoint="post_sensitivity_chart")
@blp.post("/sensitivity")
@answers(draw=charts.tornado)
@blp.problems(406)
@blp.arguments(ChartOptionsSchema, location="query")
@blp.arguments(SensitivityRequestSchema)
@blp.response(200, SensitivitySchema)
@blp.problems(400, 413, 415, 503)
def post_sensitivity(_options: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Get the assumptions that move one ally's probability most, under any scenario"""
    return _answer(forecasts.sensitivity(**body))


@blp.get("/sensitivity")
@answers(draw=charts.tornado, bookmark=False)
@blp.problems(406)
@blp.arguments(SensitivityOfQuestionSchema, location="query")
@blp.response(200, SensitivitySchema)
@blp.problems(400, 410, 503)
def get_question_sensitivity(question: dict[str, Any]) -> dict[str, Any]:
    """Get the answer of POST /v1/sensitivity to a question in the address"""
    return _answer(forecasts.sensitivity(**question))


def _answer(asked: Asked[Sensitivity]) -> dict[str, Any]:
    answer = asked.answer()
    return vars(answer) | {"cite": citation.of_sensitivity(asked)}
