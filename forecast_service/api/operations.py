"""What operators ask."""

from __future__ import annotations

from typing import Any

from forecast_service.forecasting.registry import engine
from forecast_service.http.rate_limits import redis_state
from forecast_service.openapi.spec import Blueprint
from forecast_service.schemas.operations import HealthSchema, ReadySchema, VersionSchema
from forecast_service.store.database import NOT_APPLIED, database
from forecast_service.version import VERSION
from models.forecast import MODEL_VERSION

blp = Blueprint("operations", __name__, description="Health, readiness, versions.")


@blp.get("/healthz")
@blp.response(200, HealthSchema)
def healthz() -> dict[str, Any]:
    """Whether the process answers"""
    return {"status": "ok"}


@blp.get("/readyz")
@blp.response(200, ReadySchema)
@blp.alt_response(503, schema=ReadySchema, description="Not yet: fits are missing")
def readyz() -> tuple[dict[str, Any], int]:
    """Whether figures and fits are loaded"""
    missing, state = engine().missing(), database().state()
    # Without a database forecasts are answered still: that alone must not take every replica out of service.
    missing += [f"database: {state}"] if state == NOT_APPLIED else []
    missing += engine().behind()
    answer = {"status": "not-ready" if missing else "ready", "missing": missing, "database": state or "ok"}
    answer |= {"redis": redis_state(), "state": engine().store.trouble() or "ok"} | engine().standing()
    return answer, 503 if missing else 200


@blp.get("/version")
@blp.response(200, VersionSchema)
def version() -> dict[str, Any]:
    """What is running"""
    return {"service": VERSION, "model": MODEL_VERSION} | engine().standing()
