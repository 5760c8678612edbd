"""Route for many forecasts at once."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, json
from marshmallow import ValidationError
from webargs.flaskparser import abort

from forecast_service.api.forecasts import answer
from forecast_service.http.blueprint import Blueprint
from forecast_service.http.parsing import remember
from forecast_service.schemas.batch import BatchAnswerSchema, BatchRequestSchema
from forecast_service.schemas.forecast_request import ForecastRequestSchema
from forecast_service.schemas.requests import shared
from forecast_service.services import admission, forecasts
from forecast_service.services.forecasts import Asked
from models.forecast.result import Forecast

blp = Blueprint("batch", __name__, url_prefix="/v1/forecasts/batch", description="Many forecasts in one request.")


@blp.post("")
@blp.arguments(BatchRequestSchema)
@blp.response(200, BatchAnswerSchema)
@blp.problems(400, 413, 415, 503)
def post_batch(body: dict[str, Any]) -> dict[str, Any]:
    """Get many forecasts; an item that fails has a problem in its place"""
    asked = [_asked(question, index) for index, question in enumerate(body["items"])]
    with admission.admitted(sum(item.price for item in asked if isinstance(item, Asked))):
        return {"items": [_item(*pair, index) for index, pair in enumerate(zip(asked, body["items"], strict=True))]}


def _asked(question: dict[str, Any], index: int) -> Asked[Forecast] | dict[str, Any]:
    """The question of one item with its price, or its problem."""
    try:
        return forecasts.ask(**_read(question))
    except Exception as error:  # noqa: BLE001  one item's failure must not fail the others
        return _problem(error, index)


def _item(asked: Asked[Forecast] | dict[str, Any], question: dict[str, Any], index: int) -> dict[str, Any]:
    """The forecast of one item, or its problem with pointers into the batch."""
    if not isinstance(asked, Asked):
        return asked
    remember(question)
    try:
        forecast = answer(asked)
    except Exception as error:  # noqa: BLE001  one item's failure must not fail the others
        return _problem(error, index)
    return {"status": 200, "forecast": forecast, "problem": None}


def _read(question: dict[str, Any]) -> dict[str, Any]:
    remember(question)
    try:
        read: dict[str, Any] = shared(ForecastRequestSchema).load(question)
    except ValidationError as error:
        abort(422, messages={"json": error.messages})
    return read


def _problem(error: Exception, index: int) -> dict[str, Any]:
    response: Response = current_app.make_response(current_app.handle_user_exception(error))
    problem = json.loads(response.get_data())
    for item in problem.get("errors", ()):
        if "pointer" in item:
            item["pointer"] = f"/items/{index}{item['pointer']}"
    return {"status": response.status_code, "forecast": None, "problem": problem}
