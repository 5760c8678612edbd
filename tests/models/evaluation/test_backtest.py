"""The backtest sees nothing later than its origins."""

import numpy as np
import pytest

from models.dataset.observations import load_figures
from models.dataset.tables import BUNDLED
from models.ensemble.members.registry import LOCAL, NAMES, PANEL, PLANS, PLEDGE
from models.ensemble.stacking import TRUST
from models.evaluation.backtest import DRAWS, LEVELS, backtest, burn_in, forecast_origin, pooled
from models.evaluation.track_record import tables_for, track_record
from models.series import Panel, Series

pytestmark = pytest.mark.slow

FEW = 300


def series(name, start, length, seed, drift=0.02):
    rng = np.random.default_rng(seed)
    return Series(name, start, np.exp(np.cumsum(drift + 0.1 * rng.standard_normal(length))))


SERIES = [series("a", 1992, 28, 1), series("b", 1995, 23, 2, 0.0), series("c", 2000, 12, 3), series("d", 2005, 9, 4)]
FEW_SERIES = Panel(SERIES)
MANY_SERIES = Panel([*SERIES, series("e", 1990, 30, 5), series("f", 1990, 30, 6)])
ALLIES = load_figures().panel()


def run(panel=MANY_SERIES, origins=range(2008, 2012), horizon=5, **options):
    return backtest(panel, origins, horizon, draws=FEW, **options)


@pytest.fixture(scope="module")
def told():
    """What the run of :func:`result` said of its progress."""
    return []


@pytest.fixture(scope="module")
def result(told):
    return run(progress=lambda done, every: told.append((done, every)))


def test_every_series_is_forecast_from_every_origin_that_knows_eight_values(result):
    assert {(s, o) for s, o, _ in result.rows} == {(name, o) for name in "abcef" for o in range(2008, 2012)}
    assert np.isfinite(result.quantiles).all()
    assert (result.quantiles > 0).all()
    assert (np.diff(result.quantiles, axis=1) >= 0).all()
    known = [result.panel[s].end >= o + h for s, o, h in result.rows]
    np.testing.assert_array_equal(np.isfinite(result.outcomes), known)


def doubled_after(last, panel):
    return Panel(Series(s.name, s.start, np.where(s.years > last, 2 * s.values, s.values)) for s in panel.values())


@pytest.mark.parametrize("panel", [FEW_SERIES, MANY_SERIES])
def test_nothing_later_than_the_origin_changes_a_forecast(panel):
    """Later values twice as high: every number from origins up to then stays, to the last digit."""
    last, origins = 2009, range(2009, 2011)
    before, after = run(panel, origins), run(doubled_after(last, panel), origins)
    early = np.array([o <= last for _, o, _ in before.rows])
    for found, again in ((before.quantiles, after.quantiles), (before.trend, after.trend)):
        np.testing.assert_array_equal(found[early], again[early])
        assert not np.array_equal(found[~early], again[~early])
    assert before.trust == after.trust


def test_the_trust_is_learned_from_outcomes_known_at_the_origin():
    """Allies after the pledge of Wales: doubling what came after an origin changes the trust of later ones alone."""
    allies = Panel(ALLIES[code] for code in ("BEL", "CZE", "DEU", "ESP", "ITA", "LVA"))
    last, origins = 2018, range(2018, 2021)
    before, after = (run(panel, origins, 3, tables=BUNDLED) for panel in (allies, doubled_after(last, allies)))
    assert before.trust[last] == after.trust[last] != TRUST
    assert before.trust[2020] < after.trust[2020]  # shares that double make the pledge look kept
    early = np.array([o <= last for _, o, _ in before.rows])
    np.testing.assert_array_equal(before.quantiles[early], after.quantiles[early])


def test_pledges_and_plans_raise_the_baseline_above_the_trend_from_wales_on():
    allies = Panel(ALLIES[code] for code in ("BEL", "CZE", "DEU", "ESP", "ITA", "LVA"))
    middle = list(LEVELS).index(0.5)
    before, after = (run(allies, range(y, y + 1), 5, tables=BUNDLED) for y in (2012, 2015))
    np.testing.assert_array_equal(before.quantiles, before.trend)
    assert (after.quantiles[:, middle] > after.trend[:, middle]).all()


def test_the_pooled_quantiles_follow_the_trust():
    allies = Panel(ALLIES[code] for code in ("BEL", "CZE", "DEU", "ESP", "ITA", "LVA"))
    origin = forecast_origin(allies, 2015, 3, FEW, 1, BUNDLED)
    none, half, all_of_it = (pooled(origin, trust, LEVELS) for trust in (0.0, 0.5, 1.0))
    assert none.shape == (6, 3, LEVELS.size)
    assert (all_of_it > none)[..., 3:-3].all()
    assert (half >= none - 1e-9)[..., 3:-3].all()
    assert (half <= all_of_it + 1e-9)[..., 3:-3].all()
    made = {name for i, name in enumerate(NAMES) if np.isfinite(origin.points[:, i]).all()}
    assert made == {PANEL, PLANS, PLEDGE}


def test_revisions_shift_the_whole_path():
    origin, moved = (
        forecast_origin(MANY_SERIES, 2010, 3, FEW, 1, None, revisions) for revisions in (None, {"a": np.full(FEW, 0.1)})
    )
    panel = NAMES.index(PANEL)
    a, b = origin.names.index("a"), origin.names.index("b")
    np.testing.assert_allclose(moved.points[a, panel], origin.points[a, panel] + 0.1, atol=1e-5)
    np.testing.assert_array_equal(moved.points[b, panel], origin.points[b, panel])


def test_processes_change_nothing_but_time(result):
    np.testing.assert_array_equal(result.quantiles, run(processes=2).quantiles)


@pytest.mark.usefixtures("result")
def test_progress_is_reported_and_only_promises_need_a_burn_in(told):
    assert told == [(done, 4) for done in range(1, 5)]
    allies, reported = Panel(ALLIES[code] for code in ("DEU", "FRA")), []
    run(allies, range(2024, 2025), 1, tables=BUNDLED, progress=lambda *counts: reported.append(counts))
    assert reported[-1] == (21, 21)


def test_the_burn_in_has_the_years_before_in_which_a_series_can_be_forecast():
    assert burn_in(Panel([series("x", 1960, 60, 1)]), 2008) == list(range(1988, 2008))
    assert burn_in(Panel([series("x", 1995, 10, 1)]), 2008) == [2002, 2003, 2004]


@pytest.mark.parametrize("values", [np.full(20, 3.0), np.exp(0.3 * np.arange(20)), np.tile([1.0, 9.0], 10)])
def test_one_strange_series_by_itself_has_finite_positive_quantiles(values):
    result = run(Panel([Series("x", 2000, values)]), range(2008, 2018))
    assert np.isfinite(result.quantiles).all()
    assert (result.quantiles > 0).all()
    np.testing.assert_array_equal(result.quantiles, result.trend)  # of no government nothing is known
    assert set(result.members) <= {member.name for member in LOCAL}


def test_a_panel_without_a_long_enough_series_is_not_forecast():
    assert run(Panel([series("x", 2000, 7, 1)]), range(2003, 2006)).rows == []


def test_a_record_can_be_made_of_any_panel(result):
    record = track_record(result, "none", "0")
    assert record["baseline"]["forecasts"] > 0
    assert record["baseline"] == record["trend"]
    assert {m["name"]: m["weight"] for m in record["members"]} == {PANEL: 1}
    assert record["wales"]["below_in_2014"] == 0
    few = track_record(run(FEW_SERIES, range(2012, 2013)), "none", "0")
    assert {m["name"]: m["weight"] for m in few["members"]} == {member.name: 1 / len(LOCAL) for member in LOCAL}


def test_only_the_allies_panel_has_promises():
    assert tables_for(MANY_SERIES) is None
    assert tables_for(Panel(ALLIES[code] for code in ("DEU", "FRA"))) == BUNDLED
    assert tables_for(Panel([ALLIES["DEU"], *MANY_SERIES.values()])) is None


def test_a_random_walk_is_covered_as_it_should_be():
    """On fifteen random walks the 80 % interval covers about 80 % of outcomes, and no level is far off."""
    walks = Panel(series(f"w{i:02}", 1983, 25, 100 + i, drift=0.0) for i in range(15))
    result = backtest(walks, range(1994, 1997), 3, draws=FEW)
    inside = (result.quantiles[:, list(LEVELS).index(0.1)] <= result.outcomes) & (
        result.outcomes <= result.quantiles[:, list(LEVELS).index(0.9)]
    )
    assert 0.7 < inside.mean() < 0.9
    assert DRAWS >= 2000
