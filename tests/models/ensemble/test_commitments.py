"""What governments said, as it was known in a year."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, pairwise

import pytest

from models.dataset.countries import STATUSES
from models.dataset.observations import load_figures
from models.dataset.tables import BUNDLED, Row, Tables
from models.ensemble.commitments import (
    core_commitments,
    core_plans,
    equipment_commitments,
    equipment_panel,
    promises,
)
from models.ensemble.members.pledge import TILT
from models.ensemble.plans import FORECASTS
from models.ensemble.pool import Ensemble

NUMBER = count()
YEARS = range(2013, 2027)


def tables_with(*pledges: Row) -> Tables:
    return Tables(f"pledges {next(NUMBER)}", changed={"pledges": pledges})


def row(**changed: str) -> Row:
    """A statement of Germany's."""
    plain = {
        "iso3": "DEU",
        "component": "core",
        "target_pct": "3.5",
        "year": "2029",
        "stance": "plan",
        "stated_on": "2025-06-24",
        "summary": "",
        "source": "hague_2025",
    }
    return plain | changed


def later(pledge: Row, year: int) -> Row:
    """``pledge``, with all that happened after ``year`` changed."""
    changed: Mapping[str, str] = {}
    if pledge["stated_on"] > f"{year}-12-31":
        changed = {"target_pct": "9.9", "stance": "law", "status": "law"}
    elif pledge["status_on"] > f"{year}-12-31":
        changed = {"status": "refused" if pledge["status"] != "refused" else "law"}
    return pledge | changed


@pytest.mark.parametrize("year", YEARS)
def test_nothing_said_or_decided_later_is_known(year: int) -> None:
    pledges = BUNDLED.read("pledges")
    altered = tables_with(*(later(pledge, year) for pledge in pledges))
    # Until 2025 something comes later; now nothing does.
    assert (altered.read("pledges") != pledges) == (year < 2026)
    assert core_commitments(altered, year) == core_commitments(BUNDLED, year)
    assert core_plans(altered, year) == core_plans(BUNDLED, year)


@pytest.mark.parametrize("year", YEARS)
def test_what_is_known_was_said_by_then(year: int) -> None:
    commitments, plans = core_commitments(BUNDLED, year), core_plans(BUNDLED, year)
    assert all(made.made <= year for made in (*commitments, *plans))
    assert {c.status for c in commitments} <= set(TILT)
    assert {p.status for p in plans} <= set(FORECASTS)
    # The pledge of Wales is the only one before 2024.
    assert {(c.threshold, c.deadline) for c in commitments if c.made < 2024} <= {(2.0, 2024)}
    assert len(commitments) >= len(core_commitments(BUNDLED, year - 1))


def test_a_status_shows_in_the_year_in_which_it_was_decided() -> None:
    tables = tables_with(row(status="law", status_on="2026-03-01"))
    assert [p.status for p in core_plans(tables, 2025)] == ["plan"]
    assert [p.status for p in core_plans(tables, 2026)] == ["law"]
    assert core_plans(tables, 2024) == []


def test_a_pledge_turns_into_a_plan_and_back() -> None:
    tables = tables_with(row(stance="pledged", status="budget", status_on="2026-03-01"))
    assert ([c.status for c in core_commitments(tables, 2025) if c.made == 2025], core_plans(tables, 2025)) == (
        ["announced"],
        [],
    )
    assert [c for c in core_commitments(tables, 2026) if c.made == 2025] == []
    assert [p.status for p in core_plans(tables, 2026)] == ["budget"]


def test_what_a_figure_decided_keeps_the_status_that_it_had() -> None:
    """Whether it was kept is learned from the figure: its status must not say it too."""
    tables = tables_with(row(year="2025", stance="pledged", status="missed", status_on="2025-12-01"))
    assert [c.status for c in core_commitments(tables, 2026) if c.made == 2025] == ["announced"]
    given_up = tables_with(row(year="2030", stance="pledged", status="missed", status_on="2026-01-01"))
    assert [c.status for c in core_commitments(given_up, 2026) if c.made == 2025] == ["missed"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_statement_is_a_plan_or_a_pledge_or_a_refusal(status: str) -> None:
    tables = tables_with(row(year="2026", status=status, status_on="2026-01-01", stance="pledged"))
    plans = core_plans(tables, 2026)
    pledges = [c for c in core_commitments(tables, 2026) if c.made == 2025]
    assert len(plans) + len(pledges) == (status != "refused")


def test_a_plan_backs_the_pledge_and_a_refusal_lowers_it() -> None:
    hague, own = row(stance="pledged", year="2035"), row(stance="plan", year="2029")
    refusal = row(stance="claims-exemption", target_pct="2.1", year="2035")
    for statements, status, enough in (
        ((hague,), "announced", None),
        ((hague, own), "plan", None),
        ((hague, own, refusal), "refused", 2.1),
    ):
        (found,) = (c for c in core_commitments(tables_with(*statements), 2026) if c.made == 2025)
        assert (found.status, found.enough) == (status, enough)


def test_wales_binds_from_accession_or_the_signature_of_its_protocol() -> None:
    made = {c.series: c.made for c in core_commitments(tables_with(), 2026)}
    assert (made["DEU"], made["MNE"], made["FIN"], made["SWE"]) == (2014, 2017, 2022, 2022)
    assert "ISL" not in made
    assert {c.series for c in core_commitments(tables_with(), 2016)} == {c for c, year in made.items() if year <= 2016}
    assert {(c.threshold, c.deadline) for c in equipment_commitments()} == {(20.0, 2024)}
    assert set(made) <= set(equipment_panel())


def test_a_vintage_knows_what_was_said_by_another_year() -> None:
    """What was said after the origin counts as if it had been said by then: an analyst asks what it would have done."""
    known = promises(BUNDLED, 2024, 2026)
    assert len(known.plans) == len(core_plans(BUNDLED, 2026)) > len(promises(BUNDLED, 2024).plans)
    assert all(p.made <= 2024 for p in (*known.plans, *known.commitments))


def test_no_government_that_refuses_is_more_credible_than_one_that_does_not() -> None:
    """On the real tables: credibility follows the status."""
    fitted = Ensemble(load_figures().panel(), promises(BUNDLED, 2026)).pledges
    assert fitted is not None
    by_status: dict[str, list[float]] = {}
    for pledge in fitted.pledges:
        if pledge.deadline == 2035:
            by_status.setdefault(pledge.status, []).append(fitted.credibility(pledge.series, 2035))
    assert {"refused", "announced", "plan"} <= set(by_status)
    ranked = sorted(by_status, key=TILT.__getitem__)
    for lower, higher in pairwise(ranked):
        if TILT[lower] < TILT[higher]:
            assert max(by_status[lower]) < min(by_status[higher]), (lower, higher)
    assert sum(map(len, by_status.values())) == 31
