"""The routes: one blueprint a resource. A view asks the engine and returns; its decorators are the contract."""

from __future__ import annotations

from flask_smorest import Api

from forecast_service.api import (
    alliance,
    countries,
    docs,
    forecasts,
    operations,
    requirements,
    scenarios,
    track_record,
)

# In the order of the documentation.
RESOURCES = (countries, forecasts, alliance, scenarios, requirements, track_record, operations)


def register(api: Api) -> None:
    """Register every blueprint."""
    for module in RESOURCES:
        api.register_blueprint(module.blp)
    api._app.register_blueprint(docs.blp)
