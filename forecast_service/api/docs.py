"""The contract, and the documentation page: Swagger UI, its files served from the flask-swagger-ui package."""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, Flask, Response, render_template, send_from_directory

from forecast_service.http.answers import answers
from forecast_service.openapi.spec import contract_text

blp = Blueprint("docs", __name__, static_folder="static", static_url_path="/static", template_folder="templates")

_ASSETS = str(resources.files("flask_swagger_ui") / "dist")


@blp.get("/docs")
def page() -> str:
    """The documentation page; its links are relative, so it works under a gateway's prefix."""
    return render_template("docs.html")


@blp.get("/docs/assets/<name>")
def assets(name: str) -> Response:
    """The files of Swagger UI."""
    return send_from_directory(_ASSETS, name)


def serve_contract(app: Flask) -> None:
    """Serve the contract of ``app`` at ``/openapi.json``; the first request makes it."""
    text: list[str] = []

    @app.get("/openapi.json")
    @answers()
    def openapi_json() -> Response:
        if not text:
            text.append(contract_text(app))
        return Response(text[0], mimetype="application/json")
