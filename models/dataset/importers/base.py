"""What all readers share: the input, the output and the error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from models.dataset.tables import Row

MOST_BYTES = 50_000_000
"""Largest size of a file. The IMF's workbook has about a tenth; its CSV, which repeats notes in every row, more."""
FIRST_YEAR, LAST_YEAR = 1900, 2100


class BadFile(Exception):
    """A file that cannot be read: ``where`` is the cell or line, ``problem`` says why."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


@dataclass(frozen=True)
class Content:
    """A file's bytes, and its name for messages."""

    data: bytes
    name: str = "file"

    def __post_init__(self) -> None:
        if not self.data:
            raise BadFile(self.name, "is empty")
        if len(self.data) > MOST_BYTES:
            raise BadFile(self.name, f"has {len(self.data)} bytes; at most {MOST_BYTES} are read")


Key = tuple[str, str, int]
"""Table, ally and year of one row."""


@dataclass
class Parsed:
    """The rows that a file holds, by table, still without their ``source``.

    Attributes
    ----------
    edition : the edition that the file names, such as ``2026`` or ``2026_04``; part of the source's name.
    title, publisher, terms, date, address : for ``sources.csv``; empty where the file does not say.
    where : the cell that each row was read from.
    totals : what the file prints for all allies together, by table and year, with the cell.
    notes : what the file lacks and so does not change, in words.
    unknown : names of countries that are not understood, with the cell of the first.
    uses : fields of :class:`models.dataset.tables.Uses` that the file sets itself.
    """

    kind: str
    edition: str
    title: str
    publisher: str
    terms: str
    date: str = ""
    address: str = ""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    where: dict[Key, str] = field(default_factory=dict)
    totals: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    uses: Mapping[str, int] = field(default_factory=dict)

    def add(self, table: str, where: str, row: Row) -> None:
        """Add a row of ``table``, read at ``where``.

        Raises
        ------
        BadFile
            if the file has a figure for this ally and year already.
        """
        if row.get("year"):
            key = (table, row["iso3"], int(row["year"]))
            if table not in ("pledges", "related_share") and key in self.where:
                raise BadFile(where, f"{row['iso3']} {row['year']} stands a second time, after {self.where[key]}")
            self.where[key] = where
        self.rows.setdefault(table, []).append(row)


_YEAR = re.compile(r"((?:19|20|21)[0-9]{2})\s*(\(?e(?:st\.?)?\)?)?\s*\*?", re.IGNORECASE)


def year_of(value: object) -> tuple[int, bool] | None:
    """The year in a heading, and whether it is marked as an estimate ("2023e"); None if it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return (int(value), False) if value == int(value) and FIRST_YEAR <= value <= LAST_YEAR else None
    found = _YEAR.fullmatch(str(value).strip())
    return (int(found[1]), bool(found[2])) if found else None


def shown(text: str) -> str:
    """A cell's text for a message, cut to 40 characters."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def text_of(content: Content) -> str:
    """The text of a UTF-8 or UTF-16 file, whatever its name. Raises BadFile."""
    data = content.data
    refuse_other_kinds(content)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif len(data) > 3 and data[1] == 0 and data[3] == 0:
        encoding = "utf-16-le"
    elif len(data) > 3 and data[0] == 0 and data[2] == 0:
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile(f"byte {error.start + 1}", f"is not {encoding.removesuffix('-sig')} text") from None
    if "\x00" in text:
        raise BadFile(content.name, "holds zero bytes: it is no text file")
    return text


def refuse_other_kinds(content: Content) -> None:
    """Refuse files often sent by mistake: a web page, an archive, an old workbook, a PDF."""
    head = content.data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, kind in (
        (b"<!doctype html", "a web page"),
        (b"<html", "a web page"),
        (b"%pdf", "a PDF"),
        (b"pk\x03\x04", "a workbook or an archive, not a text file"),
        (b"\xd0\xcf\x11\xe0", "an old or encrypted Office file"),
        (b"\x1f\x8b", "a compressed file"),
    ):
        if head.startswith(start):
            raise BadFile(content.name, f"is {kind}")
