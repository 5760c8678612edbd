"""Routes for vintages of the figures."""

from __future__ import annotations

from typing import Any

from flask import url_for

from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.vintages import (
    CurrentSchema,
    ImportQuerySchema,
    SwitchedSchema,
    UseSchema,
    VintageDetailSchema,
    VintageDiffSchema,
    VintageListSchema,
)
from forecast_service.services import vintages as jobs
from forecast_service.store.tables import SwitchRow

blp = Blueprint("vintages", __name__, url_prefix="/v1/vintages", description="Vintages of the figures.")

FILE = {"type": "string", "format": "binary", "description": "The file, as it was published."}
NAME = {"in": "path", "name": "name", "description": "The name of a vintage.", "example": "nato-2026"}
BEFORE = NAME | {"name": "a", "example": "nato-2025"}
Written = tuple[SwitchRow, int, dict[str, str]]
AFTER = NAME | {"name": "b"}


@blp.get("")
@blp.response(200, VintageListSchema)
def list_vintages() -> dict[str, Any]:
    """List all vintages of the figures"""
    return jobs.summaries()


@blp.post("")
@blp.arguments(ImportQuerySchema, location="query")
@blp.doc(requestBody={"required": True, "content": {kind: {"schema": FILE} for kind in jobs.KINDS}})
@blp.response(201, VintageDetailSchema)
@blp.problems(400, 409, 413, 415)
def post_vintage(query: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Import a publisher's file as a new vintage, which is checked and fitted but not vintage current"""
    vintage = jobs.take_in(query)
    return vintage, 201, {"Location": url_for("vintages.get_vintage", name=vintage["name"])}


@blp.get("/current")
@blp.response(200, CurrentSchema)
@blp.problems(503)
def get_current() -> dict[str, Any]:
    """Get the current vintage, with past and coming switches"""
    return jobs.current()


@blp.put("/current")
@blp.arguments(UseSchema)
@blp.response(202, SwitchedSchema)
@blp.problems(400, 409, 413, 415, 503)
def put_current(body: dict[str, Any]) -> Written:
    """Switch all replicas to another vintage at the same moment"""
    return jobs.use(body["vintage"]), 202, {"Location": url_for("vintages.get_current")}


@blp.post("/current/rollback")
@blp.response(202, SwitchedSchema)
@blp.problems(409, 503)
def post_rollback() -> Written:
    """Undo the last switch between vintages"""
    return jobs.roll_back(), 202, {"Location": url_for("vintages.get_current")}


@blp.get("/<name>", parameters=[NAME])
@blp.response(200, VintageDetailSchema)
@blp.problems(404)
def get_vintage(name: str) -> dict[str, Any]:
    """Get a vintage: its tables, its sources and their terms, and the warnings of its import"""
    return jobs.detail(name)


@blp.get("/<a>/diff/<b>", parameters=[BEFORE, AFTER])
@blp.response(200, VintageDiffSchema)
@blp.problems(404)
def get_diff(a: str, b: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Compare two vintages: figures, and why each ally's probability moved"""
    return jobs.compare(a, b)
