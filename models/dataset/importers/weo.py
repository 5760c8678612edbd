"""The IMF's World Economic Outlook, in the three forms in which the Fund has published it.

- The by-country file, to April 2025: tab-separated, UTF-8 or UTF-16, whatever its name ends in. A line below the table
  names the edition.
- The workbook, since October 2025 (``WEOApr2026all.xlsx``). Aggregates are on sheets of their own.
- The CSV of the data portal, since 2025: a row per series.

All three have a row per country and indicator and a column per year. They are told apart by their headings, not by
their names, and read by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from models.dataset.countries import allies
from models.dataset.importers.base import BadFile, Content, Parsed, shown, year_of
from models.dataset.importers.delimited import table_of
from models.dataset.importers.names import ally_in
from models.dataset.importers.workbook import sheets

TERMS = "IMF: reuse with attribution, accuracy not altered"
INDICATORS: Mapping[str, str] = {
    "NGDP": "nominal GDP in national currency",
    "NGDP_RPCH": "growth of real GDP",
    "NGDP_D": "the deflator of GDP",
}
"""The indicators that are read, all needed of every ally."""
_COUNTRY = ("ISO", "COUNTRY.ID")
_NAME = ("Country", "COUNTRY")
_INDICATOR = ("WEO Subject Code", "INDICATOR.ID")
_SERIES = ("SERIES_CODE",)
_SCALE = ("Scale", "SCALE")
_LATEST = ("Estimates Start After", "LATEST_ACTUAL_ANNUAL_DATA")
_PUBLISHED = ("PUBLICATION_DATE",)
_READ = {*_COUNTRY, *_NAME, *_INDICATOR, *_SERIES, *_SCALE, *_LATEST, *_PUBLISHED}
_BILLIONS = {"": 1.0, "billions": 1.0, "millions": 1e-3, "thousands": 1e-6, "units": 1e-9, "trillions": 1e3}
"""Factors to billions, by the column of scales."""
_HEADING_ROWS = 20
"""The heading is one of so many rows from the top of a sheet."""
_MONTHS = {"apr": 4, "oct": 10}
_BELOW_TABLE = re.compile(r"World Economic Outlook(?: Database)?,? +(Apr|Oct)[a-z]* +(20[0-9]{2})", re.IGNORECASE)
_IN_SHEET_NAME = re.compile(r"\b(Apr|Oct)[a-z]* +(20[0-9]{2})\b", re.IGNORECASE)
_IN_FILE_NAME = re.compile(r"WEO[ _-]?(Apr|Oct)[a-z]*?[ _-]?(20[0-9]{2})", re.IGNORECASE)


class _Page(Protocol):
    """A sheet of a workbook, or the table of a text file."""

    @property
    def rows(self) -> tuple[tuple[Any, ...], ...]: ...

    def cell(self, row: int, column: int) -> str: ...

    def number(self, row: int, column: int) -> float | None: ...


@dataclass(frozen=True, order=True)
class _Edition:
    year: int
    month: int

    def __str__(self) -> str:
        return f"{'April' if self.month == _MONTHS['apr'] else 'October'} {self.year}"


@dataclass
class _Found:
    """What the rows of the file say.

    Attributes
    ----------
    series : by ally and indicator, value and cell by year.
    rows : the cell of each ally's code, by ally and indicator.
    latest : the latest year that the Fund calls actual, by ally; the earliest of its series.
    editions : each edition that something names, with what does.
    """

    series: dict[tuple[str, str], dict[int, tuple[float, str]]] = field(default_factory=dict)
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)
    editions: dict[_Edition, str] = field(default_factory=dict)


def read(content: Content) -> Parsed:
    """The allies' nominal GDP, real growth and growth of the deflator, by year.

    All years before the edition count as reported; a note names the allies of which the Fund says that they are
    estimates. Raises BadFile.
    """
    parsed = Parsed("weo", "", "", "IMF", TERMS)
    found = _Found()
    _note(found, "its name", content.name, _IN_FILE_NAME)
    if content.data[:2] == b"PK":
        _read_workbook(parsed, found, content)
    else:
        _read_text(parsed, found, content)
    if not found.rows:
        raise BadFile(content.name, f"no row is of an ally and of {_listed(INDICATORS)}")
    _refuse_gaps(found, content)
    edition = _edition(found, content)
    parsed.edition, parsed.date = f"{edition.year}_{edition.month:02d}", f"{edition.year}-{edition.month:02d}"
    parsed.title = f"World Economic Outlook Database, {edition}, imported from {content.name}"
    actual = edition.year - 1
    parsed.uses = {"outlook_from": edition.year, "outlook_actual": actual}
    for code in sorted({code for code, _ in found.rows}):
        _take(parsed, code, *(found.series[code, name] for name in INDICATORS), actual=actual)
    estimated = [allies()[code].name for code, latest in sorted(found.latest.items()) if latest < actual]
    if estimated:
        parsed.notes.append(f"{actual} counts as reported, but is the Fund's estimate for {', '.join(estimated)}")
    return parsed


def _read_workbook(parsed: Parsed, found: _Found, content: Content) -> None:
    names: list[str] = []
    for page in sheets(content):
        names.append(page.name)
        _note(found, f"sheet {page.name}", page.name, _IN_SHEET_NAME)
        heading = next((i for i, row in enumerate(page.rows[:_HEADING_ROWS]) if not _lacking(row)), None)
        if heading is not None:
            _read_rows(parsed, found, page, heading)
    if not found.rows and not parsed.unknown:
        raise BadFile(
            content.name,
            f"no visible sheet has the columns COUNTRY.ID and INDICATOR.ID, or SERIES_CODE, columns of years, and rows "
            f"of {_listed(INDICATORS)} (sheets: {', '.join(names) or 'none'})",
        )


def _read_text(parsed: Parsed, found: _Found, content: Content) -> None:
    table = table_of(content)
    if lacking := _lacking(table.heading):
        raise BadFile(table.line(0), lacking)
    width = len(table.heading)
    needed = 1 + max(i for i, name in enumerate(table.heading) if name in (*_COUNTRY, *_INDICATOR, *_SERIES))
    whole = []
    for index, row in enumerate(table.rows):
        if len(row) < needed or sum(map(bool, row)) == 1:  # the notes below the table
            _note(found, table.line(index), " ".join(row), _BELOW_TABLE)
        elif len(row) < width or any(row[width:]):
            end = "the file is cut off" if len(row) < width else "are its numbers with commas in quotation marks?"
            raise BadFile(table.line(index), f"has {len(row)} cells, the heading {width}: {end}")
        else:
            whole.append(index)
    _read_rows(parsed, found, table, 0, whole)


def _lacking(heading: Iterable[object]) -> str:
    """What a row lacks to be the heading; empty if nothing."""
    names = {str(cell).strip() for cell in heading}
    if {"TIME_PERIOD", "OBS_VALUE"} <= names:
        return "has a row per figure (TIME_PERIOD, OBS_VALUE): export the table with a column per year"
    if not names & set(_SERIES):
        for known in (_COUNTRY, _INDICATOR):
            if not names & set(known):
                return f"has no column {' or '.join(map(repr, (*known, *_SERIES)))}"
    if sum(year_of(name) is not None for name in names) < 3:
        return "has no columns of years"
    return ""


def _read_rows(parsed: Parsed, found: _Found, page: _Page, heading: int, rows: Iterable[int] | None = None) -> None:
    """Read the rows below the heading, or some of them."""
    columns: dict[str, int] = {}
    years: dict[int, int] = {}
    for column, cell in enumerate(page.rows[heading]):
        name = "" if cell is None else str(cell).strip()
        year = year_of(name)
        if (year and year[0] in years) or (name in _READ and name in columns):
            raise BadFile(page.cell(heading, column), f"the column {shown(name)} stands twice")
        columns[name] = column
        if year:
            years[year[0]] = column
    for index in rows or range(heading + 1, len(page.rows)):
        if index > heading:
            _read_row(parsed, found, _Row(page, index, columns), years)


@dataclass(frozen=True)
class _Row:
    page: _Page
    index: int
    columns: Mapping[str, int]

    def column(self, names: tuple[str, ...]) -> int | None:
        return next((self.columns[name] for name in names if name in self.columns), None)

    def value(self, names: tuple[str, ...]) -> Any:
        column = self.column(names)
        return None if column is None else self.page.rows[self.index][column]

    def text(self, names: tuple[str, ...]) -> str:
        value = self.value(names)
        return "" if value is None else str(value).strip()

    def where(self, names: tuple[str, ...]) -> str:
        return self.page.cell(self.index, self.column(names) or 0)


def _read_row(parsed: Parsed, found: _Found, row: _Row, years: Mapping[int, int]) -> None:
    code_by_series, indicator_by_series, frequency = (*row.text(_SERIES).split("."), "", "", "")[:3]
    indicator = row.text(_INDICATOR) or indicator_by_series
    if indicator not in INDICATORS or frequency not in ("", "A"):
        return
    named = row.text(_COUNTRY) or code_by_series
    where = row.where(_COUNTRY if row.text(_COUNTRY) else _SERIES)
    if (indicator_by_series or indicator, code_by_series or named) != (indicator, named):
        raise BadFile(row.where(_SERIES), f"is {shown(row.text(_SERIES))} in a row of {named} and {indicator}")
    code = ally_in(parsed, where, named, row.text(_NAME))
    if code is None:
        return
    if (code, indicator) in found.rows:
        raise BadFile(where, f"{code} {indicator} stands a second time, after {found.rows[code, indicator]}")
    found.rows[code, indicator] = where
    factor = _factor(row, indicator)
    found.series[code, indicator] = {
        year: (value * factor, row.page.cell(row.index, column))
        for year, column in years.items()
        if (value := row.page.number(row.index, column)) is not None
    }
    if row.column(_LATEST) is not None:
        found.latest[code] = min(found.latest.get(code, 9999), _latest(row))
    if published := row.value(_PUBLISHED):
        edition = _published_in(published, row.where(_PUBLISHED))
        found.editions.setdefault(edition, f"{row.where(_PUBLISHED)} ({str(published)[:10]})")


def _factor(row: _Row, indicator: str) -> float:
    """What a row's figures are multiplied with: nominal GDP is wanted in billions, the others have no scale."""
    scale = row.text(_SCALE).lower() if indicator == "NGDP" else ""
    if scale not in _BILLIONS:
        known = ", ".join(name.capitalize() for name in _BILLIONS if name)
        raise BadFile(row.where(_SCALE), f"{shown(row.text(_SCALE))} is none of the scales {known}")
    return _BILLIONS[scale]


def _latest(row: _Row) -> int:
    """The latest year with actual figures; 0 if the Fund names none. ``FY2023/24`` is a fiscal year ending in 2024."""
    year = re.search(r"([0-9]{4})(/[0-9]{2})?", row.text(_LATEST))
    return int(year[1]) + bool(year[2]) if year else 0


def _published_in(value: object, where: str) -> _Edition:
    """The edition that was the newest on a date: the Outlook comes out in April and October."""
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise BadFile(where, f"{shown(str(value))} is no date such as 2026-04-14") from None
    year, month = (day.year, day.month) if day.month >= _MONTHS["apr"] else (day.year - 1, 12)
    return _Edition(year, _MONTHS["oct"] if month >= _MONTHS["oct"] else _MONTHS["apr"])


def _note(found: _Found, what: str, text: str, pattern: re.Pattern[str]) -> None:
    """Note the edition that a text names, if any."""
    if named := pattern.search(text):
        found.editions.setdefault(_Edition(int(named[2]), _MONTHS[named[1].lower()]), what)


def _edition(found: _Found, content: Content) -> _Edition:
    if len(found.editions) > 1:
        said = "; ".join(f"{what} says {edition}" for edition, what in sorted(found.editions.items()))
        raise BadFile(content.name, f"is of two editions: {said}. If its name is wrong, rename it")
    if not found.editions:
        raise BadFile(
            content.name,
            "nothing in it names its edition (a line 'World Economic Outlook Database, April 2026', a sheet 'April 2026"
            " WEO' or the column PUBLICATION_DATE): call the file as the IMF does, such as WEOApr2026all.xlsx (over "
            "HTTP filename=WEOApr2026all.xlsx)",
        )
    return next(iter(found.editions))


def _refuse_gaps(found: _Found, content: Content) -> None:
    """Refuse a file that lacks an indicator of some ally."""
    codes = sorted({code for code, _ in found.rows})
    for indicator, meaning in INDICATORS.items():
        without = [code for code in codes if not found.series.get((code, indicator))]
        if without:
            whose = "any ally" if without == codes else ", ".join(allies()[code].name for code in without)
            raise BadFile(
                content.name,
                f"has no {indicator} ({meaning}) of {whose}; every ally needs {_listed(INDICATORS)}",
            )


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}"


def _take(
    parsed: Parsed,
    code: str,
    nominal: dict[int, tuple[float, str]],
    real: dict[int, tuple[float, str]],
    deflator: dict[int, tuple[float, str]],
    *,
    actual: int,
) -> None:
    for year in sorted(nominal.keys() | real.keys() | deflator.keys()):
        where = next(series[year][1] for series in (real, nominal, deflator) if year in series)
        before, now = deflator.get(year - 1), deflator.get(year)
        if now and now[0] <= 0:
            raise BadFile(now[1], f"{now[0]:g} is no deflator")
        parsed.add(
            "gdp",
            where,
            {
                "iso3": code,
                "year": str(year),
                "nominal_lcu_bn": f"{nominal[year][0]:.3f}" if year in nominal else "",
                "real_growth_pct": f"{real[year][0]:.3f}" if year in real else "",
                "deflator_growth_pct": f"{(now[0] / before[0] - 1) * 100:.3f}" if now and before else "",
                "kind": "actual" if year <= actual else "projection",
            },
        )
    if actual not in nominal or actual not in real:
        raise BadFile(next(iter(real.values()))[1], f"{code} has no figures of {actual}, the year before the edition")
