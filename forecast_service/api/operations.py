"""Routes for operators."""

from __future__ import annotations

from typing import Any

from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.operations import HealthSchema, ReadySchema, VersionSchema
from forecast_service.services import operations

blp = Blueprint("operations", __name__, description="Health, readiness, versions.")


@blp.get("/healthz")
@blp.response(200, HealthSchema)
def healthz() -> dict[str, Any]:
    """Check that the process answers"""
    return {"status": "ok"}


@blp.get("/readyz")
@blp.response(200, ReadySchema)
@blp.alt_response(503, schema=ReadySchema, description="Not yet: fits are missing")
def readyz() -> tuple[dict[str, Any], int]:
    """Check that the service is ready: figures, fits, database"""
    readiness = operations.readiness()
    return readiness, 503 if readiness["missing"] else 200


@blp.get("/version")
@blp.response(200, VersionSchema)
def version() -> dict[str, Any]:
    """Get the versions of the service, the model and the figures"""
    return operations.versions()
