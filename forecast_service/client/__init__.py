"""The old name of the Python client, which is now the package ``forecast_service_client`` (``clients/python``).

It stays until 2.0.0, not before December 2027 (``docs/stability.md``). ``alliance`` and ``requirement`` return plain
documents here, as they always have.
"""

from __future__ import annotations

import warnings
from typing import Any

try:
    import forecast_service_client as _client
except ImportError as error:
    raise ImportError(
        "the client is a package of its own, forecast-service-client: pip install clients/python"
    ) from error
from forecast_service_client import (
    FieldError,
    Forbidden,
    Forecast,
    InvalidInput,
    NotFound,
    Problem,
    Row,
    SavedScenario,
    Stale,
    Sweep,
    SweepFailed,
    Unavailable,
)

warnings.warn("forecast_service.client is deprecated: import forecast_service_client", DeprecationWarning, stacklevel=2)

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


class Client(_client.Client):
    """The synchronous client."""

    def alliance(self, **question: Any) -> Any:
        """The document of :meth:`forecast_service_client.Client.alliance`."""
        return super().alliance(**question).document

    def requirement(self, country: str, probability: float, **question: Any) -> Any:
        """The document of :meth:`forecast_service_client.Client.requirement`."""
        return super().requirement(country, probability, **question).document


class AsyncClient(_client.AsyncClient):
    """The asynchronous client."""

    async def alliance(self, **question: Any) -> Any:
        """The document of :meth:`forecast_service_client.AsyncClient.alliance`."""
        return (await super().alliance(**question)).document

    async def requirement(self, country: str, probability: float, **question: Any) -> Any:
        """The document of :meth:`forecast_service_client.AsyncClient.requirement`."""
        return (await super().requirement(country, probability, **question)).document
