"""Fields that more than one schema uses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields, validate

from models.allies import Component
from models.forecast import FIRST_ORIGIN
from models.targets import LAST_DEADLINE

COMPONENTS: tuple[Component, ...] = ("core", "related", "total")
FIRST_YEAR, LAST_YEAR = FIRST_ORIGIN, LAST_DEADLINE


def pointer(path: Iterable[str]) -> str:
    """The JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


class Number(fields.Float):
    """A JSON number: no text, no boolean, nothing that is not finite."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("must be a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValidationError("must be a finite number")
        return number


class Rounded(fields.Float):
    """A number of an answer, rounded to ``places`` decimals so that it reads as it was meant."""

    def __init__(self, places: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.places = places

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        if value is None:
            return None
        if not math.isfinite(value):
            raise ValueError(f"{attr} is not finite")
        return round(float(value), self.places)


def probability_out(description: str, **kwargs: Any) -> Rounded:
    """A field that holds a probability, never exactly 0 or 1."""
    return Rounded(6, metadata={"description": description, "minimum": 0, "maximum": 1}, **kwargs)


def share_out(description: str, **kwargs: Any) -> Rounded:
    """A field that holds a share in % of GDP."""
    return Rounded(4, metadata={"description": f"{description} (% of GDP)"}, **kwargs)


def share_in(description: str, **kwargs: Any) -> Number:
    """A share or threshold in % of GDP, as input: 0.01 to 100."""
    return Number(
        validate=validate.Range(min=0.01, max=100, error="must be from {min} to {max} (% of GDP)"),
        metadata={"description": f"{description} (% of GDP)"},
        **kwargs,
    )


def year_in(description: str, first: int = FIRST_YEAR, last: int = LAST_YEAR, **kwargs: Any) -> fields.Integer:
    """A year, as input."""
    return fields.Integer(
        strict=True,
        validate=validate.Range(min=first, max=last, error="must be a year from {min} to {max}"),
        metadata={"description": description},
        **kwargs,
    )
