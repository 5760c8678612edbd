"""What operators ask."""

from __future__ import annotations

from typing import Any

from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.operations import HealthSchema, ReadySchema, VersionSchema
from forecast_service.services import operations

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
    found = operations.readiness()
    return found, 503 if found["missing"] else 200


@blp.get("/version")
@blp.response(200, VersionSchema)
def version() -> dict[str, Any]:
    """What is running"""
    return operations.versions()
