"""Tables in text files: cells separated by tabs, semicolons or commas, a heading in the first line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

from models.dataset.importers.base import BadFile, Content, shown, text_of
from models.dataset.importers.numbers import Numbers, is_missing

MOST_LINES = 100_000


@dataclass(frozen=True)
class TextTable:
    """A table of texts.

    Attributes
    ----------
    rows : the heading, then all rows that are not blank, each as long as it is in the file.
    lines : the line that each row begins in, from 1.
    numbers : how the file writes its numbers.
    """

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    numbers: Numbers

    @property
    def heading(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.rows[0]

    def line(self, row: int) -> str:
        """The name of a row by its index: ``line 12``."""
        return f"line {self.lines[row]}"

    def cell(self, row: int, column: int) -> str:
        """The name of a cell by its indices: ``line 12, column 2030``."""
        name = self.heading[column] if column < len(self.heading) else ""
        return f"{self.line(row)}, column {name or column + 1}"

    def number(self, row: int, column: int) -> float | None:
        """The number in a cell; None if it is empty or marks a missing figure. Raises BadFile."""
        text = self.rows[row][column]
        return None if is_missing(text) else self.numbers.read(text, self.cell(row, column))

    def refuse_other_length(self, row: int) -> None:
        """Refuse a row with more or fewer cells than the heading."""
        have, need = len(self.rows[row]), len(self.heading)
        if have != need:
            raise BadFile(self.line(row), f"has {have} cells, the heading {need}")

    def refuse_column_twice(self) -> None:
        """Refuse two columns of one name."""
        twice = sorted(name for name, times in Counter(self.heading).items() if name and times > 1)
        if twice:
            raise BadFile(self.line(0), f"the column {shown(twice[0])} stands twice")


def table_of(content: Content) -> TextTable:
    """The table in a text file. Raises BadFile."""
    text = text_of(content)
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max("\t;,", key=first.count)  # of as many, the first: a tab is hardly ever part of a text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=delimiter != "\t")
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    begins = 1
    try:
        for cells in reader:
            if len(rows) == MOST_LINES:
                raise BadFile(f"line {begins}", f"is beyond the {MOST_LINES} lines that are read")
            row = tuple(cell.strip() for cell in cells)
            if any(row):
                rows.append(row)
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(f"line {reader.line_num}", f"is no CSV ({error})") from None
    if not rows:
        raise BadFile(content.name, "has no rows")
    numbers = Numbers.of((cell for row in rows for cell in row), "," if delimiter == ";" else ".")
    return TextTable(tuple(rows), tuple(lines), numbers)
