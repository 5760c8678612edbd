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

from forecast_service.csv_answers import Table, arrow_bytes, csv_bytes, metadata_bytes, parquet_bytes

JSON, CSV, METADATA, PARQUET, ARROW = "json", "csv", "csv-metadata.json", "parquet", "arrow"
CONTENT_TYPES = {
    JSON: "application/json",
    CSV: "text/csv; charset=utf-8; header=present",
    METADATA: "application/csvm+json",
    PARQUET: "application/vnd.apache.parquet",
    ARROW: "application/vnd.apache.arrow.file",
}
_TYPES = {form: full.split(";")[0] for form, full in CONTENT_TYPES.items()}
SUFFIXES = (CSV, METADATA, PARQUET, ARROW)
WITH_PYARROW = (PARQUET, ARROW)

FORM = {
    "in": "path",
    "name": "form",
    "description": "csv; csv-metadata.json, which describes the columns of the CSV (CSVW); parquet or arrow, where the "
    "service has pyarrow (406 otherwise).",
    "schema": {"type": "string", "enum": list(SUFFIXES)},
    "example": CSV,
}
"""The suffix, as the contract has it."""


class FormConverter(BaseConverter):
    """What may follow the last dot of an address."""

    regex = "(?:csv-metadata[.]json|csv|parquet|arrow)"


CONVERTERS = {"form": FormConverter}


@cache
def has_pyarrow() -> bool:
    """Whether the extra is installed; looking takes a tenth of a request's time."""
    return find_spec("pyarrow") is not None


def offered(has_table: bool) -> tuple[str, ...]:
    """The forms of an answer, the one that is given to who accepts anything first."""
    if not has_table:
        return (JSON,)
    return (JSON, CSV, METADATA, *(WITH_PYARROW if has_pyarrow() else ()))


def negotiate(suffix: str | None, has_table: bool) -> str:
    """The form to answer in; 406 if none that is accepted is offered."""
    forms = offered(has_table)
    if suffix:
        accepted = suffix if suffix in forms else None
    else:
        # Parameters, such as charset, do not matter here; to werkzeug they would make another type.
        asked = MIMEAccept([(value.split(";")[0].strip(), q) for value, q in request.accept_mimetypes])
        best = asked.best_match([_TYPES[form] for form in forms]) if asked else _TYPES[JSON]
        accepted = next((form for form in forms if _TYPES[form] == best), None)
    if accepted is None:
        abort(406, detail=f"This is offered as {', '.join(_TYPES[form] for form in forms)}.")
    return accepted


def write(table: Table, form: str, asked: Request) -> bytes:
    """``table`` in any form but JSON."""
    if form == METADATA:
        query = "?" + asked.query_string.decode("latin-1") if asked.query_string else ""
        return metadata_bytes(table, f"{_bare_address().rsplit('/', 1)[1]}.{CSV}{query}")
    return {CSV: csv_bytes, PARQUET: parquet_bytes, ARROW: arrow_bytes}[form](table)


def documented() -> dict[int, Any]:
    """What the contract says of the answer beside its JSON."""
    text = {"schema": {"type": "string"}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    forms = {_TYPES[CSV]: text, _TYPES[METADATA]: {"schema": {"type": "object"}}}
    forms |= {_TYPES[form]: binary for form in WITH_PYARROW}
    return {200: {"content": forms}}


def links(form: str) -> str:
    """``Link``: from a CSV to the description of its columns."""
    if form != CSV:
        return ""
    query = "?" + request.query_string.decode("latin-1") if request.query_string else ""
    address = f"{_bare_address()}.{METADATA}{query}"
    return f'<{address}>; rel="describedby"; type="{_TYPES[METADATA]}"'


def _bare_address() -> str:
    """The path of the answer without a suffix, as the client knows it: below the gateway's prefix."""
    path = request.environ.get("SCRIPT_NAME", "") + request.path
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if path.endswith("." + s)), None)
    return quote(path.removesuffix(f".{suffix}") if suffix else path)
