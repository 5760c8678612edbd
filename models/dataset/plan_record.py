"""What governments planned to spend on core defence in years whose figure is known.

``models/data/plan_record.csv`` has the plans, each as it stood on the day it was stated; the outcomes are the
vintage's own figures, so an error changes with a revision. The table holds what could be found with a page that
can be opened: it is no sample of all plans. Three in ten of its rows come from collections that go through the allies
one by one (ICDS, ifo); the others were reported because they were news.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from models.dataset.observations import core_shares
from models.dataset.tables import BUNDLED, Tables

PlanStatus = Literal["announced", "plan", "budget", "law"]
PLAN_STATUSES: tuple[PlanStatus, ...] = get_args(PlanStatus)


@dataclass(frozen=True)
class ResolvedPlan:
    """A plan and what came of it.

    Attributes
    ----------
    code : of the ally, ISO 3166 alpha-3.
    status : ``budget``: a draft or adopted budget of the year stated in or of the next; ``plan``: of the medium
        term; ``law``: an act that sets the level; ``announced``: a bare aim.
    made, year : the years of the statement and of the spending; ``year - made`` is how far ahead it looked.
    plan_pct, outcome_pct : in % of the ally's denominator; the outcome as NATO prints it, to two decimals.
    estimate : whether NATO marks the outcome as an estimate.
    """

    code: str
    status: PlanStatus
    made: int
    year: int
    plan_pct: float
    outcome_pct: float
    estimate: bool


def resolved_plans(
    tables: Tables = BUNDLED, last: int | None = None, source: str | None = None
) -> tuple[ResolvedPlan, ...]:
    """The plans for years whose figure ``tables`` hold, in the order of the table.

    Parameters
    ----------
    last : the last year that may be known: plans for later years, or stated later, are left out. None: all.
    source : the edition of the outcomes, a key of the sources table; the newest of ``tables`` if None.
    """
    shares = core_shares(tables, source or tables.uses.core)
    found = []
    for row in tables.read("plan_record"):
        code, made, year = row["iso3"], int(row["stated_on"][:4]), int(row["year"])
        outcome = shares.get(code, {}).get(year)
        if outcome is None or (last is not None and max(made, year) > last):
            continue
        status: PlanStatus = row["status"]  # type: ignore[assignment]  # models.dataset.checks checks the values
        found.append(ResolvedPlan(code, status, made, year, float(row["plan_pct"]), *outcome))
    return tuple(found)
