"""Requests for simulated paths."""

from __future__ import annotations

from typing import Any

from marshmallow import post_load, validate

from forecast_service.schemas.fields import QueryYear
from forecast_service.schemas.forecast_request import ForecastQuerySchema
from forecast_service.schemas.tables import CsvOptionsSchema, TableQuerySchema
from models.analysis.worlds import MOST_ROWS, USUAL_DRAWS
from models.scenarios.targets import Targets


class PathsQuerySchema(TableQuerySchema, ForecastQuerySchema):
    """The query: the parameters of a forecast that change paths."""

    class Meta:
        fields = ("scenario", "deadline", "rule", "origin", "vintage", "draws", *CsvOptionsSchema._declared_fields)

    draws = QueryYear(
        validate=validate.Range(min=1, max=MOST_ROWS, error="must be a whole number from {min} to {max}"),
        metadata={
            "description": "How many simulated worlds: at most as many as the service has draws, and as fit into "
            f"{MOST_ROWS:,} rows (one for each ally, draw and year). {USUAL_DRAWS:,} if absent, or as many as are "
            "allowed. The same number gives the same worlds for every ally and scenario, a smaller one some of them.",
            "example": 100,
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        deadline = {"deadline": data.pop("deadline")} if "deadline" in data else {}
        return {"targets": Targets(**deadline)} | data
