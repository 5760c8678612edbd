"""The currency in which an ally's nominal GDP is counted, by its ISO 4217 code.

It belongs to the edition of the Outlook, not to the ally: Bulgaria is in the euro area since 1 January 2026, and the
Outlook of October 2025 counts its GDP in leva. ``members.csv`` has the code in its column ``currency``. An import of
nominal GDP writes the column anew, by comparing the figures with those it replaces.
"""

from __future__ import annotations

from functools import cache

from models.dataset.gdp import nominal_gdp
from models.dataset.tables import BUNDLED, Row, Tables

COLUMN = "currency"
CODES = frozenset(
    "ALL BGN CAD CZK DKK EUR GBP HUF ISK MKD NOK PLN RON SEK TRY USD".split()  # noqa: SIM905  as read
)
"""ISO 4217 codes of the allies' currencies, the lev included."""
EURO_RATES = {"BGN": 1.95583}
"""Units of a former currency for one euro, fixed by the Council of the European Union (8 July 2025)."""
REVISION, AT_RATE = 1.25, 1.1
"""Nominal GDP of a past year that changes by a larger factor is counted in another unit: revisions are smaller. A ratio
within the second factor of a fixed rate is that changeover, with a revision on top."""


@cache
def currency(code: str, tables: Tables = BUNDLED) -> str | None:
    """The ISO 4217 code of the currency of an ally's nominal GDP; None if unknown, as for a series of no ally.

    A vintage that an earlier release saved has no such column: its figures are compared with the bundled ones.
    """
    row = next((row for row in tables.read("members") if row["iso3"] == code), None)
    if row is None:
        return None
    return row[COLUMN] or None if COLUMN in row else replaced(code, BUNDLED, tables)


def replaced(code: str, before: Tables, after: Tables) -> str | None:
    """The currency of an ally's nominal GDP in ``after``, whose figures replace ``before``'s; None if unknown."""
    year = min(before.uses.outlook_actual, after.uses.outlook_actual)
    old, new = (nominal_gdp(code, tables=tables).get(year) for tables in (before, after))
    was = currency(code, before)
    if not old or not new or was is None:
        return None
    if _within(old / new, REVISION):
        return was
    return "EUR" if was in EURO_RATES and _within(old / new / EURO_RATES[was], AT_RATE) else None


def _within(ratio: float, factor: float) -> bool:
    return 1 / factor < ratio < factor


def members_with(before: Tables, after: Tables) -> tuple[Row, ...]:
    """The table ``members`` of ``after`` with the currencies of its nominal GDP, blank where unknown."""
    return tuple(row | {COLUMN: replaced(row["iso3"], before, after) or ""} for row in after.read("members"))
