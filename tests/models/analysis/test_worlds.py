"""Simulated worlds: which ones, that they are the same everywhere, and that their sums are what forecasts say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Forecaster, Targets, load_figures
from models.analysis.alliance import alliance_forecast
from models.analysis.worlds import MOST_ROWS, USUAL_DRAWS, allies_in_worlds, ally_in_worlds, chosen_worlds, count_of
from models.errors import CannotForecast
from models.forecast import Question
from models.scenarios.targets import met, proportion
from models.simulation.path_store import PathStore

DRAWS = 2000
TO_2030 = Targets(deadline=2030)


@given(st.integers(1, 300), st.data())
def test_a_smaller_count_has_worlds_of_a_larger_one_in_whole_pairs(draws, data):
    larger = data.draw(st.integers(1, draws))
    smaller = data.draw(st.integers(1, larger))
    many, few = chosen_worlds(draws, larger), chosen_worlds(draws, smaller)
    assert few.size == smaller
    assert (np.diff(few) > 0).all()
    assert 0 <= few[0] <= few[-1] < draws
    assert set(few) <= set(many)
    alone = [world for world in few if world ^ 1 not in few and world ^ 1 < draws]
    assert len(alone) <= 1


@pytest.mark.parametrize("count", [10, 100, 999, 1000, 3000, 10_000])
def test_worlds_are_spread_evenly_over_the_blocks_of_the_members(count):
    chosen = chosen_worlds(10_000, count)
    for end in (1_000, 2_500, 6_180, 9_990):
        assert abs(np.count_nonzero(chosen < end) - count * end / 10_000) <= 8


def test_the_choice_never_changes():
    """Tables that were saved join with those of later releases."""
    assert chosen_worlds(10_000, 12).tolist() == [0, 1, 1024, 1025, 2048, 2049, 4096, 4097, 6144, 6145, 8192, 8193]


def test_how_many_worlds_an_answer_has():
    assert count_of(10_000, None, 9) == USUAL_DRAWS
    assert count_of(10_000, 10_000, 9) == 10_000
    assert count_of(500, None, 9) == 500
    assert count_of(10_000, None, 32 * 34) == MOST_ROWS // (32 * 34) < USUAL_DRAWS
    assert count_of(10_000, 321, 32 * 34) == 321


@pytest.mark.parametrize(
    ("wanted", "rows", "said"),
    [(0, 9, "1 to 10000"), (10_001, 9, "10000 draws"), (322, 32 * 34, "1 to 321: a draw has 1088 rows")],
)
def test_more_worlds_than_there_are_or_fit_are_refused(wanted, rows, said):
    with pytest.raises(CannotForecast) as refused:
        count_of(10_000, wanted, rows)
    assert refused.value.field == "draws"
    assert said in refused.value.detail


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


@pytest.fixture(scope="module")
def every(forecaster):
    """All allies in all worlds."""
    return allies_in_worlds(forecaster, "baseline", Targets(), DRAWS)


def by_code(worlds):
    return {one.ally.code: one for one in worlds.allies}


@pytest.mark.slow
def test_sums_over_all_worlds_are_what_the_alliance_forecast_says(forecaster, every):
    said = alliance_forecast(forecaster)
    for target in said.targets:
        reached = {
            one.ally.code: met(shares, target.threshold)
            for one in every.allies
            if (shares := getattr(one, target.component)) is not None
        }
        assert {entry.ally.code for entry in target.ranking} == reached.keys()
        for entry in target.ranking:
            assert entry.at_deadline == proportion(int(reached[entry.ally.code][:, -1].sum()), DRAWS)
            assert entry.by_year == tuple(proportion(int(n), DRAWS) for n in reached[entry.ally.code].sum(axis=0))
        counts = np.sum([hit[:, -1] for hit in reached.values()], axis=0)
        seen = np.bincount(counts, minlength=len(reached) + 1)
        np.testing.assert_allclose(target.at_deadline.probabilities, (seen + 1 / seen.size) / (DRAWS + 1))
    spent = np.sum([one.core_spending for one in every.allies if one.core_spending is not None], axis=0)
    gdp = np.sum([one.gdp for one in every.allies if one.gdp is not None], axis=0)
    together = said.shares[0]
    assert together.group == "alliance"
    np.testing.assert_allclose(100 * np.median(spent / gdp, axis=0), together.share.median, rtol=1e-4)
    assert together.at_deadline == proportion(int(met(100 * spent / gdp, 3.5)[:, -1].sum()), DRAWS)


@pytest.mark.slow
def test_spending_is_that_of_the_allys_forecast(forecaster, every):
    usd = forecaster.forecast("POL").money.usd
    np.testing.assert_allclose(np.median(by_code(every)["POL"].core_spending, axis=0), usd.median, rtol=1e-4)


@pytest.mark.slow
def test_an_ally_alone_has_the_same_worlds_and_paths(forecaster, every):
    few = ally_in_worlds(forecaster, Question.resolve(forecaster.basis, "DEU"), 100)
    assert few.numbers.tolist() == chosen_worlds(DRAWS, 100).tolist()
    assert (few.ally.code, few.years, every.ally) == ("DEU", every.years, None)
    whole = by_code(every)["DEU"]
    for name in ("core", "related", "total", "gdp", "core_spending"):
        here, there = getattr(few.allies[0], name), getattr(whole, name)[few.numbers]
        assert here.dtype == np.float32
        assert np.array_equal(here, there)


@pytest.mark.slow
def test_a_scenario_acts_in_the_same_worlds(forecaster, every):
    capped = allies_in_worlds(forecaster, "exemption", Targets(), 100)
    assert capped.numbers.tolist() == chosen_worlds(DRAWS, 100).tolist()
    for code, one in by_code(capped).items():
        before = by_code(every)[code]
        assert np.array_equal(one.related, before.related[capped.numbers])
        if one.core is not None:
            np.testing.assert_allclose(one.core, np.minimum(before.core[capped.numbers], np.float32(2.1)), rtol=1e-6)
    assert capped.id != every.id


@pytest.mark.slow
def test_what_does_not_apply_is_absent(forecaster, every):
    iceland = by_code(every)["ISL"]
    assert (iceland.core, iceland.total, iceland.gdp, iceland.core_spending) == (None, None, None, None)
    assert (iceland.related > 0).all()
    early = ally_in_worlds(forecaster, Question.resolve(forecaster.basis, "FRA", targets=TO_2030, origin=2010), 10)
    assert early.years == tuple(range(2011, 2031))
    assert (early.allies[0].gdp, early.allies[0].core_spending) == (None, None)


@pytest.mark.slow
def test_a_deadline_before_the_origin_is_refused(forecaster):
    with pytest.raises(CannotForecast) as refused:
        allies_in_worlds(forecaster, "baseline", Targets(deadline=2020), 10)
    assert refused.value.field == "deadline"
