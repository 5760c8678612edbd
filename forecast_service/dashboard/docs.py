"""The documentation of the API at ``/docs``, and the contract that it is made from.

The page is HTML that the server makes: complete without JavaScript, in the colours of all other pages, and readable by
everyone. Documentation pages that a script makes in the browser weigh 1 to 4 MB and are not.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Flask, Response, current_app, json, request

from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages import reference
from forecast_service.dashboard.rendering import page
from forecast_service.http.answers import answers
from forecast_service.openapi.spec import contract_text

blp = Blueprint("docs", __name__)

TEXT, REFERENCE = "forecast-contract-text", "forecast-reference"


def text_of_contract() -> str:
    """The text of the contract; the first request makes it."""
    made = current_app.extensions
    if TEXT not in made:
        made[TEXT] = contract_text(current_app._get_current_object())  # type: ignore[attr-defined]
    return str(made[TEXT])


def _reference() -> dict[str, Any]:
    made = current_app.extensions
    if REFERENCE not in made:
        made[REFERENCE] = reference.of(json.loads(text_of_contract()))
    found: dict[str, Any] = made[REFERENCE]
    return found


@blp.after_request
def _validate(response: Response) -> Response:
    """Save the transfer to a client that has the page already."""
    if response.status_code == 200 and not response.is_streamed:
        response.headers["Cache-Control"] = "private, no-cache"
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
        response.make_conditional(request)
    return response


@blp.get("/docs", endpoint="page")
@page("docs", numbers=False)
def docs(_state: State) -> dict[str, Any]:
    """All operations and schemas of the contract."""
    return _reference()


def serve_contract(app: Flask) -> None:
    """Serve the contract of ``app`` at ``/openapi.json``."""

    @app.get("/openapi.json")
    @answers()
    def openapi_json() -> Response:
        return Response(text_of_contract(), mimetype="application/json")
