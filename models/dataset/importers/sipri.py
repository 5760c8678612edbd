"""SIPRI's workbook: the sheet "Share of GDP", a row per country, fractions of GDP.

Its colours mark SIPRI's own estimates and highly uncertain figures. They are not read: only the shape of the long
history is used.
"""

from __future__ import annotations

from models.dataset.importers.base import BadFile, Content, Parsed
from models.dataset.importers.names import ally_in
from models.dataset.importers.nato import years_in
from models.dataset.importers.workbook import Sheet, sheets

TERMS = "SIPRI terms: free use with citation; permission needed above 10% of the database"
MOST_FRACTION = 0.6
"""A larger value is taken for a percentage. Only wars have come near this fraction of GDP."""


def read(content: Content) -> Parsed:
    """The allies' rows, in per cent of GDP. Raises BadFile."""
    names = []
    for page in sheets(content):
        names.append(page.name)
        if page.name.strip().casefold() == "share of gdp":
            return _read(content, page)
    raise BadFile(content.name, f"no visible sheet is called 'Share of GDP' (sheets: {', '.join(names) or 'none'})")


def _read(content: Content, page: Sheet) -> Parsed:
    heading = next(
        (
            index
            for index, row in enumerate(page.rows)
            if row and str(row[0]).strip().casefold() == "country" and years_in(row)
        ),
        None,
    )
    if heading is None:
        raise BadFile(page.cell(0, 0), "no row begins with 'Country' and goes on with years")
    years = {column: year for column, (year, _) in years_in(page.rows[heading]).items()}
    last = max(years.values())
    parsed = Parsed(
        "sipri",
        str(last + 1),
        f"SIPRI Military Expenditure Database to {last}, share of GDP, imported from {content.name}",
        "SIPRI",
        TERMS,
    )
    for index in range(heading + 1, len(page.rows)):
        name = page.rows[index][0]
        # A region's heading and the notes below the table have no cell beside the name.
        if not isinstance(name, str) or all(page.rows[index][column] is None for column in years):
            continue
        code = ally_in(parsed, page.cell(index, 0), name)
        if code is None:
            continue
        for column, year in years.items():
            value = page.number(index, column)
            if value is None or value == 0:
                continue
            where = page.cell(index, column)
            if not 0 < value < MOST_FRACTION:
                raise BadFile(where, f"{value:g} is no fraction of GDP: SIPRI's sheet has 0.0406 for 4.06 %")
            row = {"iso3": code, "year": str(year), "share_pct": f"{value * 100:.3f}", "estimate": "false"}
            parsed.add("core_share_history", where, row)
    if not parsed.rows:
        raise BadFile(page.cell(heading, 0), "no ally has a row below this heading")
    return parsed
