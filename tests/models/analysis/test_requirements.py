"""The other way round: what growth and money bring a probability to what is asked for."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.requirements import GRAIN, MOST_EXTRA, CannotReach
from models.dataset.countries import UnknownCountry
from models.dataset.gdp import gdp_usd, nominal_gdp, price_index
from models.errors import CannotForecast
from models.forecast import Question
from models.scenarios.builtin import UnknownScenario
from models.scenarios.levers import Cap, Floor, GdpGrowth, Shock, SpendingGrowth
from models.scenarios.scenario import ContradictoryLevers
from models.simulation.path_store import PathStore
from tests.support.asking import required

DRAWS = 2000


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


def scenario(*levers, trend=False):
    return Scenario("mine", levers=levers, pledge_effect=not trend)


def extra(found, *before, trend=False):
    """The scenario in which the answer is a lever."""
    return scenario(*before, SpendingGrowth(component=found.moved, change_pp=found.extra_growth_pp), trend=trend)


def at_deadline(forecaster, code, component, what, targets=None):
    answer = forecaster.forecast(code, what, targets)
    return next(t for t in answer.targets if t.component == component).outcome.probability.at_deadline


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.8, 0.95])
@pytest.mark.parametrize(
    ("code", "component", "trend"),
    [
        ("DEU", "core", False),
        ("POL", "core", True),
        ("ESP", "core", False),
        ("ITA", "related", False),
        ("ISL", "related", False),
        ("CAN", "total", False),
    ],
)
def test_as_a_lever_the_answer_gives_the_probability(forecaster, code, component, trend, probability):
    found = required(forecaster, code, probability, component, "trend" if trend else "baseline")
    lever = at_deadline(forecaster, code, component, extra(found, trend=trend))
    assert lever == pytest.approx(found.reached, abs=1.5 / DRAWS)
    assert probability <= found.reached <= probability + 3 / DRAWS
    assert found.without == at_deadline(forecaster, code, component, "trend" if trend else "baseline")
    assert found.extra_growth_pp * GRAIN == pytest.approx(round(found.extra_growth_pp * GRAIN), abs=1e-6)


def test_after_levers_that_act_before_it_the_answer_still_is_a_lever(forecaster):
    recession = GdpGrowth(change_pp=-4.0, first_year=2028, last_year=2028)
    found = required(forecaster, "FRA", 0.7, scenario=scenario(recession))
    assert at_deadline(forecaster, "FRA", "core", extra(found, recession)) == pytest.approx(0.7, abs=0.002)
    assert found.notes == ()


def test_a_little_less_does_not_reach_it(forecaster):
    found = required(forecaster, "NLD", 0.8)
    less = scenario(SpendingGrowth(change_pp=found.extra_growth_pp - 0.02))
    assert at_deadline(forecaster, "NLD", "core", less) < 0.8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.sampled_from(["core", "related", "total"]))
def test_more_probability_never_needs_less(forecaster, one, other, component):
    low, high = (required(forecaster, "DNK", p, component) for p in sorted((one, other)))
    assert low.extra_growth_pp <= high.extra_growth_pp
    assert low.real_growth <= high.real_growth + 1e-4
    assert low.share <= high.share + 1e-5
    assert low.usd.extra_cumulative <= high.usd.extra_cumulative + 1e-3


@pytest.mark.parametrize("code", ["DEU", "BEL", "POL"])
def test_what_is_the_case_already_needs_nothing(forecaster, code):
    now = at_deadline(forecaster, code, "core", "baseline")
    found = required(forecaster, code, now)
    assert found.extra_growth_pp == pytest.approx(0, abs=0.05)
    assert found.extra_growth_pp <= 0
    assert found.usd.extra == pytest.approx(0, abs=0.01 * found.usd.without)
    assert found.share == pytest.approx(found.share_without, rel=0.01)


def test_the_money_is_that_of_the_lever(forecaster):
    found = required(forecaster, "DEU", 0.8)
    before = forecaster.scenario_paths(Question.resolve(forecaster.basis, "DEU"))
    after = forecaster.scenario_paths(Question.resolve(forecaster.basis, "DEU", extra(found)))
    share, old = (p.shares["core"].astype(float) for p in (after, before))
    gdp = before.gdp.astype(float)
    for sums, unit in (
        (found.usd, np.full(10, gdp_usd("DEU", 2026))),
        (found.national, nominal_gdp("DEU")[2026] * price_index("DEU", 2026, 2035)),
    ):
        more = (share - old) / 100 * gdp * unit
        assert sums.needed == pytest.approx(np.median((share / 100 * gdp * unit)[:, -1]), rel=1e-4)
        assert sums.without == pytest.approx(np.median((old / 100 * gdp * unit)[:, -1]), rel=1e-4)
        assert sums.extra == pytest.approx(np.median(more[:, -1]), rel=1e-3)
        assert sums.extra_cumulative == pytest.approx(np.median(more.sum(axis=1)), rel=1e-3)
    grown = (share[:, -1] * gdp[:, -1] / share[:, 0]) ** (1 / 9) - 1
    assert found.real_growth == pytest.approx(np.median(grown) * 100, abs=1e-3)
    assert found.share == pytest.approx(np.median(share[:, -1]), rel=1e-5)
    # Every draw's own growth is higher by the same amount, so its median is higher by about as much.
    assert found.real_growth - found.real_growth_without == pytest.approx(found.extra_growth_pp, abs=0.05)


def test_money_is_left_out_where_there_is_none_to_speak_of(forecaster):
    assert required(forecaster, "LUX", 0.5).national is None
    assert required(forecaster, "LUX", 0.5).usd is not None
    iceland = required(forecaster, "ISL", 0.5, "related")
    assert iceland.usd is None
    assert iceland.national.without > 0
    assert required(forecaster, "NOR", 0.5, targets=Targets(2015, core=2.0), origin=2005).usd is None


def test_a_cap_below_the_threshold_makes_it_impossible_and_is_named(forecaster):
    with pytest.raises(CannotReach, match=r"caps core spending at 2.1 % in 2035") as refused:
        required(forecaster, "ESP", 0.5, scenario="exemption")
    assert refused.value.field == "probability"
    assert refused.value.high < 0.01


def test_a_cap_that_lies_above_holds_for_the_extra_growth_as_well(forecaster):
    capped = required(forecaster, "DEU", 0.9, scenario=scenario(Cap(share_pct=3.6)))
    free = required(forecaster, "DEU", 0.9)
    assert capped.share <= 3.6 + 1e-6
    assert free.share > 3.6
    assert "cap" in capped.notes[0]


def test_a_cap_that_has_ended_does_no_harm(forecaster):
    found = required(forecaster, "ESP", 0.5, scenario=scenario(Cap(share_pct=2.1, last_year=2030)))
    assert found.reached == pytest.approx(0.5, abs=0.002)


def test_a_cap_on_core_bounds_the_total(forecaster):
    with pytest.raises(CannotReach, match="caps core"):
        required(forecaster, "DEU", 0.9, "total", scenario(Cap(share_pct=3.5)))


def test_where_many_draws_share_a_value_the_probability_jumps(forecaster):
    found = required(forecaster, "ESP", 0.5, scenario=scenario(Floor(share_pct=3.5)))
    assert found.extra_growth_pp == pytest.approx(0, abs=0.05)
    assert found.reached > 0.5


def test_what_no_growth_can_undo_is_refused(forecaster):
    with pytest.raises(CannotReach) as refused:
        required(forecaster, "USA", 0.5, targets=Targets(2027, core=0.5))
    assert refused.value.low > 0.5


def test_what_no_growth_can_do_is_refused(forecaster):
    with pytest.raises(CannotReach, match=rf"to \+{MOST_EXTRA:g} percentage points"):
        required(forecaster, "DEU", 0.5, targets=Targets(2027, core=50.0))


def test_spending_that_jumps_between_any_two_years_still_has_numbers(forecaster):
    """Half of the draws fall by orders of magnitude every other year: their growth multiplies beyond any float."""
    shocks = [
        Shock(spread_factor=5.0, tails=2.0, first_year=y, last_year=y) for y in range(2028, 2060, 2) for _ in "ab"
    ]
    found = required(forecaster, "DEU", 0.99, "core", scenario(*shocks), Targets(deadline=2060, core=100))
    assert found.reached >= 0.99
    numbers = (found.share, found.real_growth, *vars(found.usd).values(), *vars(found.national).values())
    assert np.isfinite(numbers).all()


def test_iceland_has_related_only(forecaster):
    for component in ("core", "total"):
        with pytest.raises(CannotForecast, match="no armed forces") as refused:
            required(forecaster, "ISL", 0.5, component)
        assert refused.value.field == "component"


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({"country": "ZZZ"}, UnknownCountry),
        ({"scenario": "doom"}, UnknownScenario),
        ({"targets": Targets(2026)}, CannotForecast),
        ({"origin": 1990}, CannotForecast),
        ({"scenario": scenario(Floor(share_pct=3.0), Cap(share_pct=2.0))}, ContradictoryLevers),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(forecaster, question, error):
    with pytest.raises(error):
        required(forecaster, **({"country": "DEU", "probability": 0.5} | question))


def test_the_id_names_the_question(forecaster):
    questions = [
        {},
        {"country": "FRA"},
        {"probability": 0.6},
        {"component": "related"},
        {"scenario": "trend"},
        {"targets": Targets(2034)},
        {"origin": 2025},
    ]
    found = [required(forecaster, **({"country": "DEU", "probability": 0.5} | q)).id for q in questions]
    assert len(set(found)) == len(found)
    assert required(forecaster, "Germany", 0.5).id == found[0]
