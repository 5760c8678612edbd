"""Tidy CSV files of our own tables, recognised by their columns; those of :data:`OPTIONAL` may be missing.

The source of figures is the new vintage, whatever the file says; a plan or a claim keeps the source that the file
names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.dataset.importers.base import BadFile, Content, Parsed, shown, year_of
from models.dataset.importers.delimited import TextTable, table_of
from models.dataset.importers.names import ally_code, no_ally
from models.dataset.importers.numbers import Numbers
from models.dataset.tables import Row

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
    found = table_of(content)
    found.refuse_column_twice()
    table = layout(found.heading)
    parsed = Parsed("csv", "", f"Own figures, imported from {content.name}", "own", "own")
    years = [0, *(_take(parsed, table, found, row) for row in range(1, len(found.rows)))]
    if not parsed.rows:
        raise BadFile("line 2", "there are no rows")
    parsed.edition = str(max(years)) if max(years) else ""
    return parsed


def layout(header: tuple[str, ...]) -> str:
    """The table of :data:`LAYOUTS` that has these columns. Raises BadFile."""
    for table, columns in LAYOUTS.items():
        if set(columns) - set(OPTIONAL) <= set(header) <= {*columns, "source"}:
            return table
    known = "; ".join(f"{table}: {','.join(columns)}" for table, columns in LAYOUTS.items())
    raise BadFile("line 1", f"has the columns of no table. Known are {known}")


def _take(parsed: Parsed, table: str, found: TextTable, at: int) -> int:
    found.refuse_other_length(at)
    row: Row = {"estimate": "false"} if "estimate" in LAYOUTS[table] else {}
    for column, (name, cell) in enumerate(zip(found.heading, found.rows[at], strict=True)):
        blank = not cell and table == "related_share" and name == "share_pct"
        row[name] = "" if blank else _READ.get(name, _text)(cell, found.cell(at, column), found.numbers)
    if not row.get("year") and table not in STATEMENTS:
        raise BadFile(f"{found.line(at)}, column year", "is empty")
    # Written in the order of the table's own columns, whatever the file's.
    keeps_source = table in STATEMENTS and row.get("source")
    columns = [*LAYOUTS[table], *(["source"] if keeps_source else [])]
    parsed.add(table, found.line(at), {name: row[name] for name in columns if name in row})
    return int(row["year"] or 0) if table in ("core_share", "core_amount", "equipment_share") else 0


def _text(text: str, where: str, _numbers: Numbers) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadFile(where, f"has {len(text)} characters; at most {LONGEST_TEXT} are kept")
    return text


def _country(text: str, where: str, _numbers: Numbers) -> str:
    code = ally_code(text)
    if code is None:
        raise BadFile(where, no_ally(text))
    return code


def _year(text: str, where: str, _numbers: Numbers) -> str:
    if not text:
        return ""
    year = year_of(text)
    if year is None or year[1]:
        raise BadFile(where, f"{shown(text)} is no year")
    return str(year[0])


def _number(text: str, where: str, numbers: Numbers) -> str:
    numbers.read(text, where)  # finite
    return numbers.plain(text, where)  # with its own decimals: 2.40 stays 2.40


def _number_or_blank(text: str, where: str, numbers: Numbers) -> str:
    return _number(text, where, numbers) if text else ""


def _flag(text: str, where: str, _numbers: Numbers) -> str:
    if text.lower() not in ("true", "false"):
        raise BadFile(where, f"{shown(text)} is neither 'true' nor 'false'")
    return text.lower()


_READ: Mapping[str, Callable[[str, str, Numbers], str]] = {
    "iso3": _country,
    "year": _year,
    "estimate": _flag,
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_NUMBERS_OR_BLANK, _number_or_blank),
}
