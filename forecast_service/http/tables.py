"""Tables as CSV with its column metadata (CSV on the Web), Parquet and Arrow."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from flask import json

from forecast_service.http.columns import ColumnRows, Values, Words


@dataclass(frozen=True)
class Column:
    """A column and its description; ``datatype`` is a name of CSV on the Web."""

    name: str
    datatype: str
    description: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Rows and their columns; ``key`` names the columns that identify a row. A large table has :class:`ColumnRows`."""

    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: list[tuple[Any, ...]] | ColumnRows
    about: dict[str, Any]


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value  # as CSV on the Web writes a boolean


def csv_bytes(table: Table) -> bytes:
    """CSV (RFC 4180) with a header and CRLF; a missing value is an empty cell."""
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerow(column.name for column in table.columns)
    out.writerows(map(_cell, row) for row in table.rows)
    return buffer.getvalue().encode()


def metadata_bytes(table: Table, url: str) -> bytes:
    """The columns of the CSV at ``url``, as CSV on the Web describes them."""
    columns = [
        {"name": c.name, "titles": c.name, "datatype": c.datatype, "dc:description": c.description}
        | ({"schema:unitText": c.unit} if c.unit else {})
        for c in table.columns
    ]
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": url,
        "dc:title": table.title,
        **table.about,
        "dialect": {"header": True, "encoding": "utf-8", "lineTerminators": ["\r\n"]},
        "tableSchema": {"columns": columns, "primaryKey": list(table.key)},
    }
    return json.dumps(document).encode()


def _arrow(table: Table) -> Any:
    import pyarrow as pa  # an extra, and slow to import

    kinds = {
        "string": pa.string(),
        "gYear": pa.int16(),
        "date": pa.date32(),
        "integer": pa.int32(),
        "float": pa.float32(),
        "boolean": pa.bool_(),
    }
    if isinstance(table.rows, ColumnRows):
        columns = zip(table.columns, table.rows.columns, strict=True)
        arrays = [_large_column(values, kinds[c.datatype]) for c, values in columns]
    else:
        cells = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
        columns = zip(table.columns, cells, strict=True)
        arrays = [pa.array(values, kinds.get(c.datatype, pa.float64())) for c, values in columns]
    fields = [
        pa.field(c.name, values.type, metadata={"description": c.description, "unit": c.unit})
        for c, values in zip(table.columns, arrays, strict=True)
    ]
    about = {name: str(value) for name, value in table.about.items()}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"title": table.title} | about))


def _large_column(values: Values, kind: Any) -> Any:
    """A column of a large table; its texts as a dictionary, so that each is there once."""
    import pyarrow as pa

    if isinstance(values, Words):
        return pa.DictionaryArray.from_arrays(pa.array(values.codes), pa.array(values.texts, kind))
    return pa.array(values, kind, from_pandas=True)  # NaN is a missing value


def parquet_bytes(table: Table) -> bytes:
    """A Parquet file; each column's metadata holds its description and unit."""
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(_arrow(table), sink, compression="zstd")
    return sink.getvalue()


def arrow_bytes(table: Table) -> bytes:
    """An Arrow IPC file."""
    import pyarrow as pa

    converted, sink = _arrow(table), io.BytesIO()
    with pa.ipc.new_file(sink, converted.schema) as writer:
        writer.write_table(converted)
    return sink.getvalue()
