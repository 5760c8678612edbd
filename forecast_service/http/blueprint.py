"""Blueprints that read requests strictly."""

from __future__ import annotations

from flask_smorest import Blueprint as SmorestBlueprint

from forecast_service.http.parsing import parser


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint whose views' arguments are read strictly."""

    ARGUMENTS_PARSER = parser
