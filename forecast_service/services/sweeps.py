"""Create, read, cancel, delete and list sweeps, and send their results."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from typing import Any, cast

from flask import Response, jsonify, request, stream_with_context, url_for
from webargs.flaskparser import abort

from forecast_service.callers import caller
from forecast_service.forecasting.registry import forecasters
from forecast_service.ids import is_id
from forecast_service.media_types import CSV, JSON, MEDIA_TYPES, PARQUET
from forecast_service.observability import tracing
from forecast_service.schemas.sweeps import RESULT_FORMS
from forecast_service.services.idempotency import idempotent
from forecast_service.services.paging import NoCursor
from forecast_service.store.database import database
from forecast_service.store.sweeps import OPEN, Sweeps
from forecast_service.store.tables import SweepRow
from forecast_service.sweeps import formats
from forecast_service.sweeps.document import complete
from models.analysis.sweep import Sweep, read_document
from models.forecast import MODEL_VERSION

PIECES = 20
"""Chunks read from the database at a time."""
WAIT_S = 2
"""Retry-After of a sweep that is not finished (s)."""


def _sweeps() -> Sweeps:
    return Sweeps(database())


def create(headers: dict[str, Any], asked: dict[str, Any]) -> SweepRow:
    if "vintage" in asked["scenario"]:
        forecasters().known(asked["scenario"]["vintage"], "scenario/vintage")
    text = complete(forecasters().forecaster(asked.get("vintage")), asked, tracing.traceparent())
    sweep = Sweep(json.loads(text))
    sizes = [len(sweep.span(number).points) for number in range(sweep.chunks)]
    most_open = forecasters().settings.open_sweeps
    return _sweeps().create(caller(), text, MODEL_VERSION, sizes, idempotent(headers), most_open)


def read(identifier: str) -> SweepRow:
    """One of the caller's sweeps."""
    return _sweeps().read(caller(), identifier)


def cancel(identifier: str) -> SweepRow:
    return _sweeps().cancel(caller(), identifier)


def remove(identifier: str) -> None:
    _sweeps().remove(caller(), identifier)


def page(query: dict[str, Any]) -> dict[str, Any]:
    """A page of the caller's sweeps."""
    limit, before = query["limit"], query.get("cursor")
    if before is not None and not is_id(before):
        raise NoCursor
    rows = _sweeps().page(caller(), before, query.get("status"), limit + 1)
    following = None
    if len(rows) > limit:
        following = url_for("sweeps.list_sweeps", **(query | {"cursor": rows[limit - 1].id}))
    return {"items": rows[:limit], "next": following}


def results(identifier: str, query: dict[str, Any]) -> Response:
    """The finished rows, in the requested format."""
    row = read(identifier)
    sweep = Sweep(read_document(row.document))
    format = query.get("format") or _accepted()
    if format == JSON:
        return jsonify(_rows(row, sweep, query))
    name = f"sweep-{row.id}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Sweep-Status": row.status}
    if format == CSV:
        text = stream_with_context(formats.csv_text(sweep, _chunks(row)))
        return Response(text, content_type=f"{MEDIA_TYPES[CSV]}; charset=utf-8", headers=headers)
    return Response(_parquet(sweep, row), content_type=MEDIA_TYPES[PARQUET], headers=headers)


def _accepted() -> str:
    kinds = {MEDIA_TYPES[form]: form for form in RESULT_FORMS}
    return kinds[request.accept_mimetypes.best_match(list(kinds), MEDIA_TYPES[JSON])]


def _chunks(row: SweepRow, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The finished chunks from number ``start`` on, read a few at a time."""
    sweeps = _sweeps()
    while chunks := sweeps.results(row.id, start, PIECES):
        yield from chunks
        start = chunks[-1][0] + 1


def _parquet(sweep: Sweep, row: SweepRow) -> Iterator[bytes]:
    # The index of a Parquet file is at its end, so the whole file is written before the first byte is sent.
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the generator below
    try:
        formats.write_parquet(sweep, _chunks(row), cast(Any, file))
    except formats.NoParquet:
        file.close()
        abort(422, messages={"query": {"format": ["parquet is not installed here (extra 'parquet')"]}})
    file.seek(0)

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(1 << 16):
                yield piece

    return pieces()


def _rows(row: SweepRow, sweep: Sweep, query: dict[str, Any]) -> dict[str, Any]:
    """A page of rows. While the sweep may produce more, ``next`` is the address where they will be."""
    limit, (chunk, start) = query["limit"], _place(query.get("cursor"), sweep)
    items: list[dict[str, Any]] = []
    for number, packed in _chunks(row, chunk):
        # A cancelled sweep has gaps.
        start = start if number == chunk else 0
        rows = formats.items(sweep, number, packed, start, limit - len(items))
        items += rows
        chunk, start = number, start + len(rows)
        if start == len(sweep.span(number).points):
            chunk, start = number + 1, 0
        if len(items) == limit:
            break
    # The status was read before the rows, so no row that arrived in between is missed.
    ended = row.status not in OPEN and not (len(items) == limit and next(_chunks(row, chunk), None))
    link = query | {"cursor": f"{chunk}.{start}"}
    following = None if ended else url_for("sweeps.get_results", id=row.id, **link)
    return {"items": items, "next": following, "status": row.status}


def _place(cursor: str | None, sweep: Sweep) -> tuple[int, int]:
    if cursor is None:
        return 0, 0
    match = re.fullmatch(r"([0-9]{1,7})\.([0-9]{1,7})", cursor)
    chunk, start = (int(match[1]), int(match[2])) if match else (0, -1)
    size = len(sweep.span(chunk).points) if chunk < sweep.chunks else 1
    if chunk > sweep.chunks or not 0 <= start < size:
        raise NoCursor
    return chunk, start
