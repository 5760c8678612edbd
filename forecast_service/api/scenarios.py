"""Scenarios."""

from __future__ import annotations

from typing import Any

from forecast_service.openapi import Blueprint
from forecast_service.schemas.scenarios import NamedScenarioListSchema
from models.named import NAMED

blp = Blueprint("scenarios", __name__, url_prefix="/v1/scenarios", description="Assumptions about the future.")


@blp.get("")
@blp.response(200, NamedScenarioListSchema)
def list_scenarios() -> dict[str, Any]:
    """The scenarios that ship with the service"""
    return {"items": list(NAMED.values()), "next": None}
