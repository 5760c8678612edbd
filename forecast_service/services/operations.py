"""Readiness and versions of the service."""

from __future__ import annotations

from typing import Any

from forecast_service.forecasting.registry import forecasters
from forecast_service.observability import helpers
from forecast_service.redis_client import redis_state
from forecast_service.store.database import NOT_APPLIED, database
from forecast_service.version import VERSION
from models.forecast import MODEL_VERSION


def readiness() -> dict[str, Any]:
    """What is missing, and the state of the database, Redis, the state folder and the helper processes."""
    missing, state = forecasters().missing(), database().state()
    # The service forecasts without a database, so a lost database alone must not take every replica out of service.
    missing += [f"database: {state}"] if state == NOT_APPLIED else []
    missing += forecasters().lagging()
    ready = {"status": "not-ready" if missing else "ready", "missing": missing, "database": state or "ok"}
    ready |= {"redis": redis_state(), "state": forecasters().store.trouble() or "ok"}
    return ready | {"helpers": helpers.states()} | forecasters().status()


def versions() -> dict[str, Any]:
    """Versions of the service, the model and the figures."""
    return {"service": VERSION, "model": MODEL_VERSION} | forecasters().status()
