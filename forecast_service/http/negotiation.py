"""In which form an answer is given: by the suffix of its address, or by ``Accept``."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from flask import Request, request
from webargs.flaskparser import abort
from werkzeug.datastructures import MIMEAccept
from werkzeug.routing import BaseConverter

from forecast_service.http.tables import Table, arrow_bytes, csv_bytes, metadata_bytes, parquet_bytes
from forecast_service.media_types import ARROW, CSV, JSON, MEDIA_TYPES, METADATA, PARQUET, PNG, SVG, VEGA

TABLES = (CSV, METADATA, PARQUET, ARROW)
PICTURES = (SVG, PNG, VEGA)
SUFFIXES = (*TABLES, *PICTURES)
WITH_PYARROW = (PARQUET, ARROW)

FORM = {
    "in": "path",
    "name": "form",
    "description": "csv; csv-metadata.json, which describes the columns of the CSV (CSVW); parquet or arrow, where the "
    "service has pyarrow (406 otherwise).",
    "schema": {"type": "string", "enum": list(TABLES)},
    "example": CSV,
}
"""The suffix, as the contract has it."""
PICTURE = {
    "in": "path",
    "name": "form",
    "description": "svg; png, at twice the width; or vl.json, the Vega-Lite specification that both are drawn from, "
    "with its data in it.",
    "schema": {"type": "string", "enum": list(PICTURES)},
    "example": SVG,
}
TABLE_OR_PICTURE = FORM | {
    "description": f"{FORM['description']} Or the fan chart: {PICTURE['description']}",
    "schema": {"type": "string", "enum": list(SUFFIXES)},
}


class FormConverter(BaseConverter):
    """What may follow the last dot of the address of a table."""

    regex = "(?:csv-metadata[.]json|csv|parquet|arrow)"


class PictureConverter(BaseConverter):
    """What may follow the last dot of the address of a chart."""

    regex = "(?:svg|png|vl[.]json)"


class AnyFormConverter(BaseConverter):
    """What may follow the last dot of the address of what is both."""

    regex = f"(?:{FormConverter.regex}|{PictureConverter.regex})"


CONVERTERS = {"form": FormConverter, "picture": PictureConverter, "anyform": AnyFormConverter}


@cache
def has_pyarrow() -> bool:
    """Whether the extra is installed; looking takes a tenth of a request's time."""
    return find_spec("pyarrow") is not None


def offered(*, table: bool = False, picture: bool = False) -> tuple[str, ...]:
    """The forms of an answer, the one that is given to who accepts anything first."""
    tables = (CSV, METADATA, *(WITH_PYARROW if has_pyarrow() else ())) if table else ()
    return (JSON, *tables, *(PICTURES if picture else ()))


def negotiate(suffix: str | None, forms: tuple[str, ...]) -> str:
    """The form to answer in, of those that are offered; 406 if none of them is accepted."""
    if suffix:
        accepted = suffix if suffix in forms else None
    else:
        # Parameters, such as charset, do not matter here; to werkzeug they would make another type.
        asked = MIMEAccept([(value.split(";")[0].strip(), q) for value, q in request.accept_mimetypes])
        best = asked.best_match([MEDIA_TYPES[form] for form in forms]) if asked else MEDIA_TYPES[forms[0]]
        accepted = next((form for form in forms if MEDIA_TYPES[form] == best), None)
    if accepted is None:
        abort(406, detail=f"This is offered as {', '.join(MEDIA_TYPES[form] for form in forms)}.")
    return accepted


def write(table: Table, form: str, asked: Request) -> bytes:
    """``table`` in any form but JSON."""
    if form == METADATA:
        query = "?" + asked.query_string.decode("latin-1") if asked.query_string else ""
        return metadata_bytes(table, f"{_bare_address().rsplit('/', 1)[1]}.{CSV}{query}")
    return {CSV: csv_bytes, PARQUET: parquet_bytes, ARROW: arrow_bytes}[form](table)


def documented(*, table: bool = False, picture: bool = False) -> dict[int, Any]:
    """What the contract says of the answer beside its JSON."""
    text = {"schema": {"type": "string"}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    whole = {"schema": {"type": "object"}}
    forms: dict[str, Any] = {}
    if table:
        forms = {MEDIA_TYPES[CSV]: text, MEDIA_TYPES[METADATA]: whole} | {
            MEDIA_TYPES[form]: binary for form in WITH_PYARROW
        }
    if picture:
        forms |= {MEDIA_TYPES[SVG]: text, MEDIA_TYPES[PNG]: binary, MEDIA_TYPES[VEGA]: whole}
    return {200: {"content": forms}}


def links(form: str) -> str:
    """``Link``: from a CSV to the description of its columns."""
    if form != CSV:
        return ""
    query = "?" + request.query_string.decode("latin-1") if request.query_string else ""
    address = f"{_bare_address()}.{METADATA}{query}"
    return f'<{address}>; rel="describedby"; type="{MEDIA_TYPES[METADATA]}"'


def _bare_address() -> str:
    """The path of the answer without a suffix, as the client knows it: below the gateway's prefix."""
    path = request.environ.get("SCRIPT_NAME", "") + request.path
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if path.endswith("." + s)), None)
    return quote(path.removesuffix(f".{suffix}") if suffix else path)
