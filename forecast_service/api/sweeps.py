"""Routes for sweeps."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from forecast_service.http.blueprint import Blueprint
from forecast_service.media_types import CSV, MEDIA_TYPES, PARQUET
from forecast_service.schemas.scenarios import IdempotencySchema
from forecast_service.schemas.sweeps import (
    ResultsQuerySchema,
    ResultsSchema,
    SweepListQuerySchema,
    SweepListSchema,
    SweepRequestSchema,
    SweepSchema,
)
from forecast_service.services import sweeps as jobs
from forecast_service.store.sweeps import OPEN
from forecast_service.store.tables import SweepRow

blp = Blueprint("sweeps", __name__, url_prefix="/v1/sweeps", description="One scenario with many values, as a job.")

ID = {"in": "path", "name": "id", "description": "The id of a sweep.", "example": "01jd3k8v2xq4t6r9m0n5p7s8yb"}
FORMS = {
    MEDIA_TYPES[CSV]: {"schema": {"type": "string"}},
    MEDIA_TYPES[PARQUET]: {"schema": {"type": "string", "format": "binary"}},
}

Answer = tuple[SweepRow, int, dict[str, str]]


def _with_wait(row: SweepRow, status: int = 200) -> Answer:
    headers = {"Retry-After": str(jobs.WAIT_S)} if row.status in OPEN else {}
    if status == 202:
        headers["Location"] = url_for("sweeps.get_sweep", id=row.id)
    return row, status, headers


@blp.get("")
@blp.arguments(SweepListQuerySchema, location="query")
@blp.response(200, SweepListSchema)
@blp.problems(503)
def list_sweeps(query: dict[str, Any]) -> dict[str, Any]:
    """List the caller's sweeps"""
    return jobs.page(query)


@blp.post("")
@blp.arguments(IdempotencySchema, location="headers")
@blp.arguments(SweepRequestSchema)
@blp.response(202, SweepSchema)
@blp.problems(400, 409, 413, 415, 503)
def post_sweep(headers: dict[str, Any], body: dict[str, Any]) -> Answer:
    """Start a sweep: one scenario with many values of its levers, for many allies"""
    return _with_wait(jobs.create(headers, body), 202)


@blp.get("/<id>", parameters=[ID])
@blp.response(200, SweepSchema)
@blp.problems(404, 503)
def get_sweep(id: str) -> Answer:
    """Get the status and progress of a sweep"""
    return _with_wait(jobs.read(id))


@blp.delete("/<id>", parameters=[ID])
@blp.response(204)
@blp.problems(404, 503)
def delete_sweep(id: str) -> None:
    """Stop a sweep and delete it with its results"""
    jobs.remove(id)


@blp.post("/<id>/cancel", parameters=[ID])
@blp.response(200, SweepSchema)
@blp.problems(404, 503)
def cancel_sweep(id: str) -> Answer:
    """Stop a sweep and keep its results so far"""
    return _with_wait(jobs.cancel(id))


@blp.get("/<id>/results", parameters=[ID])
@blp.arguments(ResultsQuerySchema, location="query")
@blp.response(200, ResultsSchema)
@blp.doc(responses={200: {"content": FORMS}})
@blp.problems(404, 503)
def get_results(query: dict[str, Any], id: str) -> Response:
    """Get the results of a sweep so far: in pages as JSON, whole as CSV or Parquet"""
    return jobs.results(id, query)
