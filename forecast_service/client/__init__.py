"""A Python client of the service: ``pip install "forecast-service[client]"``. ``docs/ecosystem.md`` has examples.

:class:`Client` is synchronous; :class:`AsyncClient` has the same methods as coroutines. The client imports only the
version from the rest of the package.
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
