"""A Python client of forecast-service: how likely NATO's allies are to meet their spending targets.

:class:`Client` is synchronous; :class:`AsyncClient` has the same methods as coroutines. Both return typed answers;
``document`` is the whole JSON, with the types of :mod:`forecast_service_client.documents`.
"""

from forecast_service_client.answers import (
    Alliance,
    Comparison,
    Forecast,
    History,
    PastForecasts,
    Requirement,
    Row,
    SavedScenario,
    Sensitivity,
    Sweep,
    TrackRecord,
)
from forecast_service_client.clients import AsyncClient, Client
from forecast_service_client.errors import (
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    Problem,
    Stale,
    SweepFailed,
    Unavailable,
)
from forecast_service_client.tables import Table
from forecast_service_client.version import VERSION

__all__ = [
    "VERSION",
    "Alliance",
    "AsyncClient",
    "Client",
    "Comparison",
    "FieldError",
    "Forbidden",
    "Forecast",
    "History",
    "InvalidInput",
    "NotFound",
    "PastForecasts",
    "Problem",
    "Requirement",
    "Row",
    "SavedScenario",
    "Sensitivity",
    "Stale",
    "Sweep",
    "SweepFailed",
    "Table",
    "TrackRecord",
    "Unavailable",
]
