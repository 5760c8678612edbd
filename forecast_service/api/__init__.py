"""The routes: one blueprint per resource. A view calls a service; its decorators make the contract."""

from __future__ import annotations

from flask_smorest import Api

from forecast_service.api import (
    alliance,
    batch,
    countries,
    feeds,
    forecasts,
    operations,
    requirements,
    scenarios,
    schemas,
    sensitivity,
    sweeps,
    track_record,
    vintages,
)

# In the order of the documentation.
RESOURCES = (
    countries,
    forecasts,
    batch,
    alliance,
    scenarios,
    schemas,
    sweeps,
    requirements,
    sensitivity,
    track_record,
    vintages,
    feeds,
    operations,
)


def register(api: Api) -> None:
    """Register every blueprint."""
    for module in RESOURCES:
        api._app.url_map.converters.update(getattr(module, "CONVERTERS", {}))
        api.register_blueprint(module.blp)
