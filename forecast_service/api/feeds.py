"""Routes for feeds."""

from __future__ import annotations

from flask import Response

from forecast_service.http.blueprint import Blueprint
from forecast_service.media_types import ATOM_TYPE
from forecast_service.services import feeds

blp = Blueprint("feeds", __name__, url_prefix="/feeds", description="Feeds (Atom) of what changes.")


@blp.get("/vintages.atom")
@blp.response(200, {"type": "string"}, content_type=ATOM_TYPE)
@blp.problems(503)
def get_vintages_feed() -> Response:
    """Follow the vintages of the figures: an Atom feed with an entry for each"""
    return feeds.answer(feeds.vintages())


@blp.get("/forecasts.atom")
@blp.response(200, {"type": "string"}, content_type=ATOM_TYPE)
@blp.problems(503)
def get_forecasts_feed() -> Response:
    """Follow the forecasts: an Atom feed with an entry for each switch to another vintage, and what moved by ally"""
    return feeds.answer(feeds.forecasts())
