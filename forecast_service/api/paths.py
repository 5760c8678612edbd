"""Routes for simulated paths: tables alone, since they are too large for JSON."""

from __future__ import annotations

from typing import Any

from forecast_service.api.countries import CODE
from forecast_service.http import negotiation
from forecast_service.http.answers import TableAnswer, answers
from forecast_service.http.blueprint import Blueprint
from forecast_service.schemas.paths import PathsQuerySchema
from forecast_service.services import forecasts, paths_table
from models.analysis.worlds import Worlds

blp = Blueprint("paths", __name__, url_prefix="/v1", description="Simulated paths, one row for each draw and year.")


def _answer(worlds: Worlds) -> TableAnswer:
    return TableAnswer(paths_table.table(worlds), paths_table.about(worlds))


@blp.get(
    "/countries/<code>/paths.<large_table:format>",
    parameters=[{"in": "path", "name": "code", **CODE}, negotiation.LARGE_TABLE_FORMAT],
    endpoint="get_paths_table",
)
@blp.get("/countries/<code>/paths", parameters=[{"in": "path", "name": "code", **CODE}])
@answers(only_table=True, large=True)
@blp.problems(406, 503)
@blp.arguments(PathsQuerySchema, location="query")
@blp.response(200)
@blp.problems(404)
def get_paths(query: dict[str, Any], code: str) -> TableAnswer:
    """Get simulated paths of one ally, under a shipped or saved scenario: one row per draw and year"""
    return _answer(forecasts.paths(country=code, **query))


@blp.get(
    "/alliance/paths.<large_table:format>",
    parameters=[negotiation.LARGE_TABLE_FORMAT],
    endpoint="get_alliance_paths_table",
)
@blp.get("/alliance/paths")
@answers(only_table=True, large=True)
@blp.problems(406, 503)
@blp.arguments(PathsQuerySchema, location="query")
@blp.response(200)
def get_alliance_paths(query: dict[str, Any]) -> TableAnswer:
    """Get simulated paths of all allies in the same worlds, under a shipped or saved scenario"""
    return _answer(forecasts.alliance_paths(**query))
