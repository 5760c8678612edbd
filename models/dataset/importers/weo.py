"""The IMF's World Economic Outlook, by-country file: tab-separated, UTF-8 or UTF-16, whatever its name ends in."""

from __future__ import annotations

import csv
import re

from models.dataset.importers.base import BadFile, Content, Parsed, number_of, text_of, year_of
from models.dataset.importers.names import ally_code

TERMS = "IMF: reuse with attribution, accuracy not altered"
_COLUMNS = {"NGDP": "nominal", "NGDP_RPCH": "real", "NGDP_D": "deflator"}
_EDITION = re.compile(r"World Economic Outlook(?: Database)?,? +(April|October) +(20\d\d)", re.IGNORECASE)
_MONTHS = {"april": "04", "october": "10"}
MOST_LINES = 100_000


def read(content: Content) -> Parsed:
    """The allies' nominal GDP, real growth and growth of the deflator, by year.

    A line of the file names the edition. All years before it count as reported, although the last one or two are the
    Fund's estimates for some countries. Raises BadFile.
    """
    text = text_of(content)
    edition = _EDITION.search(text)
    if edition is None:
        raise BadFile(content.name, "no line names the edition ('World Economic Outlook Database, October 2025')")
    month, year = _MONTHS[edition[1].lower()], int(edition[2])
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise BadFile(f"line {MOST_LINES + 1}", f"is beyond the {MOST_LINES} lines that are read")
    parsed = Parsed(
        "weo",
        f"{year}_{month}",
        f"World Economic Outlook Database, {edition[1].title()} {year}, imported from {content.name}",
        "IMF",
        TERMS,
        f"{year}-{month}",
        uses={"outlook_from": year, "outlook_actual": year - 1},
    )
    values: dict[str, dict[str, dict[int, tuple[float, str]]]] = {}
    for number, cells, header in _table(lines):
        code = ally_code(cells["ISO"]) if len(cells["ISO"]) == 3 else None
        indicator = _COLUMNS.get(cells["WEO Subject Code"].strip())
        if code is None or indicator is None:
            continue
        mine = values.setdefault(code, {})
        if indicator in mine:
            raise BadFile(f"line {number}", f"{code} {cells['WEO Subject Code']} stands a second time")
        mine[indicator] = {}
        for column, heading in header.items():
            where = f"line {number}, column {column}"
            cell = cells[column].strip()
            if cell.lower() in ("", "n/a", "--", "..."):
                continue
            mine[indicator][heading] = (number_of(cell, where), where)
    for code in sorted(values):
        for indicator in _COLUMNS.values():
            if not values[code].get(indicator):
                called = next(k for k, v in _COLUMNS.items() if v == indicator)
                raise BadFile(content.name, f"{code} has no figures of {called}")
        _take(parsed, code, values[code], year - 1)
    if not parsed.rows:
        raise BadFile(content.name, "no row is of an ally and of NGDP, NGDP_RPCH or NGDP_D")
    return parsed


def _table(lines: list[str]) -> list[tuple[int, dict[str, str], dict[str, int]]]:
    """Line number, cells by column, and the columns of years, of every row below the heading."""
    rows: list[tuple[int, dict[str, str], dict[str, int]]] = []
    header: list[str] = []
    years: dict[str, int] = {}
    iso = last = 0
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), 1):
        if not header:
            header = [cell.strip() for cell in cells]
            for needed in ("ISO", "WEO Subject Code"):
                if needed not in header:
                    raise BadFile("line 1", f"has no column {needed!r}")
            years = {cell: year[0] for cell in header if (year := year_of(cell))}
            if len(years) < 3:
                raise BadFile("line 1", "has no columns of years")
            iso = header.index("ISO")
            last = max(iso, header.index("WEO Subject Code"))
            continue
        if len(cells) <= last:
            continue  # the notes below the table
        if len(cells) < len(header) and ally_code(cells[iso]):
            raise BadFile(f"line {number}", f"has {len(cells)} cells, the heading {len(header)}: the file is cut off")
        rows.append((number, dict(zip(header, cells, strict=False)), years))
    return rows


def _take(parsed: Parsed, code: str, found: dict[str, dict[int, tuple[float, str]]], actual: int) -> None:
    nominal, real, deflator = found["nominal"], found["real"], found["deflator"]
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
