"""The allies and what they have stated."""

import pytest

from models.dataset.checks import must_hold, should_hold
from models.dataset.countries import STATUS_OF_STANCE, UnknownCountry, allies, resolve, with_status
from models.dataset.observations import core_shares
from models.dataset.tables import BUNDLED, Tables


@pytest.mark.parametrize("text", ["TUR", "tur", "TR", "Türkiye", "turkiye", "TURKEY"])
def test_an_ally_goes_by_code_and_name_in_any_case(text):
    assert resolve(text).code == "TUR"


def test_every_ally_is_found_by_each_of_its_names():
    for ally in allies().values():
        assert resolve(ally.code) == resolve(ally.code2) == resolve(ally.name) == ally


@pytest.mark.parametrize("text", ["", "RUS", "Germany!x", "D"])
def test_a_name_of_no_ally_is_unknown(text):
    with pytest.raises(UnknownCountry):
        resolve(text)


@pytest.mark.parametrize(
    ("code", "stance"),
    [
        ("ESP", "claims-exemption"),
        ("SVK", "reluctant"),
        ("FRA", "law"),
        ("DEU", "plan"),
        ("ALB", "pledged"),
        ("ISL", "pledged"),
    ],
)
def test_an_allys_stance_is_that_of_its_pledges(code, stance):
    assert allies()[code].stance == stance


def test_own_plans_are_dated_and_leave_out_the_common_commitment_and_reluctance():
    assert allies()["DEU"].own_plans == {2027: 3.0, 2028: 3.3, 2029: 3.5}
    assert allies()["FRA"].own_plans == {2030: 2.5, 2035: 3.5}
    assert allies()["BEL"].own_plans == {2033: 2.0, 2034: 2.5}
    assert allies()["ALB"].own_plans == {}


def pledge(code, target, year):
    """The newest own core pledge of an ally for a level and a year."""
    own = [p for p in allies()[code].pledges if (p.component, p.target_pct, p.year) == ("core", target, year)]
    return max(own, key=lambda p: (p.source != "hague_2025", p.stated_on))


@pytest.mark.parametrize(
    ("code", "target", "year", "status"),
    [
        ("POL", 4.51, 2027, "budget"),
        ("POL", 4.8, 2026, "missed"),
        ("DEU", 3.5, 2029, "plan"),
        ("BEL", 2.0, 2033, "plan"),
        ("FRA", 2.5, 2030, "law"),
        ("FRA", 3.5, 2035, "announced"),
        ("SVN", 3.0, 2030, "missed"),
        ("EST", 5.0, 2026, "delivered"),
        ("LVA", 5.0, 2026, "missed"),
        ("ESP", 2.1, 2035, "refused"),
        ("BGR", 2.0, 2026, "refused"),
        ("BEL", 3.5, 2035, "announced"),
    ],
)
def test_a_pledge_says_what_has_become_of_it(code, target, year, status):
    assert pledge(code, target, year).status == status


def test_the_figures_decide_what_is_delivered():
    shares = core_shares(BUNDLED, BUNDLED.uses.core)
    due = [
        (ally.code, p)
        for ally in allies().values()
        for p in ally.pledges
        if p.component == "core" and p.target_pct and p.year and p.year <= 2026 and p.status != "refused"
    ]
    assert len(due) > 5
    for code, p in due:
        assert (p.status == "delivered") == (shares[code][p.year][0] >= p.target_pct)
        assert (p.status_on, p.status_source) == ("2026-07-10", "nato_2026")


def test_a_status_that_nothing_changed_is_the_statements_own():
    for ally in allies().values():
        for p in ally.pledges:
            if p.status not in ("delivered", "missed"):
                assert (p.status_on, p.status_source) == (p.stated_on, p.source)


def changed(index, **columns):
    rows = list(BUNDLED.read("pledges"))
    rows[index] = rows[index] | columns
    return Tables("changed", BUNDLED.uses, {"pledges": tuple(rows)})


def test_tables_without_the_column_take_the_status_from_the_stance():
    old = tuple({k: v for k, v in row.items() if not k.startswith("status")} for row in BUNDLED.read("pledges"))
    tables = Tables("before the column", BUNDLED.uses, {"pledges": old})
    assert {with_status(row)["status"] for row in old} <= set(STATUS_OF_STANCE.values())
    assert {(p.stance, p.status) for ally in allies(tables).values() for p in ally.pledges} == set(
        STATUS_OF_STANCE.items()
    )
    assert not must_hold(tables)


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ({"status": "hoped"}, "has status 'hoped'; known are announced, plan, budget"),
        ({"status_on": "2026-13-01"}, "has status of '2026-13-01', no day from"),
        ({"status_on": "2020-01-01"}, "has status of '2020-01-01', no day from"),
        ({"status_source": "hearsay"}, "source 'hearsay' of a status is not in sources.csv"),
        ({"status": "delivered", "year": ""}, "is delivered, but names no level or no year"),
        ({"stated_on": "2025-02-30"}, "has no day"),
    ],
)
def test_a_status_that_cannot_be_is_an_error(columns, finding):
    assert finding in "\n".join(must_hold(changed(0, **columns)))


def test_a_status_that_the_figures_contradict_is_a_doubt():
    index = next(i for i, r in enumerate(BUNDLED.read("pledges")) if (r["iso3"], r["target_pct"]) == ("POL", "4.8"))
    (doubt,) = should_hold(changed(index, status="delivered"))
    assert doubt == "pledges: POL 4.8 in 2026 is delivered; the figure of 4.68 says missed"
    (early,) = should_hold(changed(0, status="delivered"))
    assert early.endswith("is delivered, but there is no figure of that year")
