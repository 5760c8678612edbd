"""What governments said, from the tables: pledges that lift spending, and plans that forecast it.

A statement whose status is plan, budget or law is a forecast of its year; the others are pledges. The tables hold
statements since 2024. The only earlier commitment is the one of Wales.
"""

from __future__ import annotations

from dataclasses import replace

from models.dataset.countries import STATUS_OF_STANCE, Pledge, allies
from models.dataset.plan_record import resolved_plans
from models.dataset.tables import BUNDLED, Tables
from models.ensemble.members.pledge import Commitment, effective
from models.ensemble.plans import FORECASTS, Plan, plan_errors
from models.ensemble.pool import Promises
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


def _status(pledge: Pledge, year: int) -> str:
    """The status as it was known in ``year``; of a pledge that a figure has decided, the one it had before."""
    decided = pledge.status == "delivered" or (pledge.status == "missed" and (pledge.year or 0) <= year)
    if decided or int(pledge.status_on[:4]) > year:
        return STATUS_OF_STANCE[pledge.stance]
    return pledge.status


def _statements(tables: Tables, year: int) -> list[Commitment]:
    """All dated statements on core spending, % of GDP, made by ``year``, the oldest of an ally first."""
    return [
        Commitment(ally.code, p.target_pct, p.year, int(p.stated_on[:4]), _status(p, year))
        for ally in allies(tables).values()
        for p in sorted(ally.pledges, key=lambda p: p.stated_on)
        if p.component == "core" and p.target_pct and p.year and int(p.stated_on[:4]) <= year
        # A plan that failed is neither a forecast nor a pledge.
        if STATUS_OF_STANCE[p.stance] not in FORECASTS or _status(p, year) not in ("missed", "withdrawn")
    ]


def core_commitments(tables: Tables, year: int) -> list[Commitment]:
    """The pledges on core spending made by ``year``, each with the status that its government's statements give it.

    A plan, budget or law is none: it counts as a forecast (:func:`core_plans`). Neither is a refusal: it changes the
    status of the pledges.
    """
    stated = _statements(tables, year)
    pledges = [s for s in stated if s.status not in (*FORECASTS, "refused")]
    own = {s.series: [o for o in stated if o.series == s.series] for s in stated}
    return [w for w in _wales(WALES_SHARE) if w.made <= year] + [effective(p, own[p.series]) for p in pledges]


def core_plans(tables: Tables, year: int) -> list[Plan]:
    """The plans, budgets and laws on core spending made by ``year``."""
    return [
        Plan(s.series, s.status, s.made, s.deadline, s.threshold)
        for s in _statements(tables, year)
        if s.status in FORECASTS
    ]


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


def promises(tables: Tables, origin: int, known: int | None = None, source: str | None = None) -> Promises:
    """What governments had said by ``known`` (``origin`` if None), as a fit at ``origin`` takes it.

    Parameters
    ----------
    source : the edition whose figures say how plans turned out; the newest of ``tables`` if None.
    """
    year = origin if known is None else known
    # What was said by then counts as if it had been said by the origin.
    commitments = [replace(c, made=min(c.made, origin)) for c in core_commitments(tables, year)]
    plans = [replace(p, made=min(p.made, origin)) for p in core_plans(tables, year)]
    errors = plan_errors(resolved_plans(tables, year, source))
    return Promises(commitments, plans, errors, equipment_panel(tables), equipment_commitments())
