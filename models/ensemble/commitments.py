"""The allies' commitments, as the pledge member takes them.

The tables hold plans and positions since 2024. The only earlier commitment is the one of Wales.
"""

from __future__ import annotations

from models.dataset.countries import allies
from models.dataset.tables import BUNDLED, Tables
from models.ensemble.members.pledge import Commitment
from models.series import Panel, Series

WALES_YEAR, WALES_DEADLINE = 2014, 2024
"""Wales Summit Declaration, 5 September 2014: 2 % of GDP, 20 % of it on major equipment, "within a decade"."""
WALES_SHARE, WALES_EQUIPMENT = 2.0, 20.0


PROTOCOL_YEARS = {"FIN": 2022, "SWE": 2022}
"""Accession protocols were signed on 5 July 2022: from then on NATO's guideline bound both, though not yet members."""


def _wales(threshold: float) -> list[Commitment]:
    """One commitment an ally, binding from its accession (or the signature of its protocol)."""
    return [
        Commitment(ally.code, threshold, WALES_DEADLINE, max(WALES_YEAR, PROTOCOL_YEARS.get(ally.code, ally.accession)))
        for ally in allies().values()
        if ally.has_armed_forces and PROTOCOL_YEARS.get(ally.code, ally.accession) < WALES_DEADLINE
    ]


def core_commitments(tables: Tables = BUNDLED) -> list[Commitment]:
    """All dated commitments on core spending, % of GDP. Each counts from the year it was stated in."""
    stated = [
        Commitment(ally.code, p.target_pct, p.year, int(p.stated_on[:4]), p.stance)
        for ally in allies(tables).values()
        for p in ally.pledges
        if p.component == "core" and p.target_pct and p.year
    ]
    return _wales(WALES_SHARE) + stated


def equipment_commitments() -> list[Commitment]:
    """The equipment commitment of Wales, % of core spending: a second pledge of the same allies to learn from."""
    return _wales(WALES_EQUIPMENT)


def equipment_panel(tables: Tables = BUNDLED) -> Panel:
    """Equipment shares of all allies, % of core spending; years with none are left out."""
    points: dict[str, dict[int, float]] = {}
    for row in tables.read("equipment_share"):
        if float(row["equipment_pct"]) > 0:
            points.setdefault(row["iso3"], {})[int(row["year"])] = float(row["equipment_pct"])
    return Panel(Series.from_points(code, years) for code, years in points.items())
