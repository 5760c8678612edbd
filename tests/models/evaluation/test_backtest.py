"""The backtest sees nothing later than its origins."""

import numpy as np
import pytest

from models.ensemble.members.registry import POOL
from models.evaluation.backtest import DRAWS, LEVELS, backtest, burn_in
from models.evaluation.track_record import promises_for, track_record
from models.series import Panel, Series

pytestmark = pytest.mark.slow

FEW = 300


def series(name, start, length, seed, drift=0.02):
    rng = np.random.default_rng(seed)
    return Series(name, start, np.exp(np.cumsum(drift + 0.1 * rng.standard_normal(length))))


PANEL = Panel(
    [series("a", 1992, 28, 1), series("b", 1995, 23, 2, 0.0), series("c", 2000, 12, 3), series("d", 2005, 9, 4)]
)


def run(panel=PANEL, origins=range(2008, 2012), horizon=5, **options):
    return backtest(panel, origins, horizon, draws=FEW, **options)


@pytest.fixture(scope="module")
def told():
    """What the run of :func:`result` said of its progress."""
    return []


@pytest.fixture(scope="module")
def result(told):
    return run(progress=lambda done, every: told.append((done, every)))


def test_every_series_is_forecast_from_every_origin_that_knows_eight_values(result):
    assert {(s, o) for s, o, _ in result.rows} == {
        *(("a", o) for o in range(2008, 2012)),
        *(("b", o) for o in range(2008, 2012)),
        *(("c", o) for o in range(2008, 2012)),
    }
    assert np.isfinite(result.quantiles).all()
    assert (result.quantiles > 0).all()
    assert (np.diff(result.quantiles, axis=1) >= 0).all()
    known = [result.panel[s].end >= o + h for s, o, h in result.rows]
    np.testing.assert_array_equal(np.isfinite(result.outcomes), known)


def test_nothing_later_than_the_origin_changes_a_forecast(result):
    """Later values twice as high: every number from origins up to then stays, to the last digit, weights too."""
    last = 2009
    changed = Panel(Series(s.name, s.start, np.where(s.years > last, 2 * s.values, s.values)) for s in PANEL.values())
    before, after = result, run(changed)
    early = np.array([o <= last for _, o, _ in before.rows])
    np.testing.assert_array_equal(before.quantiles[early], after.quantiles[early])
    assert not np.array_equal(before.quantiles[~early], after.quantiles[~early])
    for year in range(2008, last + 1):
        assert before.weights[year] == after.weights[year]


def test_processes_change_nothing_but_time(result):
    np.testing.assert_array_equal(result.quantiles, run(processes=2).quantiles)


def test_progress_is_reported(result, told):
    origins = len(burn_in(PANEL, 2008)) + 4
    assert told == [(done, origins) for done in range(1, origins + 1)]


def test_the_burn_in_is_thinned_for_large_panels():
    many = Panel(series(f"s{i:03}", 1950, 60, i) for i in range(500))
    years = burn_in(many, 2000)
    assert 0 < len(years) < 20
    assert years[-1] == 1999
    assert len(burn_in(Panel([series("x", 1960, 60, 1)]), 2008)) == 20


@pytest.mark.parametrize("values", [np.full(20, 3.0), np.exp(0.3 * np.arange(20)), np.tile([1.0, 9.0], 10)])
def test_one_strange_series_by_itself_has_finite_positive_quantiles(values):
    result = run(Panel([Series("x", 2000, values)]), range(2008, 2018))
    assert np.isfinite(result.quantiles).all()
    assert (result.quantiles > 0).all()


def test_a_panel_without_a_long_enough_series_is_not_forecast():
    assert run(Panel([series("x", 2000, 7, 1)]), range(2003, 2006)).rows == []


def test_a_record_can_be_made_of_any_panel(result):
    record = track_record(result, "none", "0")
    assert record["baseline"]["forecasts"] > 0
    assert {m["name"] for m in record["members"]} == {*POOL, "pledge"}
    assert record["wales"]["below_in_2014"] == 0


def test_only_the_allies_panel_has_pledges():
    assert promises_for(PANEL).commitments == ()
    allies = Panel([Series("DEU", 2000, np.full(9, 2.0)), Series("FRA", 2000, np.full(9, 2.0))])
    assert promises_for(allies).commitments


def test_a_random_walk_is_covered_as_it_should_be():
    """On fifteen random walks the 80 % interval covers about 80 % of outcomes, and no level is far off."""
    walks = Panel(series(f"w{i:02}", 1983, 25, 100 + i, drift=0.0) for i in range(15))
    result = backtest(walks, range(1994, 1997), 3, draws=FEW)
    inside = (result.quantiles[:, list(LEVELS).index(0.1)] <= result.outcomes) & (
        result.outcomes <= result.quantiles[:, list(LEVELS).index(0.9)]
    )
    assert 0.7 < inside.mean() < 0.9
    assert DRAWS >= 2000
