"""Readiness and versions of the service."""

from __future__ import annotations

import time
from typing import Any, cast

from flask import Flask, current_app

from forecast_service.forecasting.registry import forecasters
from forecast_service.redis_client import redis_state
from forecast_service.services.bounded_check import BoundedCheck
from forecast_service.store.database import EXTENSION as DATABASE
from forecast_service.store.database import LATE, NOT_APPLIED
from forecast_service.version import VERSION
from models.forecast import MODEL_VERSION

CHECKS = "forecast-checks"
PATIENCE_S = 0.7
"""How long readiness waits for the database and Redis together (s): orchestrators give a probe one second."""


def register(app: Flask) -> None:
    """Let ``app`` check its database and Redis."""

    def of_redis() -> str:
        with app.app_context():
            return redis_state()

    app.extensions[CHECKS] = {
        "database": BoundedCheck(lambda: app.extensions[DATABASE].state() or "ok", LATE),
        "redis": BoundedCheck(of_redis, "not reachable"),
    }


def readiness() -> dict[str, Any]:
    """What is missing, and the state of the database, Redis and the state folder."""
    checks = cast(dict[str, BoundedCheck], current_app.extensions[CHECKS])
    end = time.monotonic() + PATIENCE_S
    for check in checks.values():
        check.begin()
    states = {name: check.result(end) for name, check in checks.items()}
    missing = forecasters().missing()
    # The service forecasts without a database, so a lost database alone must not take every replica out of service.
    missing += [f"database: {NOT_APPLIED}"] if states["database"] == NOT_APPLIED else []
    missing += forecasters().lagging()
    ready: dict[str, Any] = {"status": "not-ready" if missing else "ready", "missing": missing}
    ready |= states | {"state": forecasters().store.trouble() or "ok", "read_only": forecasters().settings.read_only}
    return ready | forecasters().status()


def versions() -> dict[str, Any]:
    """Versions of the service, the model and the figures."""
    return {"service": VERSION, "model": MODEL_VERSION} | forecasters().status()
