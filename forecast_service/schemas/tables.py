"""Queries of tables: how a CSV is written, and which table of a forecast is meant."""

from __future__ import annotations

from typing import Any, TypedDict

from marshmallow import EXCLUDE, fields, post_load, validate

from forecast_service.schemas.fields import QueryBoolean
from forecast_service.schemas.requests import RequestSchema, shared

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
DECIMALS = {"point": ".", "comma": ","}
FORECAST_TABLES = ("paths", "probabilities", "money")


class CsvOptions(TypedDict):
    """How a CSV is written.

    Attributes
    ----------
    separator : between the cells. decimal : of numbers. bom : whether a byte order mark stands first.
    """

    separator: str
    decimal: str
    bom: bool


class CsvOptionsSchema(RequestSchema):
    separator = fields.String(
        validate=validate.OneOf(list(SEPARATORS), error="must be one of {choices}"),
        metadata={
            "description": "CSV: what stands between its cells; if absent, a comma, or a semicolon where that is the "
            "decimal sign."
        },
    )
    decimal = fields.String(
        validate=validate.OneOf(list(DECIMALS), error="must be one of {choices}"),
        metadata={"description": "CSV: the decimal sign of its numbers; point if absent."},
    )
    bom = QueryBoolean(
        metadata={"description": "CSV: whether it begins with a byte order mark, by which Excel knows UTF-8."}
    )


class TableQuerySchema(CsvOptionsSchema):
    """Adds the options of a CSV to a query; formats that are no CSV ignore them, and so does the view."""

    @post_load
    def _drop_options(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name not in CsvOptionsSchema._declared_fields}


def csv_options(query: Any) -> CsvOptions:
    """The options of a checked query, with the defaults filled in."""
    found: dict[str, Any] = shared(CsvOptionsSchema).load(query, unknown=EXCLUDE)
    decimal = found.get("decimal", "point")
    return {
        "separator": SEPARATORS[found.get("separator", "comma" if decimal == "point" else "semicolon")],
        "decimal": DECIMALS[decimal],
        "bom": found.get("bom", False),
    }


class ForecastTableQuerySchema(TableQuerySchema):
    """Adds the options of a forecast's tables."""

    table = fields.String(
        validate=validate.OneOf(FORECAST_TABLES, error="must be one of {choices}"),
        metadata={
            "description": "Table: paths (shares by year), probabilities (of the targets), or money (core spending by "
            "year); paths if absent."
        },
    )

    @post_load
    def _drop_table(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name != "table"}
