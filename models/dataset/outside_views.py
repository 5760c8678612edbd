"""What others expect of allies' core spending: ``models/data/outside_views.csv``.

They stand beside our forecasts and are scored when the figure is known; nothing is fitted to them. Only views that
their author published, at an address that can be opened, and that give a level of a year or an order of allies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from models.dataset.countries import allies
from models.dataset.groups import members
from models.dataset.tables import BUNDLED, Tables, number

ViewKind = Literal["bank", "analyst", "think tank", "official"]
VIEW_KINDS: tuple[ViewKind, ...] = get_args(ViewKind)


@dataclass(frozen=True)
class OutsideView:
    """One view of one ally or group in one year.

    Attributes
    ----------
    id : names the statement; rows of one statement share it.
    codes : the allies that it is about, ISO 3166 alpha-3; several if it is about a ``group`` as a whole, which is
        named as in :data:`models.dataset.groups.GROUPS` and None otherwise. The group's level is its spending over
        its GDP.
    stated_on : day (ISO 8601); the last of the month where the page shows only that.
    year : calendar year, for Canada and the United Kingdom the fiscal year that starts in it.
    low_pct, high_pct : the level in % of GDP on NATO's count, equal for a point. None: no bound on that side.
    rank : of this ally in the statement's order, 1 for the likeliest to reach the target; None without an order.
    """

    id: str
    who: str
    kind: ViewKind
    stated_on: str
    codes: tuple[str, ...]
    group: str | None
    statement: str
    year: int
    low_pct: float | None
    high_pct: float | None
    rank: int | None
    source: str


def outside_views(tables: Tables = BUNDLED) -> tuple[OutsideView, ...]:
    """All views, in the order of the table."""
    known = allies(tables)
    return tuple(
        OutsideView(
            id=row["id"],
            who=row["who"],
            kind=row["kind"],  # type: ignore[arg-type]  # the values are checked by models.dataset.checks
            stated_on=row["stated_on"],
            codes=(row["iso3"],)
            if row["iso3"]
            else tuple(code for code in sorted(members((row["group"],))) if known[code].has_armed_forces),
            group=row["group"] or None,
            statement=row["statement"],
            year=int(row["target_year"]),
            low_pct=number(row["low_pct"]),
            high_pct=number(row["high_pct"]),
            rank=int(row["rank"]) if row["rank"] else None,
            source=row["source"],
        )
        for row in tables.read("outside_views")
    )
