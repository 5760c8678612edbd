"""The differences between two vintages, figure by figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from models.dataset.countries import STATUS_OF_STANCE, Ally, allies, with_status
from models.dataset.gdp import growth
from models.dataset.observations import FIRST_YEAR, Figures, core_shares
from models.dataset.tables import Row, Tables

FIRST_GROWTH_YEAR = 2000
"""Earlier growth is not compared: editions of the Outlook round it differently, and only errors are learned from it."""


@dataclass(frozen=True)
class Change:
    """One figure that differs.

    Attributes
    ----------
    table : one of core_share, core_amount, equipment_share, history (before 2014), growth,
        pledges or related_share.
    year : None if the row has none.
    before, after : as they are printed, an estimate with an "e"; None if there is none.
    """

    table: str
    code: str
    name: str
    year: int | None
    before: str | None
    after: str | None

    def __str__(self) -> str:
        year = "" if self.year is None else f" {self.year}"
        return f"{self.name}{year}: {self.before or 'none'} -> {self.after or 'none'}"


Found = Mapping[tuple[str, int | None], str]


def difference(a: Figures, b: Figures) -> tuple[Change, ...]:
    """All figures that differ between vintage ``a`` and ``b``, by table, ally and year."""
    known = allies(b.tables)
    return (
        *_changes("core_share", _core(a), _core(b), known),
        *(
            c
            for table in ("core_amount", "equipment_share")
            for c in _changes(table, _money(a, table), _money(b, table), known)
        ),
        *_changes("history", _history(a), _history(b), known),
        *_changes("growth", _growth(a.tables), _growth(b.tables), known),
        *_statements("pledges", a.tables, b.tables),
        *_statements("related_share", a.tables, b.tables),
    )


def _changes(table: str, a: Found, b: Found, known: Mapping[str, Ally]) -> Iterator[Change]:
    for code, year in sorted(a.keys() | b.keys(), key=lambda key: (key[0], key[1] or 0)):
        before, after = a.get((code, year)), b.get((code, year))
        if before != after:
            yield Change(table, code, known[code].name if code in known else code, year, before, after)


def _core(figures: Figures) -> Found:
    return {
        (code, year): f"{share:.2f}{'e' if estimate else ''}"
        for code, found in core_shares(figures.tables, figures.source).items()
        for year, (share, estimate) in found.items()
    }


def _history(figures: Figures) -> Found:
    """The shares before NATO's own years, as they are joined to them."""
    return {
        (code, o.year): f"{o.share_pct:.3f}"
        for code, seen in figures.observations.items()
        for o in seen
        if o.year < FIRST_YEAR
    }


def _money(figures: Figures, table: str) -> Found:
    column = {"core_amount": "amount", "equipment_share": "equipment_pct"}[table]
    return {
        (row["iso3"], int(row["year"])): row[column] + ("e" if row["estimate"] == "true" else "")
        for row in figures.tables.read(table)
    }


def _growth(tables: Tables) -> Found:
    found: dict[tuple[str, int | None], str] = {}
    for code in allies(tables):
        known = growth(code, tables)
        for index, rate in enumerate(known.real):
            if known.start + index >= FIRST_GROWTH_YEAR:
                found[code, known.start + index] = f"{rate:.2f} %"
    return found


def _statements(table: str, a: Tables, b: Tables) -> Iterator[Change]:
    """Changed plans and claims; they have no key, so a changed one counts as one removed and one added."""
    known = allies(b)
    whole = with_status if table == "pledges" else dict[str, str]
    rows = [{tuple(sorted(row.items())): row for row in map(whole, tables.read(table))} for tables in (a, b)]
    for index, side in enumerate(rows):
        for key, row in side.items():
            if key not in rows[1 - index]:
                level = row.get("target_pct", row.get("share_pct")) or "no figure"
                kind = f"{row['component']} " if "component" in row else ""
                text = f"{kind}{level} ({row.get('stance') or row.get('kind')}, {row['stated_on']}{_later_status(row)})"
                name = known[row["iso3"]].name if row["iso3"] in known else row["iso3"]
                before, after = (text, None) if index == 0 else (None, text)
                yield Change(table, row["iso3"], name, int(row["year"]) if row["year"] else None, before, after)


def _later_status(row: Row) -> str:
    """What has become of a statement, unless it stands as it was made."""
    if row.get("status", "") == STATUS_OF_STANCE.get(row.get("stance", ""), ""):
        return ""
    return f"; {row['status']}, {row['status_on']}"
