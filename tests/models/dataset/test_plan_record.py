"""Plans for years whose figure is known."""

import pytest

from models.dataset.checks import must_hold
from models.dataset.plan_record import PLAN_STATUSES, ResolvedPlan, resolved_plans
from models.dataset.tables import BUNDLED, Tables


def with_row(**columns):
    row = dict(BUNDLED.read("plan_record")[0]) | columns
    return Tables("one plan more", BUNDLED.uses, {"plan_record": (*BUNDLED.read("plan_record"), row)})


def test_a_plan_stands_beside_what_was_spent():
    found = resolved_plans()
    assert ResolvedPlan("POL", "budget", 2025, 2026, 4.81, 4.68, True) in found
    assert ResolvedPlan("DEU", "plan", 2019, 2023, 1.25, 1.60, False) in found
    assert {plan.status for plan in found} == set(PLAN_STATUSES)
    assert all(plan.made <= plan.year for plan in found)


def test_every_plan_of_the_table_has_an_outcome():
    assert len(resolved_plans()) == len(BUNDLED.read("plan_record")) > 80


@pytest.mark.parametrize("last", [2017, 2019, 2023, 2025])
def test_nothing_is_known_that_was_stated_or_spent_later(last):
    found = resolved_plans(BUNDLED, last)
    assert found == tuple(p for p in resolved_plans() if p.year <= last and p.made <= last)
    assert len(found) < len(resolved_plans())
    assert bool(found) == (last > 2017)


def test_a_plan_without_a_figure_is_not_resolved():
    assert resolved_plans(with_row(year="2031")) == resolved_plans()


def test_outcomes_are_the_editions_own():
    (newest,) = (p for p in resolved_plans(BUNDLED) if (p.code, p.year, p.made) == ("DEU", 2023, 2019))
    (older,) = (
        p for p in resolved_plans(BUNDLED, source="nato_2025") if (p.code, p.year, p.made) == ("DEU", 2023, 2019)
    )
    assert older.outcome_pct != newest.outcome_pct
    assert not any(p.year > 2024 for p in resolved_plans(BUNDLED, source="nato_2025"))


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ({"status": "refused"}, "has status 'refused'; known are announced, plan, budget, law"),
        ({"stated_on": "2027-01-31"}, "was stated on 2027-01-31, after its year"),
        ({"stated_on": "spring"}, "has no day"),
        ({"plan_pct": "24"}, "plans 24"),
        ({"source": "hearsay"}, "plan_record: source 'hearsay' is not in sources.csv"),
        ({}, "plan_record: ALB/budget/2023-02-09/2023 stands 2 times"),
    ],
)
def test_a_plan_that_cannot_be_is_an_error(columns, finding):
    assert finding in "\n".join(must_hold(with_row(**columns)))
