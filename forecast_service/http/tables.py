"""Tables as CSV with its column metadata (CSV on the Web), XLSX, Parquet and Arrow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import json

from forecast_service.schemas.tables import CsvOptions

NO_MOMENT = datetime(1980, 1, 1, tzinfo=UTC)
"""When every workbook says that it was created: its bytes depend on the table alone. ZIP knows no earlier time."""
WIDEST_PX = 400
"""The widest column of a workbook."""


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


def csv_bytes(table: Table, options: CsvOptions) -> bytes:
    """CSV (RFC 4180) with a header and CRLF; a missing value is an empty cell."""
    decimal = options["decimal"]

    def cell(value: Any) -> Any:
        if isinstance(value, bool):
            return str(value).lower()  # as CSV on the Web writes it
        return str(value).replace(".", decimal) if isinstance(value, float) and decimal != "." else value

    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n", delimiter=options["separator"])
    out.writerow(column.name for column in table.columns)
    out.writerows(map(cell, row) for row in table.rows)
    return buffer.getvalue().encode("utf-8-sig" if options["bom"] else "utf-8")


def xlsx_bytes(table: Table) -> bytes:
    """A workbook with the table and a sheet that describes it. The same table gives the same bytes."""
    import xlsxwriter  # slow to import

    sink = io.BytesIO()
    # Text stays text: none becomes a formula, a link or a number.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(sink, options) as book:
        book.set_properties({"title": table.title, "created": NO_MOMENT})
        bold = book.add_format({"bold": True})
        about = [("title", table.title), *((name.removeprefix("dc:"), str(x)) for name, x in table.about.items())]
        columns = [(column.name, column.unit, column.description) for column in table.columns]
        _sheet(book, "Table", bold, [column.name for column in table.columns], table.rows)
        _sheet(book, "About", bold, ["column", "unit", "description"], [*columns, (), *about])
    return sink.getvalue()


def _sheet(book: Any, name: str, bold: Any, heading: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, heading, bold)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(rows, 1):
        sheet.write_row(number, 0, row)
    sheet.autofit(WIDEST_PX)


def metadata_bytes(table: Table, url: str, options: CsvOptions) -> bytes:
    """The columns of the CSV at ``url``, as CSV on the Web describes them."""
    decimal = options["decimal"]
    numbers = {"number": {"base": "number", "format": {"decimalChar": decimal}}} if decimal != "." else {}
    columns = [
        {"name": c.name, "titles": c.name, "datatype": numbers.get(c.datatype, c.datatype)}
        | {"dc:description": c.description}
        | ({"schema:unitText": c.unit} if c.unit else {})
        for c in table.columns
    ]
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": url,
        "dc:title": table.title,
        **table.about,
        "dialect": {
            "header": True,
            "encoding": "utf-8",
            "lineTerminators": ["\r\n"],
            "delimiter": options["separator"],
        },
        "tableSchema": {"columns": columns, "primaryKey": list(table.key)},
    }
    return json.dumps(document).encode()


def _arrow(table: Table) -> Any:
    import pyarrow as pa  # an extra, and slow to import

    kinds = {"string": pa.string(), "gYear": pa.int16(), "integer": pa.int32(), "boolean": pa.bool_()}
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
