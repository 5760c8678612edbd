"""The format of an answer, chosen by the suffix of its address or by ``Accept``."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from flask import request
from webargs.flaskparser import abort
from werkzeug.datastructures import MIMEAccept
from werkzeug.routing import BaseConverter

from forecast_service.http.tables import Table, arrow_bytes, csv_bytes, metadata_bytes, parquet_bytes, xlsx_bytes
from forecast_service.media_types import ARROW, CSV, JSON, MEDIA_TYPES, METADATA, PARQUET, PNG, SVG, VEGA, XLSX
from forecast_service.schemas.tables import csv_options

TABLES = (CSV, METADATA, XLSX, PARQUET, ARROW)
CHARTS = (SVG, PNG, VEGA)
SUFFIXES = (JSON, *TABLES, *CHARTS)
WITH_PYARROW = (PARQUET, ARROW)

ONLY_TABLE_FORMAT = {
    "in": "path",
    "name": "format",
    "description": "csv; csv-metadata.json, which describes the columns of the CSV (CSVW); xlsx; parquet or arrow, "
    "where the service has pyarrow (406 otherwise).",
    "schema": {"type": "string", "enum": list(TABLES)},
    "example": CSV,
}
"""The suffix of an answer that is a table alone, in the contract."""
TABLE_FORMAT = ONLY_TABLE_FORMAT | {
    "description": f"json, as without a suffix; {ONLY_TABLE_FORMAT['description']}",
    "schema": {"type": "string", "enum": [JSON, *TABLES]},
}
"""The suffix of an answer that has a table."""
CHART_FORMAT = {
    "in": "path",
    "name": "format",
    "description": "svg; png, at twice the width; or vl.json, the Vega-Lite specification that both are drawn from, "
    "with its data in it.",
    "schema": {"type": "string", "enum": list(CHARTS)},
    "example": SVG,
}
TABLE_OR_CHART_FORMAT = TABLE_FORMAT | {
    "description": f"{TABLE_FORMAT['description']} Or the fan chart: {CHART_FORMAT['description']}",
    "schema": {"type": "string", "enum": list(SUFFIXES)},
}


class TableConverter(BaseConverter):
    """The suffixes of a table."""

    regex = "(?:csv-metadata[.]json|json|csv|xlsx|parquet|arrow)"


class ChartConverter(BaseConverter):
    """The suffixes of a chart."""

    regex = "(?:svg|png|vl[.]json)"


class TableOrChartConverter(BaseConverter):
    """The suffixes of an answer that has a table and a chart."""

    regex = f"(?:{TableConverter.regex}|{ChartConverter.regex})"


CONVERTERS = {"table": TableConverter, "chart": ChartConverter, "table_or_chart": TableOrChartConverter}


@cache
def has_pyarrow() -> bool:
    """Whether the extra is installed; cached, since the check takes a tenth of a request's time."""
    return find_spec("pyarrow") is not None


def offered(*, table: bool = False, chart: bool = False, document: bool = True) -> tuple[str, ...]:
    """The formats of an answer, the default first; ``document`` says whether it has JSON."""
    tables = (CSV, METADATA, XLSX, *(WITH_PYARROW if has_pyarrow() else ())) if table else ()
    return (*((JSON,) if document else ()), *tables, *(CHARTS if chart else ()))


def negotiate(suffix: str | None, forms: tuple[str, ...]) -> str:
    """The format of ``forms`` to answer in; 406 if the client accepts none of them."""
    if suffix:
        accepted = suffix if suffix in forms else None
    else:
        # Without parameters such as charset, which werkzeug would compare too.
        accepts = MIMEAccept([(value.split(";")[0].strip(), q) for value, q in request.accept_mimetypes])
        best = accepts.best_match([MEDIA_TYPES[format] for format in forms]) if accepts else MEDIA_TYPES[forms[0]]
        accepted = next((format for format in forms if MEDIA_TYPES[format] == best), None)
    if accepted is None:
        abort(406, detail=f"This is offered as {', '.join(MEDIA_TYPES[format] for format in forms)}.")
    return accepted


def write(table: Table, format: str) -> bytes:
    """``table`` in a format other than JSON."""
    if format == METADATA:
        query = "?" + request.query_string.decode("latin-1") if request.query_string else ""
        return metadata_bytes(table, f"{_bare_address().rsplit('/', 1)[1]}.{CSV}{query}", csv_options(request.args))
    if format == CSV:
        return csv_bytes(table, csv_options(request.args))
    return {XLSX: xlsx_bytes, PARQUET: parquet_bytes, ARROW: arrow_bytes}[format](table)


def documented(*, table: bool = False, chart: bool = False) -> dict[int, Any]:
    """The contract's description of the formats other than JSON."""
    text = {"schema": {"type": "string"}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    whole = {"schema": {"type": "object"}}
    tables = {MEDIA_TYPES[CSV]: text, MEDIA_TYPES[METADATA]: whole} | {
        MEDIA_TYPES[format]: binary for format in (XLSX, *WITH_PYARROW)
    }
    charts = {MEDIA_TYPES[SVG]: text, MEDIA_TYPES[PNG]: binary, MEDIA_TYPES[VEGA]: whole}
    forms = {200: {"content": (tables if table else {}) | (charts if chart else {})}}
    part = {206: {"description": "The part of a table that the Range asks for.", "content": tables}}
    return forms | (part if table else {})


def links(format: str) -> str:
    """``Link`` from a CSV to the description of its columns."""
    if format != CSV:
        return ""
    query = "?" + request.query_string.decode("latin-1") if request.query_string else ""
    address = f"{_bare_address()}.{METADATA}{query}"
    return f'<{address}>; rel="describedby"; type="{MEDIA_TYPES[METADATA]}"'


def _bare_address() -> str:
    """The path of the answer with the gateway's prefix and without a suffix."""
    path = request.environ.get("SCRIPT_NAME", "") + request.path
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if path.endswith("." + s)), None)
    return quote(path.removesuffix(f".{suffix}") if suffix else path)
