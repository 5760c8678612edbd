"""The World Bank's API: SIPRI's share of GDP as it republishes it, an array of two (paging, then rows)."""

from __future__ import annotations

import json
from typing import Any

from models.dataset.importers.base import BadFile, Content, Parsed, text_of, year_of
from models.dataset.importers.names import ally_in
from models.dataset.importers.numbers import PLAIN
from models.dataset.importers.sipri import TERMS

INDICATOR = "MS.MIL.XPND.GD.ZS"


def _refused(constant: str) -> Any:
    raise BadFile("file", f"{constant} is not a number")


def read(content: Content) -> Parsed:
    """The allies' rows, in per cent of GDP. Raises BadFile."""
    try:
        found = json.loads(text_of(content), parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise BadFile(f"line {error.lineno}, column {error.colno}", f"is no JSON ({error.msg})") from None
    except (RecursionError, ValueError) as error:
        raise BadFile(content.name, f"is no JSON that can be read ({type(error).__name__})") from None
    if isinstance(found, list) and found and isinstance(found[0], dict) and "message" in found[0]:
        raise BadFile("/0/message", "is the API's message of an error, not data")
    if not (isinstance(found, list) and len(found) == 2 and isinstance(found[0], dict) and isinstance(found[1], list)):
        raise BadFile(content.name, "is not an array of two: paging, then rows")
    if found[0].get("pages", 1) != 1:
        raise BadFile("/0/pages", f"is {found[0]['pages']!r}: all rows must be on one page (per_page=20000)")
    parsed = Parsed("worldbank", "", "", "World Bank, from SIPRI", TERMS)
    years = []
    for index, row in enumerate(found[1]):
        years += _take(parsed, f"/1/{index}", row)
    if not years:
        raise BadFile(content.name, f"no row is of an ally and of {INDICATOR}")
    last = max(years)
    parsed.edition = str(last + 1)
    parsed.title = f"World Development Indicators, {INDICATOR} to {last}, imported from {content.name}"
    parsed.date = str(found[0].get("lastupdated", ""))[:10]
    return parsed


def _take(parsed: Parsed, where: str, row: Any) -> list[int]:
    if not isinstance(row, dict):
        raise BadFile(where, "is no object")
    indicator = row.get("indicator")
    measured = indicator.get("id") if isinstance(indicator, dict) else indicator
    if measured != INDICATOR:
        raise BadFile(f"{where}/indicator", f"is {str(measured)[:40]!r}, not {INDICATOR}")
    if row.get("value") is None:
        return []
    country = row.get("country")
    named = [row.get("countryiso3code"), country.get("value") if isinstance(country, dict) else country]
    code = ally_in(parsed, where, *(text for text in named if isinstance(text, str)))
    if code is None:
        return []
    year = year_of(row.get("date"))
    if year is None:
        raise BadFile(f"{where}/date", f"{str(row.get('date'))[:40]!r} is no year")
    value = row["value"]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadFile(f"{where}/value", f"is a {type(value).__name__}, not a number")
    number = PLAIN.read(value if isinstance(value, str) else repr(value), f"{where}/value")
    if number:
        parsed.add(
            "core_share_history",
            f"{where}/value",
            {"iso3": code, "year": str(year[0]), "share_pct": f"{number:.3f}", "estimate": "false"},
        )
    return [year[0]]
