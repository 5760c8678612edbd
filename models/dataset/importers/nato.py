"""NATO's tables workbook ("Defence Expenditure of NATO Countries", since 2026 "Defence Investment").

The reader finds a sheet by its title, a block by its heading and a column by its year, since editions differ in the
names of sheets and in layout. In a sheet the row of years comes first, then blocks, each a heading and one row per
ally. Only the wanted block is read; the block of annual changes below it has the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from models.dataset.countries import allies
from models.dataset.importers.base import BadFile, Content, Parsed, year_of
from models.dataset.importers.names import ally_code, is_aggregate, no_ally
from models.dataset.importers.workbook import Sheet, sheets
from models.dataset.tables import Row

_TITLE_ROWS = 12
"""A title is in one of so many rows from the top."""
_GROWTH_YEARS = 3
"""NATO's GDP is newer than the Outlook's only in its last years; earlier ones are the Outlook's own."""


@dataclass(frozen=True)
class _Wanted:
    """One table: its sheet's title, its block's heading, and its name in messages."""

    table: str
    title: re.Pattern[str]
    block: re.Pattern[str]
    called: str


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


_WANTED = (
    _Wanted(
        "core_share",
        _pattern(r"share of (real )?gdp"),
        _pattern(r"share of (real )?gdp"),
        "defence expenditure as a share of GDP",
    ),
    _Wanted(
        "core_amount",
        _pattern(r"defence expenditure.*million us dollars"),
        _pattern(r"constant \d{4} prices"),
        "defence expenditure, constant prices",
    ),
    _Wanted(
        "equipment_share",
        _pattern(r"distribution of defence expenditure"),
        _pattern(r"equipment"),
        "distribution by main category, equipment",
    ),
    _Wanted(
        "gdp",
        _pattern(r"table\s*5\b.*(gdp|gross domestic product)"),
        _pattern(r"^(?!.*per capita).*(gdp|gross domestic product|billion)"),
        "gross domestic product",
    ),
)


@dataclass(frozen=True)
class _Figure:
    code: str | None  # None: all allies together
    year: int
    estimate: bool
    value: float
    where: str


def read(content: Content) -> Parsed:
    """Read core shares and, if the workbook has them, amounts, equipment and recent growth. Raises BadFile."""
    pages = list(sheets(content))
    found: dict[str, list[_Figure]] = {}
    basis: dict[str, str] = {}
    for wanted in _WANTED:
        for page in pages:
            top = _top(page)
            if wanted.table not in found and wanted.title.search(top):
                block = list(_block(page, wanted))
                if block:
                    found[wanted.table] = block
                    basis[wanted.table] = top
    if "core_share" not in found:
        raise BadFile(
            content.name,
            "no visible sheet is titled 'Defence expenditure as a share of GDP' with a block 'Share of real GDP' below "
            f"(sheets: {', '.join(page.name for page in pages) or 'none'})",
        )
    last = max(figure.year for figure in found["core_share"])
    parsed = Parsed(
        "nato",
        str(last),
        f"Defence expenditure of NATO countries, tables to {last}, imported from {content.name}",
        "NATO",
        "credit NATO; not to be sold or used in advertising",
    )
    for wanted in _WANTED:
        if wanted.table in found:
            _take(parsed, wanted.table, found[wanted.table], basis[wanted.table])
        else:
            parsed.notes.append(f"the workbook has no table of {wanted.called}: those figures stay as they were")
    return parsed


def _top(page: Sheet) -> str:
    """All text above the row of years, joined."""
    texts: list[str] = []
    for row in page.rows[:_TITLE_ROWS]:
        if years_in(row):
            break
        texts += [value for value in row if isinstance(value, str)]
    # The heading of a block may be the only place that says the unit.
    return " ".join(texts)[:2000]


def years_in(row: tuple[object, ...]) -> dict[int, tuple[int, bool]]:
    """By column, the years of a heading row and whether they are estimates; none if it is another row.

    Amounts of an ally may look like years ("2084" million): a row that begins with a name is no heading.
    """
    years = {column: year for column, value in enumerate(row) if (year := year_of(value))}
    if len(years) < 3:
        return {}
    before = [value for value in row[: min(years)] if isinstance(value, str)]
    return {} if any(ally_code(text) or is_aggregate(text) for text in before) else years


def _block(page: Sheet, wanted: _Wanted) -> Iterator[_Figure]:
    """The figures of the first block whose heading is the wanted one."""
    years: dict[int, tuple[int, bool]] = {}
    inside = False
    seen: dict[str, str] = {}
    for index, row in enumerate(page.rows):
        headings = years_in(row)
        if headings:
            years = headings
            _check_years(page, index, years)
            continue
        label = next(((c, v) for c, v in enumerate(row) if isinstance(v, str) and v.strip()), None)
        if label is None or not years or label[0] >= min(years):
            continue
        column, text = label
        code, together = ally_code(text), is_aggregate(text)
        has_values = any(row[c] is not None for c in years)
        if code is None and not has_values:
            if inside and seen:
                return
            inside = bool(wanted.block.search(text))
            continue
        if not inside:
            continue
        if code is None and not together:
            raise BadFile(page.cell(index, column), no_ally(text))
        if code is not None and code in seen:
            raise BadFile(page.cell(index, column), f"{text[:60]!r} stands a second time, after {seen[code]}")
        if code is not None:
            seen[code] = page.cell(index, column)
        if code is None and not re.search(r"nato total|^total", text.strip(), re.IGNORECASE):
            continue
        for at, (year, estimate) in years.items():
            value = page.number(index, at)
            if value is not None:
                yield _Figure(code, year, estimate, value, page.cell(index, at))


def _check_years(page: Sheet, index: int, years: dict[int, tuple[int, bool]]) -> None:
    columns = sorted(years)
    for before, at in pairwise(columns):
        if years[at][0] != years[before][0] + 1:
            cell = page.cell(index, at)
            raise BadFile(cell, f"the year {years[at][0]} follows {years[before][0]}: years must follow one another")


def _take(parsed: Parsed, table: str, figures: list[_Figure], top: str) -> None:
    if table == "gdp":
        _take_growth(parsed, figures)
        return
    for figure in figures:
        if figure.code is None:
            parsed.totals[table, figure.year] = (figure.value, figure.where)
            continue
        row: Row = {"iso3": figure.code, "year": str(figure.year)}
        if table == "core_amount":
            basis = re.search(r"(\d{4}) prices", top)
            year = basis[1] if basis else "2021"
            row |= {
                "amount": f"{figure.value:.0f}",
                "unit": "USD million",
                "price_basis": f"constant {year} prices and exchange rates",
            }
        else:
            row[{"core_share": "share_pct", "equipment_share": "equipment_pct"}[table]] = f"{figure.value:.2f}"
        parsed.add(table, figure.where, row | {"estimate": str(figure.estimate).lower()})


def _take_growth(parsed: Parsed, figures: list[_Figure]) -> None:
    """Growth of real GDP, % a year, from its levels. An ally whose share is not of GDP is left out."""
    level = {(f.code, f.year): f for f in figures if f.code is not None}
    last = max(f.year for f in figures)
    known = allies()
    for (code, year), figure in sorted(level.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        before = level.get((code, year - 1))
        if code is None or before is None or year <= last - _GROWTH_YEARS or known[code].denominator != "GDP":
            continue
        if before.value <= 0:
            raise BadFile(before.where, f"{before.value:g} is no GDP")
        parsed.add(
            "gdp",
            figure.where,
            {
                "iso3": code,
                "year": str(year),
                "nominal_lcu_bn": "",
                "real_growth_pct": f"{(figure.value / before.value - 1) * 100:.3f}",
                "deflator_growth_pct": "",
                "kind": "projection" if figure.estimate else "actual",
            },
        )
