"""The allies and what they have stated."""

import pytest

from models.dataset.countries import UnknownCountry, allies, resolve


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
    assert allies()["DEU"].own_plans == {2029: 3.5}
    assert allies()["FRA"].own_plans == {2030: 2.5, 2035: 3.5}
    assert allies()["BEL"].own_plans == {2033: 2.0, 2034: 2.5}
    assert allies()["ALB"].own_plans == {}
