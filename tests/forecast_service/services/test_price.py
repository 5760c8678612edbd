"""The price of a question is known before it is computed, and more work never costs less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_service.services import price
from models import Scenario, Targets, load_figures
from models.forecast.question import DRAWS, Basis, Question
from models.scenarios.levers import Delay, Freeze, GdpGrowth, Lever, PledgeLever, Shock, SpendingGrowth

PRICES = {"forecast": price.forecast, "requirement": price.requirement, "sensitivity": price.sensitivity}
FIGURES = load_figures()
BASIS = Basis(FIGURES)

lever = st.one_of(
    st.builds(Shock, spread_factor=st.floats(0.5, 2), last_year=st.none() | st.integers(2027, 2060)),
    st.builds(PledgeLever, share_pct=st.just(3.0), year=st.just(2035), first_year=st.none() | st.integers(2027, 2060)),
    st.builds(Delay, years=st.integers(1, 5), first_year=st.integers(2027, 2060)),
    st.builds(SpendingGrowth, change_pp=st.just(1.0), first_year=st.integers(2027, 2060)),
    st.builds(GdpGrowth, change_pp=st.just(1.0), last_year=st.integers(2027, 2060)),
)


def asked(*levers: Lever, deadline: int = 2035, draws: int = DRAWS) -> Question:
    scenario, basis = Scenario("x", levers=levers), Basis(FIGURES, draws)
    # Not resolved: whether levers contradict each other changes no price.
    plain = Question.resolve(basis, "DEU", targets=Targets(deadline=deadline), component="core")
    return Question(basis, plain.ally, scenario, plain.targets, plain.origin, component="core")


def test_the_unit_is_a_plain_forecast() -> None:
    assert price.forecast(asked(Shock(spread_factor=1.1))) == 1


@pytest.mark.parametrize("kind", PRICES)
def test_more_levers_years_draws_or_fits_never_cost_less(kind: str) -> None:
    priced = PRICES[kind]

    @given(st.lists(lever, max_size=6), lever, st.integers(2027, 2059))
    def check(levers: list[Lever], more: Lever, deadline: int) -> None:
        least = priced(asked(*levers, deadline=deadline))
        assert 1 <= least <= priced(asked(*levers, more, deadline=deadline))
        assert least <= priced(asked(*levers, deadline=deadline + 1))
        assert least <= priced(asked(*levers, deadline=deadline, draws=2 * DRAWS))
        assert least < priced(asked(*levers, deadline=deadline), 1)

    check()


@given(st.integers(1, 34), st.integers(0, 50), st.integers(1, 32))
def test_an_alliance_costs_more_with_more_of_anything(years: int, levers: int, allies: int) -> None:
    least = price.alliance(years, levers, allies, DRAWS)
    for more in ((years + 1, levers, allies), (years, levers + 1, allies), (years, levers, allies + 1)):
        assert least <= price.alliance(*more, DRAWS)
    assert least < price.alliance(years, levers, allies, DRAWS, 1)


def test_levers_for_other_allies_cost_nothing() -> None:
    other = Freeze(countries=("ESP",))
    for priced in PRICES.values():
        assert priced(asked(other)) == priced(asked())


@given(st.integers(1, 350_000))
def test_a_longer_table_costs_more(count: int) -> None:
    assert 1 <= price.path_rows(count) < price.path_rows(count + 1_000)
