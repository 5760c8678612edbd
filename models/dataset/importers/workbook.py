"""Safe reading of untrusted workbooks.

An .xlsx file is an archive of XML. Before openpyxl opens it, its unpacked size is bounded, and entities and document
types are refused. Only visible sheets are read, to a bounded number of rows and columns. Formulas are not computed:
their stored values count.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from models.dataset.importers.base import BadFile, Content
from models.dataset.importers.numbers import PLAIN, Numbers, is_missing

MOST_UNPACKED = 200_000_000
MOST_PARTS = 2_000
MOST_ROWS, MOST_COLUMNS = 20_000, 400
"""The IMF's workbook has 8,668 rows and 81 columns."""
_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


@dataclass(frozen=True)
class Sheet:
    """A visible sheet. ``rows`` are tuples of cell values, all of the same length, from row 1 and column A on."""

    name: str
    rows: tuple[tuple[Any, ...], ...]

    def cell(self, row: int, column: int) -> str:
        """The name of a cell by its indices from 0: ``sheet Table 3, cell B7``."""
        return cell_name(self.name, row, column)

    @cached_property
    def numbers(self) -> Numbers:
        """How the sheet writes the numbers that it holds as texts."""
        return Numbers.of(value for row in self.rows for value in row)

    def number(self, row: int, column: int) -> float | None:
        """The number in a cell; None if it is empty or marks a missing figure. Raises BadFile."""
        value = self.rows[row][column]
        where = self.cell(row, column)
        if value is None:
            return None
        if isinstance(value, bool):
            raise BadFile(where, f"{value} is not a number")
        if isinstance(value, int | float):
            return PLAIN.read(repr(value), where)
        if not isinstance(value, str):
            raise BadFile(where, f"holds a {type(value).__name__}, not a number")
        if value in _ERRORS:
            raise BadFile(where, f"holds the spreadsheet's error {value}")
        return None if is_missing(value) else self.numbers.read(value, where)


def cell_name(sheet: str, row: int, column: int) -> str:
    """The name of a cell of ``sheet`` by its indices from 0: ``sheet Table 3, cell B7``."""
    return f"sheet {sheet}, cell {_letters(column)}{row + 1}"


def _letters(column: int) -> str:
    column, text = column + 1, ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def sheets(content: Content) -> Iterator[Sheet]:
    """The visible sheets of a workbook, one at a time. Raises BadFile."""
    # Not at the top of the file: only an import pays for it.
    from openpyxl import load_workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    _inspect(content)
    try:
        # The library's errors on a broken workbook are of many kinds (KeyError, AttributeError, ParseError, ...).
        book = load_workbook(io.BytesIO(content.data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001  see above
        raise BadFile(content.name, f"is no workbook that can be read ({type(error).__name__})") from None
    try:
        for sheet in book.worksheets:
            if isinstance(sheet, ReadOnlyWorksheet) and sheet.sheet_state == "visible":
                yield Sheet(sheet.title, _rows(sheet))
    finally:
        book.close()


def _rows(sheet: Any) -> tuple[tuple[Any, ...], ...]:
    # The dimensions that the file states may be wrong.
    sheet.reset_dimensions()
    found: list[tuple[Any, ...]] = []
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise BadFile(cell_name(sheet.title, number - 1, 0), f"is beyond the {MOST_ROWS} rows that are read")
            if len(row) > MOST_COLUMNS and any(value is not None for value in row[MOST_COLUMNS:]):
                cell = cell_name(sheet.title, number - 1, MOST_COLUMNS)
                raise BadFile(cell, f"is beyond the {MOST_COLUMNS} columns that are read")
            found.append(tuple(row[:MOST_COLUMNS]))
    except BadFile:
        raise
    except Exception as error:  # noqa: BLE001  as above: the sheet is parsed while it is read
        where = cell_name(sheet.title, len(found), 0)
        raise BadFile(where, f"the sheet cannot be read from here on ({type(error).__name__})") from None
    width = max((len(row) for row in found), default=0)
    return tuple(row + (None,) * (width - len(row)) for row in found)


def _inspect(content: Content) -> None:
    """Refuse anything but a plain workbook, before it is parsed."""
    if content.data[:4] != b"PK\x03\x04":
        kind = "an old or encrypted Office file" if content.data[:4] == b"\xd0\xcf\x11\xe0" else "no workbook (.xlsx)"
        raise BadFile(content.name, f"is {kind}")
    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise BadFile(content.name, f"has {len(parts)} parts; at most {MOST_PARTS} are read")
            left = MOST_UNPACKED
            for part in parts:
                left -= _inspected(archive, part, content.name, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadFile(content.name, f"is a damaged workbook ({error})") from None


def _inspected(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, left: int) -> int:
    """The unpacked size of one part, counted while it is unpacked: the size that the archive states may be false."""
    size, tail = 0, b""
    with archive.open(part) as file:
        while chunk := file.read(1 << 16):
            size += len(chunk)
            if size > left:
                raise BadFile(f"{name}, part {part.filename}", f"unpacks to more than {MOST_UNPACKED} bytes in all")
            if part.filename.endswith((".xml", ".rels", ".vml")):
                # Encodings other than UTF-8 could hide a document type from this search.
                if size == len(chunk) and (chunk[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in chunk[:4]):
                    raise BadFile(f"{name}, part {part.filename}", "is not written in UTF-8")
                if re.search(rb"<!(DOCTYPE|ENTITY)", tail + chunk, re.IGNORECASE):
                    raise BadFile(f"{name}, part {part.filename}", "declares a document type or an entity")
                tail = chunk[-10:]
    return size
