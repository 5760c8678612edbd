"""The routes: one blueprint a resource. A view asks the engine and returns; its decorators are the contract."""

from __future__ import annotations

from flask_smorest import Api


def register(api: Api) -> None:
    """Register every blueprint."""
    from forecast_service.api import countries, docs, forecasts, operations, scenarios

    for module in (countries, forecasts, scenarios, operations):
        api.register_blueprint(module.blp)
    api._app.register_blueprint(docs.blp)
