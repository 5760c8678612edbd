"""The routes: one blueprint per resource. A view calls a service; its decorators make the contract."""

from __future__ import annotations

from flask_smorest import Api

from forecast_service.api import (
    alliance,
    batch,
    countries,
    documents,
    feeds,
    forecasts,
    hub,
    operations,
    outside_forecasts,
    paths,
    requirements,
    scenarios,
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
    paths,
    scenarios,
    documents,
    sweeps,
    requirements,
    sensitivity,
    track_record,
    hub,
    outside_forecasts,
    vintages,
    feeds,
    operations,
)


def register(api: Api) -> None:
    """Register every blueprint."""
    for module in RESOURCES:
        api._app.url_map.converters.update(getattr(module, "CONVERTERS", {}))
        api.register_blueprint(module.blp)
