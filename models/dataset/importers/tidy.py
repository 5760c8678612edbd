"""Tidy CSV files of our own tables, recognised by their columns; those of :data:`OPTIONAL` may be missing.

The source of figures is the new vintage, whatever the file says; a plan or a claim keeps the source that the file
names.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping

from models.dataset.importers.base import BadFile, Content, Parsed, number_of, text_of, year_of
from models.dataset.importers.names import ally_code
from models.dataset.tables import Row

MOST_LINES = 100_000
LONGEST_TEXT = 1_000
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "core_share": ("iso3", "year", "share_pct", "estimate"),
    "core_amount": ("iso3", "year", "amount", "unit", "price_basis", "estimate"),
    "equipment_share": ("iso3", "year", "equipment_pct", "estimate"),
    "gdp": ("iso3", "year", "nominal_lcu_bn", "real_growth_pct", "deflator_growth_pct", "kind"),
    "pledges": (
        *("iso3", "component", "target_pct", "year", "stance", "stated_on", "summary"),
        *("status", "status_on", "status_source"),
    ),
    "related_share": ("iso3", "year", "share_pct", "kind", "stated_on", "summary"),
}
STATEMENTS = ("pledges", "related_share")
OPTIONAL = ("estimate", "source", "status", "status_on", "status_source")
_NUMBERS = {"share_pct", "amount", "equipment_pct"}
_NUMBERS_OR_BLANK = {"nominal_lcu_bn", "real_growth_pct", "deflator_growth_pct", "target_pct"}


def read(content: Content) -> Parsed:
    """The rows of one of :data:`LAYOUTS`. Raises BadFile."""
    lines = text_of(content).splitlines()
    if len(lines) > MOST_LINES:
        raise BadFile(f"line {MOST_LINES + 1}", f"is beyond the {MOST_LINES} lines that are read")
    reader = csv.reader(lines, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        table = layout(header)
        parsed = Parsed("csv", "", f"Own figures, imported from {content.name}", "own", "own")
        years = [0, *(_take(parsed, table, header, cells, reader.line_num) for cells in reader if cells)]
    except csv.Error as error:
        raise BadFile(f"line {reader.line_num}", f"is no CSV ({error})") from None
    if not parsed.rows:
        raise BadFile("line 2", "there are no rows")
    parsed.edition = str(max(years)) if max(years) else ""
    return parsed


def layout(header: list[str]) -> str:
    """The table of :data:`LAYOUTS` that has these columns. Raises BadFile."""
    twice = sorted(name for name, times in Counter(header).items() if times > 1)
    if twice:
        raise BadFile("line 1", f"the column {twice[0][:40]!r} stands twice")
    for table, columns in LAYOUTS.items():
        if set(columns) - set(OPTIONAL) <= set(header) <= {*columns, "source"}:
            return table
    known = "; ".join(f"{table}: {','.join(columns)}" for table, columns in LAYOUTS.items())
    raise BadFile("line 1", f"has the columns of no table. Known are {known}")


def _take(parsed: Parsed, table: str, header: list[str], cells: list[str], line: int) -> int:
    if len(cells) != len(header):
        raise BadFile(f"line {line}", f"has {len(cells)} cells, the heading {len(header)}")
    row: Row = {"estimate": "false"} if "estimate" in LAYOUTS[table] else {}
    for name, cell in zip(header, cells, strict=True):
        where = f"line {line}, column {name}"
        blank = not cell.strip() and table == "related_share" and name == "share_pct"
        row[name] = "" if blank else _READ.get(name, _text)(cell.strip(), where)
    if not row.get("year") and table not in STATEMENTS:
        raise BadFile(f"line {line}, column year", "is empty")
    # Written in the order of the table's own columns, whatever the file's.
    keeps_source = table in STATEMENTS and row.get("source")
    columns = [*LAYOUTS[table], *(["source"] if keeps_source else [])]
    parsed.add(table, f"line {line}", {name: row[name] for name in columns if name in row})
    return int(row["year"] or 0) if table in ("core_share", "core_amount", "equipment_share") else 0


def _text(text: str, where: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadFile(where, f"has {len(text)} characters; at most {LONGEST_TEXT} are kept")
    return text


def _country(text: str, where: str) -> str:
    code = ally_code(text)
    if code is None:
        raise BadFile(where, f"{text[:40]!r} is no ally")
    return code


def _year(text: str, where: str) -> str:
    if not text:
        return ""
    year = year_of(text)
    if year is None or year[1]:
        raise BadFile(where, f"{text[:40]!r} is no year")
    return str(year[0])


def _number(text: str, where: str) -> str:
    value = number_of(text, where)
    # As it was written, so that 2.40 stays 2.40, unless it has separators.
    return f"{value:.10g}" if set(text) & {",", " ", "\u00a0"} else text


def _number_or_blank(text: str, where: str) -> str:
    return _number(text, where) if text else ""


def _flag(text: str, where: str) -> str:
    if text.lower() not in ("true", "false"):
        raise BadFile(where, f"{text[:40]!r} is neither 'true' nor 'false'")
    return text.lower()


_READ: Mapping[str, Callable[[str, str], str]] = {
    "iso3": _country,
    "year": _year,
    "estimate": _flag,
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_NUMBERS_OR_BLANK, _number_or_blank),
}
