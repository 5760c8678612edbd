"""Checks of a vintage's tables."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from models.dataset import tables as bundled
from models.dataset.countries import COMPONENTS, RESOLVED, STANCES, STATUSES, with_status
from models.dataset.currencies import CODES, COLUMN
from models.dataset.groups import GROUPS
from models.dataset.observations import FIRST_YEAR, GNI_BREAK, core_shares
from models.dataset.outside_views import VIEW_KINDS
from models.dataset.plan_record import PLAN_STATUSES
from models.dataset.tables import BUNDLED, Tables

KEYS = {
    "core_share": ("iso3", "year"),
    "core_amount": ("iso3", "year", "unit", "price_basis"),
    "equipment_share": ("iso3", "year"),
    "core_share_history": ("iso3", "year", "source"),
    "share_vintages": ("iso3", "year", "source"),
    "gdp": ("iso3", "year", "source"),
    "members": ("iso3",),
    "outside_views": ("id", "iso3", "target_year"),
    "plan_record": ("iso3", "status", "stated_on", "year"),
    "sources": ("source",),
}
# The totals that NATO prints for the members of each year, USD million at 2021 prices.
PRINTED_IN = BUNDLED.uses.core
PRINTED_TOTALS = {2014: 1026158, 2020: 1155901, 2024: 1330026, 2025: 1404842, 2026: 1484129}
COUNTED_FROM = {"MNE": 2017, "MKD": 2020, "FIN": 2023, "SWE": 2024}


def check(tables: Tables = BUNDLED) -> list[str]:
    """Errors and doubts about the tables, one sentence each."""
    return [*must_hold(tables), *should_hold(tables)]


def must_hold(tables: Tables) -> list[str]:
    """Errors that make the tables unusable."""
    return [
        *_keys(tables),
        *_references(tables),
        *_members(tables),
        *_shares(tables),
        *_equipment(tables),
        *_growth(tables),
        *_pledges(tables),
        *_plan_record(tables),
        *_outside_views(tables),
        *_related(tables),
    ]


def should_hold(tables: Tables) -> list[str]:
    """Doubts about amounts and about what the figures say of a pledge, and unknown currencies.

    A publisher's revision may be the reason for a doubt.
    """
    return [*_amounts(tables), *_currencies(tables), *_outcomes(tables)]


def _keys(tables: Tables) -> Iterator[str]:
    for table, key in KEYS.items():
        counts = Counter(tuple(row[k] for k in key) for row in tables.read(table))
        yield from (f"{table}: {'/'.join(k)} stands {n} times" for k, n in counts.items() if n > 1)


def _references(tables: Tables) -> Iterator[str]:
    sources = {row["source"] for row in tables.read("sources")}
    known = {row["iso3"] for row in tables.read("members")}
    for table in bundled.NAMES:
        rows = tables.read(table)
        if not rows:
            yield f"{table}: is empty"
        if table == "sources":
            continue
        yield from (f"{table}: source {s!r} is not in sources.csv" for s in {r["source"] for r in rows} - sources)
        # A view may be about a group instead of an ally.
        named = {r["iso3"] for r in rows if r["iso3"] or not r.get("group")}
        yield from (f"{table}: {c!r} is no ally" for c in named - known)


def _members(tables: Tables) -> Iterator[str]:
    rows = tables.read("members")
    if len(rows) != 32 or len({r["iso2"] for r in rows}) != 32:
        yield f"members: 32 allies with codes of their own are expected, found {len(rows)}"
    if [r["iso3"] for r in rows if r["has_armed_forces"] != "true"] != ["ISL"]:
        yield "members: only Iceland is without armed forces"
    if [r["iso3"] for r in rows if r["denominator"] == "GNI"] != ["LUX"]:
        yield "members: only Luxembourg is measured against GNI"
    for row in rows:
        # A vintage that an earlier release saved has no such column, and an import may not know the currency.
        if (code := row.get(COLUMN)) and code not in CODES:
            yield f"members: {row['iso3']} has currency {code!r}; known are {', '.join(sorted(CODES))} (ISO 4217)"


def _shares(tables: Tables) -> Iterator[str]:
    for table in ("core_share", "core_share_history", "share_vintages"):
        for row in tables.read(table):
            if not 0 < float(row["share_pct"]) < 15:
                yield f"{table}: {row['iso3']} {row['year']} {row['share_pct']} is no plausible share in per cent"
    years: dict[str, list[int]] = defaultdict(list)
    for row in tables.read("core_share"):
        years[row["iso3"]].append(int(row["year"]))
    last = max(y for found in years.values() for y in found)
    for code, found in years.items():
        if found != list(range(FIRST_YEAR, last + 1)):
            yield f"core_share: {code} does not run from {FIRST_YEAR} to {last} without a gap"


def _amounts(tables: Tables) -> Iterator[str]:
    amount = {(r["iso3"], int(r["year"])): float(r["amount"]) for r in tables.read("core_amount")}
    edition = {r["source"] for r in tables.read("core_amount")}
    # An amount belongs to the share of its own edition, which is an older one if newer shares were imported.
    share = {
        (r["iso3"], int(r["year"])): float(r["share_pct"])
        for name in ("share_vintages", "core_share")
        for r in tables.read(name)
        if r["source"] in edition
    }
    for year, printed in PRINTED_TOTALS.items() if edition == {PRINTED_IN} else ():
        total = sum(x for (code, y), x in amount.items() if y == year and COUNTED_FROM.get(code, 0) <= year)
        if abs(total - printed) > 300:
            yield f"core_amount: the allies add up to {total:.0f} in {year}, NATO prints {printed}"
    for (code, year), x in amount.items():
        pairs = ((code, year), (code, year - 1))
        if all(pair in amount and pair in share for pair in pairs) and (code, year) != GNI_BREAK:
            growth = x / share[code, year] / (amount[code, year - 1] / share[code, year - 1]) - 1
            if not -0.16 < growth < 0.14:
                yield f"core_amount: amount over share of {code} grows by {growth:.0%} in {year}"


def _currencies(tables: Tables) -> Iterator[str]:
    for row in tables.read("members"):
        if row.get(COLUMN) == "":
            yield f"members: the currency of {row['iso3']} is unknown"


def _equipment(tables: Tables) -> Iterator[str]:
    for row in tables.read("equipment_share"):
        if not 0 <= float(row["equipment_pct"]) <= 65:
            yield f"equipment_share: {row['iso3']} {row['year']} {row['equipment_pct']} is out of range"


def _growth(tables: Tables) -> Iterator[str]:
    for row in tables.read("gdp"):
        rate = bundled.number(row["real_growth_pct"])
        if rate is not None and not -40 < rate < 30:
            yield f"gdp: real growth of {row['iso3']} {row['year']} is {rate}"
        if row["kind"] not in ("actual", "projection"):
            yield f"gdp: {row['iso3']} {row['year']} is of kind {row['kind']!r}"


def _pledges(tables: Tables) -> Iterator[str]:
    sources = {row["source"] for row in tables.read("sources")}
    for row in map(with_status, tables.read("pledges")):
        target, year = bundled.number(row["target_pct"]), row["year"]
        if row["component"] not in COMPONENTS or row["stance"] not in STANCES:
            yield f"pledges: {row['iso3']} has component {row['component']!r}, stance {row['stance']!r}"
        if (target is not None and not 0 < target <= 6) or (year and not 2024 <= int(year) <= 2040):
            yield f"pledges: {row['iso3']} aims at {row['target_pct']} in {year}"
        if not _is_day(row["stated_on"]) or not row["summary"].strip():
            yield f"pledges: {row['iso3']} has no day (2026-01-31) or no summary: {row['stated_on']!r}"
        if row["stance"] in STANCES and row["status"] not in STATUSES:
            yield f"pledges: {row['iso3']} has status {row['status']!r}; known are {', '.join(STATUSES)}"
        if not _is_day(row["status_on"]) or row["status_on"] < row["stated_on"]:
            yield f"pledges: {row['iso3']} has status of {row['status_on']!r}, no day from {row['stated_on']} on"
        if row["status_source"] not in sources | {row["source"]}:
            yield f"pledges: source {row['status_source']!r} of a status is not in sources.csv"
        if row["status"] in RESOLVED and (target is None or not year):
            yield f"pledges: {row['iso3']} is {row['status']}, but names no level or no year"


def _is_day(text: str) -> bool:
    """Whether a cell is a day of this century, such as 2026-01-31."""
    try:
        return re.fullmatch(r"20\d\d-\d\d-\d\d", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _outcomes(tables: Tables) -> Iterator[str]:
    """Pledges on core spending whose status the figures contradict, at the two decimals that NATO prints."""
    shares = core_shares(tables, tables.uses.core)
    for row in map(with_status, tables.read("pledges")):
        target, code = bundled.number(row["target_pct"]), row["iso3"]
        if row["component"] != "core" or target is None or not row["year"] or row["status"] == "refused":
            continue
        year, status = int(row["year"]), row["status"]
        known = shares.get(code, {})
        if year not in known:
            if status == "delivered":
                yield f"pledges: {code} {target} in {year} is delivered, but there is no figure of that year"
            continue
        reached = "delivered" if known[year][0] >= target else "missed"
        if status != reached:
            yield f"pledges: {code} {target} in {year} is {status}; the figure of {known[year][0]:.2f} says {reached}"


def _plan_record(tables: Tables) -> Iterator[str]:
    for row in tables.read("plan_record"):
        where = f"plan_record: {row['iso3']} {row['year']}"
        if row["status"] not in PLAN_STATUSES:
            yield f"{where} has status {row['status']!r}; known are {', '.join(PLAN_STATUSES)}"
        if not _is_day(row["stated_on"]) or not row["summary"].strip():
            yield f"{where} has no day (2026-01-31) or no summary: {row['stated_on']!r}"
        elif row["stated_on"][:4] > row["year"]:
            yield f"{where} was stated on {row['stated_on']}, after its year"
        if not 0 < float(row["plan_pct"]) <= 8:
            yield f"{where} plans {row['plan_pct']}"


def _outside_views(tables: Tables) -> Iterator[str]:
    for row in tables.read("outside_views"):
        where = f"outside_views: {row['id']} {row['iso3'] or row['group']}"
        if bool(row["iso3"]) == bool(row["group"]) or (row["group"] and row["group"] not in GROUPS):
            yield f"{where} is about neither one ally nor one of {', '.join(GROUPS)}"
        if row["kind"] not in VIEW_KINDS:
            yield f"{where} is of kind {row['kind']!r}; known are {', '.join(VIEW_KINDS)}"
        if not _is_day(row["stated_on"]) or not row["statement"].strip():
            yield f"{where} has no day (2026-01-31) or no statement: {row['stated_on']!r}"
        elif row["stated_on"][:4] > row["target_year"]:
            yield f"{where} was stated on {row['stated_on']}, after its year"
        low, high = bundled.number(row["low_pct"]), bundled.number(row["high_pct"])
        if low is None and high is None and not row["rank"]:
            yield f"{where} gives neither a level nor a rank"
        if not 0 < (low or 1) <= (high or 8) <= 8:
            yield f"{where} expects {row['low_pct']} to {row['high_pct']}"


def _related(tables: Tables) -> Iterator[str]:
    for row in tables.read("related_share"):
        level = bundled.number(row["share_pct"])
        if level is not None and not 0 <= level <= 3:
            yield f"related_share: {row['iso3']} {row['share_pct']} is out of range"
