"""Checks of an import. Errors refuse it; warnings are shown and saved with the vintage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from models.dataset.checks import COUNTED_FROM, must_hold, should_hold
from models.dataset.countries import allies
from models.dataset.currencies import currency
from models.dataset.gdp import growth
from models.dataset.importers.base import Parsed
from models.dataset.importers.names import unknown
from models.dataset.observations import Figures, core_shares
from models.dataset.tables import Row, Tables
from models.dataset.vintages import Finding

FRACTIONS_BELOW = 0.2
"""Shares that are all below this, in per cent, are fractions: the least ever reported is 0.3 %."""
MOST_SHARE = 15.0
JUMP, WILD_JUMP = 1.25, 3.0
"""A figure that differs from the base by more than such a factor is a warning, or an error."""
YEARLY_JUMP = 2.0
TOTAL_DIFFERS, TOTAL_WRONG = 0.003, 0.03
"""If the allies' amounts miss the printed total by more: a warning, or an error. Rounding explains a tenth of it."""
SHARE_TOTAL_DIFFERS = 0.03
GROWTH_JUMP_PP = 3.0
ESTIMATES_IN = 3
"""NATO's estimates are of the last two years; one more is allowed."""


def findings(parsed: Parsed, before: Figures, after: Tables) -> list[Finding]:
    """Errors and warnings about ``parsed``; ``before`` is its base, ``after`` the tables that it would make."""
    found = [Finding("warning", parsed.kind, note) for note in parsed.notes]
    if "core_share" in parsed.rows:
        found += _shares(parsed, before)
    found += _coverage(parsed, before.tables)
    found += [_finding("error", text) for text in must_hold(after)]
    if any(f.severity == "error" for f in found):
        # Comparisons of figures would repeat these errors or fail on them.
        return found
    if "core_share" in parsed.rows:
        found += [*_jumps(parsed, before), *_yearly(parsed, before.tables), *_totals(parsed)]
    if "gdp" in parsed.rows:
        found += [*_growth(before.tables, after), *_units(before.tables, after)]
    if {"core_share", "core_amount", "pledges"} & parsed.rows.keys():
        found += [_finding("warning", text) for text in should_hold(after)]
    return found


def _finding(severity: str, text: str) -> Finding:
    where, _, message = text.partition(": ")
    return Finding("error" if severity == "error" else "warning", where, message)


def _where(parsed: Parsed, table: str, row: Row) -> str:
    return parsed.where[table, row["iso3"], int(row["year"])]


def _shares(parsed: Parsed, before: Figures) -> Iterator[Finding]:
    rows = parsed.rows["core_share"]
    values = [float(row["share_pct"]) for row in rows]
    if max(values) < FRACTIONS_BELOW:
        where = _where(parsed, "core_share", rows[0])
        yield Finding(
            "error", where, f"{rows[0]['share_pct']} and all others look like fractions; per cent are expected"
        )
        return
    known = allies(before.tables)
    last, this_year = max(int(row["year"]) for row in rows), datetime.now(UTC).year
    if last > this_year + 1:
        yield Finding("error", "core_share", f"the figures reach to {last}, a year that has not begun")
    if last < before.origin:
        yield Finding(
            "warning", "core_share", f"the figures end in {last}, those of {before.vintage} in {before.origin}"
        )
    for row, value in zip(rows, values, strict=True):
        where = _where(parsed, "core_share", row)
        if not 0 < value < MOST_SHARE:
            yield Finding("error", where, f"{row['share_pct']} is no plausible share in per cent")
        if not known[row["iso3"]].has_armed_forces:
            yield Finding("error", where, f"{known[row['iso3']].name} has no armed forces and no core spending")
        if row["estimate"] == "true" and int(row["year"]) <= last - ESTIMATES_IN:
            yield Finding("warning", where, f"is marked as an estimate, of {row['year']} in figures to {last}")


def _coverage(parsed: Parsed, before: Tables) -> Iterator[Finding]:
    """Allies that the base has and the file has not, and gaps in an ally's years."""
    known = allies(before)
    for table, rows in parsed.rows.items():
        if table in ("pledges", "related_share") or (table == "gdp" and parsed.kind == "nato"):
            continue
        new: dict[str, list[int]] = {}
        for row in rows:
            new.setdefault(row["iso3"], []).append(int(row["year"]))
        wanted = {row["iso3"] for row in before.read(table)}
        missing = [code for code in sorted(wanted - new.keys()) if code in known]
        # The names that are not understood are the cause if there are as many: then the consequence is not reported.
        for name, where in parsed.unknown.items():
            if missing:
                yield Finding("error", where, unknown(name))
            else:
                yield Finding("warning", where, f"{unknown(name)}: its rows were left out")
        if len(missing) > len(parsed.unknown):
            yield from (Finding("error", table, f"{known[code].name} is missing") for code in missing)
        if table != "core_share_history":
            last = max(max(years) for years in new.values())
            for code, years in sorted(new.items()):
                gaps = [str(y) for y in range(min(years), last + 1) if y not in years]
                if gaps:
                    yield Finding("error", table, f"{known[code].name} has no figure of {', '.join(gaps)}")


def _jumps(parsed: Parsed, before: Figures) -> Iterator[Finding]:
    """Figures that differ much from what the base has for the same year."""
    known, names = core_shares(before.tables, before.source), allies(before.tables)
    for row in parsed.rows["core_share"]:
        old = known.get(row["iso3"], {}).get(int(row["year"]))
        if old is None:
            continue
        ratio = float(row["share_pct"]) / old[0]
        far = max(ratio, 1 / ratio)
        if far > JUMP:
            text = f"{names[row['iso3']].name} {row['year']} is {row['share_pct']}, {before.vintage} has {old[0]:.2f}"
            yield Finding("error" if far > WILD_JUMP else "warning", _where(parsed, "core_share", row), text)


def _yearly(parsed: Parsed, before: Tables) -> Iterator[Finding]:
    rows = {(row["iso3"], int(row["year"])): row for row in parsed.rows["core_share"]}
    for (code, year), row in rows.items():
        if last := rows.get((code, year - 1)):
            ratio = float(row["share_pct"]) / float(last["share_pct"])
            if max(ratio, 1 / ratio) > YEARLY_JUMP:
                text = f"{allies(before)[code].name} goes from {last['share_pct']} in {year - 1} to {row['share_pct']}"
                yield Finding("warning", _where(parsed, "core_share", row), text)


def _totals(parsed: Parsed) -> Iterator[Finding]:
    """The printed totals against the sum of the allies that were members in the year."""
    amounts = {(r["iso3"], int(r["year"])): float(r["amount"]) for r in parsed.rows.get("core_amount", ())}
    shares = {(r["iso3"], int(r["year"])): float(r["share_pct"]) for r in parsed.rows["core_share"]}
    for (table, year), (printed, where) in sorted(parsed.totals.items()):
        of_year = {c: x for (c, y), x in amounts.items() if y == year and COUNTED_FROM.get(c, 0) <= year}
        if table == "core_amount" and of_year:
            total = sum(of_year.values())
            off = abs(total / printed - 1) if printed else 1.0
            if off > TOTAL_DIFFERS:
                text = f"the allies add up to {total:.0f} in {year}, the file prints {printed:.0f}"
                yield Finding("error" if off > TOTAL_WRONG else "warning", where, text)
        if table == "core_share" and of_year and all((c, year) in shares for c in of_year):
            gdp = sum(x / shares[c, year] for c, x in of_year.items())
            share = sum(of_year.values()) / gdp
            if abs(share - printed) > SHARE_TOTAL_DIFFERS:
                text = f"the allies together spend {share:.2f} % in {year}, the file prints {printed:.2f}"
                yield Finding("warning", where, text)


def _growth(before: Tables, after: Tables) -> Iterator[Finding]:
    for code, ally in allies(before).items():
        old, new = growth(code, before), growth(code, after)
        first, last = before.uses.outlook_actual, old.start + old.real.size - 1
        pairs = zip(old.real_between(first, last), new.real_between(first, last), strict=True)
        for year, (was, now) in enumerate(pairs, start=first):
            if abs(now - was) > GROWTH_JUMP_PP:
                text = f"real growth of {ally.name} in {year} goes from {was:.1f} to {now:.1f} %"
                yield Finding("warning", "gdp", text)


def _units(before: Tables, after: Tables) -> Iterator[Finding]:
    """Allies whose nominal GDP is counted in another currency than the base's."""
    for code, ally in allies(before).items():
        was, now = currency(code, before), currency(code, after)
        if now != was:
            text = f"nominal GDP of {ally.name} was in {was or 'an unknown currency'}, now in {now or 'an unknown one'}"
            yield Finding("warning", "gdp", text)
