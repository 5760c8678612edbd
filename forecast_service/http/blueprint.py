"""Blueprints that read requests strictly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask_smorest import Blueprint as SmorestBlueprint

from forecast_service.http.parsing import parser

View = TypeVar("View")

PROBLEMS = {
    400: "BAD_REQUEST",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
    410: "GONE",
    412: "PRECONDITION_FAILED",
    413: "CONTENT_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    428: "PRECONDITION_REQUIRED",
    503: "SERVICE_UNAVAILABLE",
}
"""The contract's names for the problems of views, by status."""


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint whose views' arguments are read strictly."""

    ARGUMENTS_PARSER = parser

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document the problems that a view may answer with."""

        def decorate(view: View) -> View:
            for status in reversed(statuses):
                view = self.alt_response(status, PROBLEMS[status])(view)
            return view

        return decorate
