"""The rows of sweeps as JSON, CSV and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from models.analysis.sweep import OUTCOMES, WAYS, Columns, Sweep, public_document, table
from models.dataset.countries import COMPONENTS

Chunks = Iterable[tuple[int, bytes]]
"""Numbers and packed results of chunks, in order."""


class NoParquet(Exception):
    """The extra ``parquet`` is not installed."""


def header(sweep: Sweep) -> list[str]:
    """Names of the columns."""
    fixed = ["country", "deadline", "core_threshold_pct", "related_threshold_pct", "point"]
    return [*fixed, *(axis.name for axis in sweep.axes), *OUTCOMES, "failure"]


def csv_text(sweep: Sweep, chunks: Chunks) -> Iterator[str]:
    """A CSV, chunk by chunk: a header, then a row per evaluation."""
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerow(header(sweep))
    for number, packed in chunks:
        out.writerows(zip(*table(sweep, number, Columns.unpack(packed)).values(), strict=True))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def write_parquet(sweep: Sweep, chunks: Chunks, file: IO[bytes]) -> None:
    """Write a Parquet file with a row group per chunk; its metadata holds the sweep's document. Raises NoParquet."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise NoParquet from None
    kinds = {"country": pa.string(), "deadline": pa.int16(), "point": pa.int32(), "failure": pa.string()}
    for axis in sweep.axes:
        kinds[axis.name] = _arrow_kind(pa, axis.values)
    metadata = {"document": json.dumps(public_document(sweep.document), sort_keys=True)}
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in header(sweep)], metadata=metadata)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for number, packed in chunks:
            columns = table(sweep, number, Columns.unpack(packed))
            arrays = [
                pa.array(map(str, values) if kinds.get(name) == pa.string() and name not in _TEXTS else values, kind)
                for (name, values), kind in zip(columns.items(), schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


_TEXTS = ("country", "failure")


def _arrow_kind(pa: Any, values: tuple[Any, ...]) -> Any:
    """The Arrow type of an axis: text if any value is text, integer if all are integers, otherwise float."""
    if any(isinstance(value, str) for value in values):
        return pa.string()
    return pa.int64() if values and all(isinstance(value, int) for value in values) else pa.float64()


def items(sweep: Sweep, number: int, packed: bytes, start: int, limit: int) -> list[dict[str, Any]]:
    """Up to ``limit`` rows of one chunk from its row ``start`` on, as the API returns them."""
    columns = table(sweep, number, Columns.unpack(packed))
    axes = [axis.name for axis in sweep.axes]
    rows = []
    for row in list(zip(*columns.values(), strict=True))[start : start + limit]:
        cells = dict(zip(columns, row, strict=True))
        item = {name: cells[name] for name in ("country", "point")}
        item["targets"] = {
            "deadline": cells["deadline"],
            "core": cells["core_threshold_pct"],
            "related": cells["related_threshold_pct"],
        }
        item["values"] = {name: cells[name] for name in axes}
        for component in COMPONENTS:
            three = {way: cells[f"{component}_{way}"] for way in WAYS}
            item[component] = None if three["at_deadline"] is None else three
        rows.append(item | {name: cells[name] for name in ("core_median_pct", "failure")})
    return rows
