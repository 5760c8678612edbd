"""What moves a probability most."""

from dataclasses import replace

import pytest

from models import Forecaster, Scenario, Targets, load_figures
from models.analysis import sensitivity as tornado
from models.errors import CannotForecast
from models.forecast import Question
from models.scenarios.lever_names import NUMBERS
from models.scenarios.levers import (
    Cap,
    CountingRule,
    Delay,
    Exit,
    Floor,
    Freeze,
    GdpGrowth,
    HistoryOverride,
    PledgeLever,
    Purchase,
    Reclassify,
    SharePath,
    Shock,
    SpendingGrowth,
)
from models.simulation.path_store import PathStore
from tests.support.asking import sensitivity


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=2000)


def bars(found):
    return {bar.assumption: bar for bar in found.bars}


def test_every_assumption_has_a_bar_and_the_widest_comes_first(forecaster):
    found = sensitivity(forecaster, "DEU")
    assert found.probability == forecaster.forecast("DEU").targets[0].outcome.probability.at_deadline
    assert {"plans and pledges", "growth of GDP", "growth of core spending", "the share of the origin"} <= set(
        bars(found)
    )
    swings = [bar.swing for bar in found.bars]
    assert swings == sorted(swings, reverse=True)
    for bar in found.bars:
        assert 0 < bar.at_low < 1
        assert 0 < bar.at_high < 1


def test_directions_are_what_they_must_be(forecaster):
    found = bars(sensitivity(forecaster, "ITA"))
    assert found["growth of core spending"].at_high > found["growth of core spending"].at_low
    assert found["growth of GDP"].at_high < found["growth of GDP"].at_low  # money stays: more GDP, a lower share
    assert found["the share of the origin"].at_high > found["the share of the origin"].at_low
    assert found["plans and pledges"].at_high > found["plans and pledges"].at_low


@pytest.mark.parametrize("component", ["core", "related", "total"])
@pytest.mark.parametrize("country", ["DEU", "POL", "ESP", "EST"])
def test_a_pledge_that_is_kept_in_full_meets_its_target(forecaster, country, component):
    found = sensitivity(forecaster, country, component)
    pledges = bars(found)["plans and pledges"]
    assert pledges.at_high > 0.999
    assert max(pledges.at_low, found.probability) < 0.99


def test_a_pledge_that_is_kept_is_on_its_way_before_its_year_and_a_plan_of_ones_own_counts_too(forecaster):
    early = {
        code: bars(sensitivity(forecaster, code, targets=Targets(deadline=2031)))["plans and pledges"]
        for code in ("DEU", "ITA")
    }
    assert early["DEU"].at_high > 0.999, "3.5 % in 2029 by its own plan"
    assert early["ITA"].at_low <= early["ITA"].at_high < 0.99, "3.5 % in 2035, as all allies"


def test_a_kept_pledge_gives_way_to_what_a_scenario_settles(forecaster):
    found = bars(sensitivity(forecaster, "DEU", scenario=Scenario("x", levers=(Cap(share_pct=3.0),))))
    assert found["plans and pledges"].at_high < 0.01


def test_a_scenarios_own_levers_are_moved_and_taken_away(forecaster):
    scenario = Scenario("x", levers=(PledgeLever(share_pct=3.5, year=2035, credibility=0.5), Cap(share_pct=4.0)))
    found = bars(sensitivity(forecaster, "ITA", scenario=scenario))
    pledge = found["Pledge on core defence"]
    assert pledge.at_low < pledge.at_high == sensitivity(forecaster, "ITA", scenario=scenario).probability
    assert (
        found["Pledge on core defence: how far it is kept"].at_high
        >= found["Pledge on core defence: how far it is kept"].at_low
    )
    assert "Cap on core defence: its share of GDP" in found


@pytest.mark.parametrize(
    ("levers", "assumption", "low", "high"),
    [
        ((Floor(share_pct=2.0), Cap(share_pct=2.1)), "Floor on core defence: its share of GDP", "1.8", "as it is"),
        ((Floor(share_pct=2.0), Cap(share_pct=2.1)), "Cap on core defence: its share of GDP", "as it is", "2.31"),
        (
            (GdpGrowth(rate_pct=-47.0), SpendingGrowth(rate_pct=50.0)),
            "Growth of GDP: its growth a year",
            "-42.3",
            "as it is",
        ),
    ],
)
def test_what_other_levers_do_not_let_move_stays_as_it_is(forecaster, levers, assumption, low, high):
    found = sensitivity(forecaster, "DEU", scenario=Scenario("x", levers=levers), targets=Targets(deadline=2060))
    bar = bars(found)[assumption]
    assert (bar.low, bar.high) == (low, high)
    for how, p in ((low, bar.at_low), (high, bar.at_high)):
        assert how != "as it is" or p == found.probability


EARLY = {"last_year": 2033}
EVERY_LEVER = [
    [
        SpendingGrowth(change_pp=0.5, first_year=2033, last_year=2038),
        Delay(years=2, first_year=2029, last_year=2038),
        Exit(year=2031, reversion=0.7, probability=0.6),
        Shock(spread_factor=1.3, tails=1.2, first_year=2029, last_year=2033),
        Freeze(what="nominal", first_year=2028, last_year=2028),
    ],
    [
        HistoryOverride(points={2024: 2.2}),
        CountingRule(rule="claimed"),
        GdpGrowth(rate_pct=0.4, first_year=2030, last_year=2034),
        SharePath(points={2030: 3.0, 2034: 3.2}, last_year=2036),
        Purchase(share_pct=0.2, first_year=2036, last_year=2040),
        Reclassify(share_pct=0.3, years=3, from_component="related"),
    ],
    [
        PledgeLever(share_pct=3.2, year=2034, credibility=0.6, last_year=2036, after="resume"),
        PledgeLever(share_pct=1.4, year=2032, component="related", first_year=2029, credibility=0.5),
        Shock(spread_factor=0.8, component="related", first_year=2030, last_year=2038),
        Floor(share_pct=2.4, **EARLY),
        Cap(share_pct=3.9),
        Floor(share_pct=1.0, countries=("ESP",)),
    ],
]


@pytest.mark.parametrize("levers", EVERY_LEVER, ids=["growth", "accounts", "plans"])
@pytest.mark.parametrize("component", ["core", "total"])
def test_each_bar_of_a_lever_is_the_whole_forecast_with_that_lever_moved(forecaster, levers, component):
    targets, place = Targets(deadline=2042), {"core": 0, "total": 2}[component]
    found = bars(sensitivity(forecaster, "DEU", component, Scenario("x", levers=tuple(levers)), targets))

    def probability(changed):
        answer = forecaster.forecast("DEU", Scenario("x", levers=tuple(changed)), targets)
        return answer.targets[place].outcome.probability.at_deadline

    for index, lever in enumerate(levers):
        name = Scenario("x", levers=tuple(levers)).name_of(index)
        assert found[name].at_low == probability([*levers[:index], *levers[index + 1 :]])
        for field, value in vars(lever).items():
            if isinstance(value, float):
                bar = found[f"{name}: {NUMBERS[field]}"]
                for factor, at in ((0.9, bar.at_low), (1.1, bar.at_high)):
                    moved = replace(lever, **{field: value * factor})
                    assert at == probability([*levers[:index], moved, *levers[index + 1 :]])


def test_more_levers_than_can_be_moved_in_time_are_refused(forecaster):
    def shocks(number, *countries):
        return Scenario("x", levers=(Shock(spread_factor=1.1, countries=countries),) * number)

    assert len(sensitivity(forecaster, "DEU", scenario=shocks(tornado.MOST_LEVERS)).bars) > tornado.MOST_LEVERS
    assert sensitivity(forecaster, "DEU", scenario=shocks(tornado.MOST_LEVERS + 1, "ESP")).bars
    with pytest.raises(CannotForecast, match="at most 50; here are 51") as refused:
        sensitivity(forecaster, "DEU", scenario=shocks(tornado.MOST_LEVERS + 1))
    assert refused.value.field == "scenario"


def test_without_plans_and_pledges_history_alone_is_left(forecaster):
    bar = bars(sensitivity(forecaster, "DNK"))["plans and pledges"]
    trend = forecaster.forecast("DNK", "trend").targets[0].outcome.probability.at_deadline
    assert (bar.low, bar.at_low) == ("none: history alone", trend)


def test_what_a_scenario_settles_no_assumption_underneath_moves(forecaster):
    scenario = Scenario("x", levers=(SharePath(points={2030: 2.5, 2035: 2.8}),))
    found = bars(sensitivity(forecaster, "ITA", scenario=scenario))
    assert found["growth of core spending"].swing < 0.02
    assert found["how uncertain the future is"].swing > 0.02


@pytest.mark.parametrize("component", ["related", "total"])
def test_related_and_total_have_bars_too(forecaster, component):
    found = sensitivity(forecaster, "FRA", component, targets=Targets(deadline=2032))
    assert found.component == component
    assert "growth of related spending" in bars(found)


def test_iceland_has_no_core(forecaster):
    assert sensitivity(forecaster, "ISL", "related").bars
    with pytest.raises(CannotForecast) as refused:
        sensitivity(forecaster, "ISL")
    assert refused.value.field == "component"
    with pytest.raises(CannotForecast, match="no armed forces"):
        tornado.sensitivity(forecaster, Question.resolve(forecaster.basis, "ISL"))
