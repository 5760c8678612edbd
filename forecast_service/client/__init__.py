"""A client of the service: ``pip install "forecast-service[client]"``. ``docs/clients.md`` shows it at work.

:class:`Client` waits for answers, :class:`AsyncClient` has the same methods to be awaited. Nothing of
the service is imported here but its version.
"""

from forecast_service.client.answers import Forecast, Row, SavedScenario, Sweep
from forecast_service.client.clients import AsyncClient, Client
from forecast_service.client.errors import (
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    Problem,
    Stale,
    SweepFailed,
    Unavailable,
)

__all__ = [
    "AsyncClient",
    "Client",
    "FieldError",
    "Forbidden",
    "Forecast",
    "InvalidInput",
    "NotFound",
    "Problem",
    "Row",
    "SavedScenario",
    "Stale",
    "Sweep",
    "SweepFailed",
    "Unavailable",
]
