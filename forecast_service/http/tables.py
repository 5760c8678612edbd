"""Tables as CSV with its column metadata (CSV on the Web), Parquet and Arrow."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from flask import json


@dataclass(frozen=True)
class Column:
    """A column and its description; ``datatype`` is a name of CSV on the Web."""

    name: str
    datatype: str
    description: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """Rows and their columns; ``key`` names the columns that identify a row."""

    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: list[tuple[Any, ...]]
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
        "boolean": pa.bool_(),
    }
    fields = [
        pa.field(c.name, kinds.get(c.datatype, pa.float64()), metadata={"description": c.description, "unit": c.unit})
        for c in table.columns
    ]
    columns = list(zip(*table.rows, strict=True)) or [()] * len(fields)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, fields, strict=True)]
    about = {name: str(value) for name, value in table.about.items()}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"title": table.title} | about))


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
