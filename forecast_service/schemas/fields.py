"""Fields that more than one schema uses."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields, validate

from forecast_service.schemas import texts
from models.dataset.countries import COMPONENTS
from models.dataset.vintages import LONGEST_NAME, NAME
from models.forecast.question import FIRST_ORIGIN
from models.paths import rounded_shares
from models.scenarios.targets import LAST_DEADLINE

FIRST_YEAR, LAST_YEAR = FIRST_ORIGIN, LAST_DEADLINE


def one_or_other(first: str, second: str) -> dict[str, Any]:
    """The JSON Schema of an object that must have one of two properties.

    It does not use ``anyOf``, of which client generators make one type per branch, without properties.
    """
    return {"if": {"not": {"required": [first]}}, "then": {"required": [second]}}


DIGITS = 12
"""Significant digits of a number of a request: enough for any figure, and 0.1 + 0.2 is 0.3."""


class Number(fields.Float):
    """A JSON number: no text, no boolean, nothing that is not finite.

    It is read to 12 significant digits, or to ``places`` decimals, and without the sign of zero: two spellings of one
    question have the same answer, with the same id.
    """

    takes = "must be a number"
    default_error_messages = {"invalid": takes}  # noqa: RUF012  declared so by marshmallow

    def __init__(self, *, places: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.places = places

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValidationError(f"is beyond all numbers; {self.error_messages['invalid']}")
        number = float(f"{number:.{DIGITS}g}") if self.places is None else round(number, self.places)
        return number + 0.0  # makes -0.0 to 0.0


class Year(fields.Integer):
    """A JSON integer (2030 and 2030.0 are the same number in JSON Schema): no text, no boolean."""

    takes = "must be a whole number"
    default_error_messages = {"invalid": takes}  # noqa: RUF012  declared so by marshmallow

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise self.make_error("invalid")
        return int(value)


class WholeText(validate.Regexp):
    """A pattern for the whole text, as in JSON Schema: Python's ``$`` also matches before a last line break."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class PlainText(fields.String):
    """A text as people write it, such as a name: see :func:`forecast_service.schemas.texts.plain`.

    Parameters
    ----------
    most : characters. least : 0 if it may be empty. lines : whether it may hold line breaks.
    checks : further validators.
    """

    def __init__(self, *, most: int, least: int = 1, lines: bool = False, checks: Any = (), **kwargs: Any) -> None:
        bounds = f"{least} to" if least else "at most"
        length = validate.Length(min=least or None, max=most, error=f"must hold {bounds} {most} characters")
        super().__init__(validate=[length, *checks], **kwargs)
        self._length, self._lines = length, lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        self._length(text)  # as the contract says; what it is made of is checked again, since form NFC may be longer
        try:
            return texts.plain(text, lines=self._lines)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class StrictBoolean(fields.Boolean):
    """A JSON boolean: no text, no number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class QueryBoolean(fields.Boolean):
    """A boolean that arrives as the text of a query: true or false."""

    default_error_messages = {"invalid": "must be true or false"}  # noqa: RUF012  declared so by marshmallow

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in {"true", "false"}:
            raise self.make_error("invalid")
        return bool(value == "true")


class QueryNumber(Number):
    """A number that arrives as the text of a query, written as JSON writes it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        # float() alone accepts 1_0, surrounding blanks and digits of every script.
        plain = re.fullmatch(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?", str(value))
        return super()._deserialize(float(value) if plain else value, attr, data, **kwargs)


class QueryYear(Year):
    """A whole number that arrives as the text of a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        plain = re.fullmatch(r"-?[0-9]{1,400}(\.0{1,400})?", str(value))
        return super()._deserialize(int(str(value).split(".")[0]) if plain else value, attr, data, **kwargs)


class BoundedList(fields.List[Any]):
    """A list whose length is checked before its items, so that a long list costs nothing and gives one message."""

    def __init__(self, inner: fields.Field[Any], *, most: int, what: str, least: int = 0, **kwargs: Any) -> None:
        bounds = f"{least} to" if least else "at most"
        length = validate.Length(min=least or None, max=most, error=f"must be a list of {bounds} {most} {what}")
        super().__init__(inner, validate=length, **kwargs)
        self._length = length

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Points(fields.Dict):
    """An object of names (years) and values, whose errors point at the name. Null is the same as leaving a name out."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            value = {name: x for name, x in value.items() if x is not None}
        try:
            read: Any = super()
            points: dict[str, Any] = read._deserialize(value, attr, data, **kwargs)
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            raise ValidationError({name: _of_point(found) for name, found in error.messages.items()}) from None
        return points


def _of_point(found: dict[str, list[str]]) -> list[str]:
    """The errors of the name and the value of a point, without marshmallow's labels ``key`` and ``value``."""
    return [f"the name {detail}" for detail in found.get("key", ())] + found.get("value", [])


class Rounded(fields.Float):
    """A number of an answer, rounded to ``places`` decimals."""

    def __init__(self, places: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.places = places

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        if value is None:
            return None
        if not math.isfinite(value):
            raise ValueError(f"{attr} is not finite")
        return self.rounded([float(value)])[0]

    def rounded(self, values: Iterable[float]) -> list[float]:
        """``values`` as they are written."""
        places = self.places
        return [round(value, places) for value in values]


class Share(Rounded):
    """A share (% of GDP) of an answer, rounded as :func:`models.paths.rounded_shares` says."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(4, **kwargs)

    def rounded(self, values: Iterable[float]) -> list[float]:
        """``values`` as they are written."""
        return rounded_shares(values)


COUNTRY = "ISO 3166 alpha-2 or alpha-3 code, or a name in use, in any case."


def country_in(more: str = "", **kwargs: Any) -> fields.String:
    """An ally, as input; ``more`` ends the description."""
    return fields.String(
        validate=validate.Length(min=2, max=60), metadata={"description": COUNTRY + more, "example": "DEU"}, **kwargs
    )


class VintageName(fields.String):
    """The name of a vintage. The registry checks that it exists."""

    takes = "must be the name of a vintage; GET /v1/vintages lists them"


def vintage_in(description: str, **kwargs: Any) -> fields.String:
    """The name of a vintage, as input."""
    return VintageName(
        metadata={
            "description": f"{description} GET /v1/vintages lists them.",
            "pattern": f"^{NAME.pattern}$",
            "maxLength": LONGEST_NAME,
            "example": "nato-2026",
        },
        **kwargs,
    )


class Numbers(fields.List[Any]):
    """A list of numbers of an answer, rounded together, which is faster than one by one."""

    def __init__(self, each: Rounded, **kwargs: Any) -> None:
        super().__init__(each, **kwargs)
        self.rounded = each.rounded

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        if value is None:
            return None
        if not all(map(math.isfinite, value)):
            raise ValueError(f"{attr} is not finite")
        return self.rounded(value)


def probability_out(description: str, **kwargs: Any) -> Rounded:
    """A field that holds a probability, never exactly 0 or 1."""
    return Rounded(6, metadata={"description": description, "minimum": 0, "maximum": 1}, **kwargs)


def component_out(description: str) -> fields.String:
    """A field that holds core, related or total."""
    return fields.String(required=True, validate=validate.OneOf(COMPONENTS), metadata={"description": description})


class Plain(fields.Nested):
    """An object of an answer that is JSON already; its schema is for the contract."""

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        return nested_obj


def texts_out(description: str) -> fields.Dict:
    """A field that holds texts by their names."""
    return fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": description}
    )


def share_out(description: str, **kwargs: Any) -> Share:
    """A field that holds a share in % of GDP."""
    return Share(metadata={"description": f"{description} (% of GDP)"}, **kwargs)


USD = {"currency": "USD", "unit": "million, at 2021 prices and exchange rates"}


def national(currency: str | None) -> dict[str, str | None]:
    """Currency and unit of amounts at current prices."""
    return {"currency": currency, "unit": "billion, at current prices"}


def currency_out() -> fields.String:
    """A field that holds the currency of an amount."""
    return fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "ISO 4217 code of the currency. A national one is that in which the projection counts the "
            "ally's GDP (Bulgaria: BGN in the Outlook of October 2025); null if unknown.",
            "pattern": "^[A-Z]{3}$",
            "example": "EUR",
        },
    )


def unit_out() -> fields.String:
    """A field that holds the unit of an amount."""
    return fields.String(required=True, metadata={"description": "Size and prices.", "example": USD["unit"]})


def share_in(description: str, kind: type[Number] = Number, **kwargs: Any) -> Number:
    """A share or threshold in % of GDP, as input: 0.01 to 100."""
    return kind(
        validate=validate.Range(min=0.01, max=100, error="must be a number from {min} to {max} (% of GDP)"),
        metadata={"description": f"{description} (% of GDP)"},
        **kwargs,
    )


def year_in(
    description: str, first: int = FIRST_YEAR, last: int = LAST_YEAR, kind: type[Year] = Year, **kwargs: Any
) -> Year:
    """A year, as input."""
    return kind(
        validate=validate.Range(min=first, max=last, error="must be a year from {min} to {max}"),
        metadata={"description": description},
        **kwargs,
    )
