"""Growth around its projection."""

import math

import numpy as np
import pytest

from models.dataset import gdp as projections
from models.dataset import observations, tables
from models.dataset.countries import allies
from models.dataset.gdp import gdp_usd, growth, nominal_gdp, price_index, projected_growth
from models.dataset.tables import BUNDLED
from models.simulation import gdp_paths
from models.simulation.fitter import Fitter
from models.simulation.gdp_paths import GrowthErrors, growth_errors, simulate_gdp

DRAWS = 20_000
CACHED = (
    projections.growth,
    projections.actual_growth,
    gdp_paths.errors_until,
    projections.nominal_gdp,
    projections.gdp_usd,
    observations.load_figures,
    observations.latest_figures,
)


@pytest.fixture
def tables_of(monkeypatch):
    """Stand-ins for the bundled tables; what was read from those is forgotten before and after."""

    def replace(**replaced):
        read = tables.read
        monkeypatch.setattr(tables, "read", lambda name: replaced.get(name) or read(name))
        for cached in CACHED:
            cached.cache_clear()

    yield replace
    for cached in CACHED:
        cached.cache_clear()


def gdp_row(code, year, real, nominal="", deflator="", kind="actual", source=BUNDLED.uses.outlook):
    return {
        "iso3": code,
        "year": str(year),
        "nominal_lcu_bn": str(nominal),
        "real_growth_pct": str(real),
        "deflator_growth_pct": str(deflator),
        "kind": kind,
        "source": source,
    }


def log_growth(index):
    return np.diff(np.log(index), axis=1)


def test_newer_figures_replace_the_outlook():
    # Romania 2026: 1.4 % by the IMF, -0.1 % by NATO.
    assert projected_growth("ROU", 2026, 1)[0] == growth("ROU").real_between(2027, 2027)[0]
    assert growth("ROU").real_between(2026, 2026)[0] == pytest.approx(-0.1, abs=0.1)
    assert projected_growth("ROU", 2025, 1)[0] == pytest.approx(1.4, abs=0.1)  # NATO's came in 2026


def test_before_the_outlook_the_recent_average_stands_in():
    actual = projections.actual_growth("POL")
    mean = np.mean([actual[y] for y in range(2015, 2020)])
    np.testing.assert_allclose(projected_growth("POL", 2019, 3), 100 * math.expm1(mean))
    # Montenegro has no growth before 2001: all allies' mean.
    assert 0 < projected_growth("MNE", 1999, 1)[0] < 6


def test_deviations_are_those_worked_out_by_hand():
    values = {1990: 1.0, 1991: 2.0, 1992: 3.0, 1993: 4.0, 1994: 5.0, 1995: 9.0, 1996: 0.0, 1997: 7.0}
    found = gdp_paths.deviations(values, 1996, 5)
    assert found == pytest.approx({1995: 9 - 3, 1996: 0 - 4.6})
    assert gdp_paths.deviations({1993: 1.0, 1994: 2.0, 1995: 3.0}, 1995, 3) == {}


def test_winsorised_values_are_those_worked_out_by_hand():
    # Median 0, median absolute deviation 1: the reach is 3 x 1.4826.
    values = gdp_paths.winsorised({1: -1.0, 2: 0.0, 3: 1.0, 4: -1.0, 5: 90.0, 6: 0.5, 7: -0.5})
    assert values[5] == pytest.approx(0.0 + 3 * 1.4826 * 1.0)
    assert values[1] == -1.0
    assert gdp_paths.winsorised({}) == {}


def test_correlation_and_persistence_are_those_worked_out_by_hand():
    same = np.array([[1.0, -1.0, 1.0], [1.0, -1.0, np.nan]])
    # Pairs (both orders): 1, 1; mean of squares 1.
    assert gdp_paths.mean_correlation(same) == pytest.approx(0.95)  # clipped
    apart = np.array([[1.0, 1.0], [1.0, -1.0]])
    assert gdp_paths.mean_correlation(apart) == 0.0
    falling = np.array([[4.0, 2.0, 1.0], [np.nan, 2.0, np.nan]])
    assert gdp_paths.autocorrelation(falling) == pytest.approx((4 * 2 + 2 * 1) / (16 + 4))


def test_cumulated_variance_is_that_worked_out_by_hand():
    assert gdp_paths.cumulated_variance(0.0, 5) == pytest.approx(5.0)
    # x1 = u1, x2 = 0.5 u1 + u2: sum 1.5 u1 + u2, var u = 0.75.
    assert gdp_paths.cumulated_variance(0.5, 2) == pytest.approx((1.5**2 + 1) * 0.75)


def test_the_trend_part_is_that_worked_out_by_hand(monkeypatch):
    steady = {"AAA": dict.fromkeys(range(1990, 2005), 0.04), "BBB": dict.fromkeys(range(1990, 2005), 0.0)}
    monkeypatch.setattr(gdp_paths, "actual_growth", lambda code, _tables: steady[code])
    # Half-way between its own mean and all allies' (0.02), each is missed by 0.01 a year: 2.5 sd in five years.
    assert gdp_paths.trend_part({"AAA": 0.02, "BBB": 0.02}, 2004, 0.0) == pytest.approx((2.5**2 - 5) / (25 - 5))
    assert gdp_paths.trend_part({"AAA": 0.02, "BBB": 0.02}, 1998, 0.0) == 0.0  # not one span of five years


def test_the_slope_is_that_worked_out_by_hand():
    errors = {"AAA": {2000: -0.02, 2001: 0.01}, "BBB": {2000: -0.08}}
    surprises = {"AAA": {2000: 0.1, 2001: -0.1, 2002: 9.0}, "BBB": {2000: 0.2}}
    sd = {"AAA": 0.02, "BBB": 0.04}
    top = (-0.02 * 0.1 - 0.01 * 0.1) / 0.02**2 - 0.08 * 0.2 / 0.04**2
    bottom = 2 * 0.1**2 / 0.02**2 + 0.2**2 / 0.04**2
    assert gdp_paths.slope_on_surprises(errors, surprises, sd) == pytest.approx(top / bottom)
    assert gdp_paths.slope_on_surprises(errors, {}, sd) == 0.0


def test_errors_learned_from_history_are_plausible():
    learned = growth_errors(2026)
    assert learned == growth_errors(BUNDLED.uses.outlook_actual)
    assert set(learned.sd) == set(allies())
    assert all(0.01 < sd < 0.06 for sd in learned.sd.values())
    assert learned.sd["USA"] < learned.sd["BGR"]
    assert 0.3 < learned.common_correlation < 0.7
    assert 0.1 < learned.persistence < 0.4
    assert 0.0 < learned.trend_part < 0.5
    assert -0.15 < learned.share_slope < -0.02  # a recession raises the share


@pytest.mark.parametrize("origin", [2009, 2019])
def test_nothing_later_than_the_origin_matters(tables_of, origin):
    share = np.cumsum(np.random.default_rng(1).normal(0, 0.1, (50, 4)), axis=1)
    learned, paths = growth_errors(origin), simulate_gdp("EST", origin, 3, share, 50, seed=1)

    def changed(row, column, factor):
        later = int(row["year"]) > max(origin, 2019) and row[column]
        return row | {column: str(factor * float(row[column]))} if later else row

    tables_of(
        gdp=tuple(
            r | {"real_growth_pct": "-7.5"} if int(r["year"]) > origin and r["real_growth_pct"] else r
            for r in tables.read("gdp")
        ),
        # The years to 2019 join the long history to NATO's: a constant factor, which no change depends on.
        core_share=tuple(changed(r, "share_pct", 3.0) for r in tables.read("core_share")),
    )
    again = growth_errors(origin)
    assert again.sd == pytest.approx(learned.sd)
    assert again.share_slope == pytest.approx(learned.share_slope)
    assert (again.common_correlation, again.persistence, again.trend_part) == pytest.approx(
        (learned.common_correlation, learned.persistence, learned.trend_part)
    )
    np.testing.assert_allclose(simulate_gdp("EST", origin, 3, share, 50, seed=1), paths)
    assert growth_errors(2024).common_correlation != pytest.approx(learned.common_correlation)


def test_without_sipri_its_shares_teach_nothing(tables_of):
    def gdp(sipri):
        fitter = Fitter(observations.load_figures(sipri=sipri), 50, seed=1)
        return fitter.fit(allies()["EST"], 2026, pledge=False).paths.gdp

    def swung(row):
        factor = 1.5 ** (int(row["year"]) % 2)
        return row | {"share_pct": str(factor * float(row["share_pct"]))} if row["source"].startswith("sipri") else row

    learned = {sipri: growth_errors(2024, sipri=sipri) for sipri in (True, False)}
    paths = gdp(False)
    assert 0 < learned[False].surprises < learned[True].surprises
    tables_of(core_share_history=tuple(map(swung, tables.read("core_share_history"))))
    assert growth_errors(2024, sipri=False) == learned[False]
    assert growth_errors(2024, sipri=True).share_slope != pytest.approx(learned[True].share_slope)
    np.testing.assert_array_equal(gdp(False), paths)


def test_too_little_history_leaves_the_prior():
    assert growth_errors(1996).errors == 0
    assert np.isfinite(simulate_gdp("DEU", 1996, 10, None, 100, seed=1)).all()


@pytest.mark.parametrize("code", sorted(allies()))
def test_every_ally_has_paths_around_its_projection(code):
    index = simulate_gdp(code, 2026, 9, None, DRAWS, seed=5)
    assert index.shape == (DRAWS, 10)
    assert (index[:, 0] == 1).all()
    assert np.isfinite(index).all()
    assert (index > 0).all()
    projected = np.log1p(projected_growth(code, 2026, 9) / 100)
    sd = growth_errors(2026).sd[code]
    np.testing.assert_allclose(log_growth(index).mean(axis=0), projected, atol=5 * sd / math.sqrt(DRAWS))
    np.testing.assert_allclose(log_growth(index)[:, 1:].std(axis=0), sd, rtol=0.06)


def test_paths_are_the_same_again_and_a_longer_horizon_leaves_them_alone():
    paths = simulate_gdp("DEU", 2026, 5, None, 300, seed=5)
    np.testing.assert_array_equal(paths, simulate_gdp("DEU", 2026, 5, None, 300, seed=5))
    np.testing.assert_array_equal(paths, simulate_gdp("DEU", 2026, 8, None, 300, seed=5)[:, :6])
    assert not np.array_equal(paths, simulate_gdp("DEU", 2026, 5, None, 300, seed=6))


def test_allies_share_shocks():
    first, second = (log_growth(simulate_gdp(c, 2026, 4, None, DRAWS, seed=5)) for c in ("DEU", "USA"))
    for step in range(4):
        found = np.corrcoef(first[:, step], second[:, step])[0, 1]
        assert found == pytest.approx(growth_errors(2026).common_correlation, abs=0.06)


def test_errors_last_and_grow_faster_than_the_root_of_the_horizon():
    level = np.log(simulate_gdp("DEU", 2026, 9, None, DRAWS, seed=5)).std(axis=0)
    assert level[9] > math.sqrt(9) * level[1]


def test_a_recession_raises_the_share_and_the_variance_stays():
    share = np.log(2.0) + np.cumsum(np.random.default_rng(2).normal(0.03, 0.1, (DRAWS, 6)), axis=1)
    follows = log_growth(simulate_gdp("DEU", 2026, 5, share, DRAWS, seed=5))
    alone = log_growth(simulate_gdp("DEU", 2026, 5, None, DRAWS, seed=5))
    np.testing.assert_allclose(follows.mean(axis=0), alone.mean(axis=0), atol=0.001)
    np.testing.assert_allclose(follows.std(axis=0), alone.std(axis=0), rtol=0.05)
    for step in range(5):
        assert -0.4 < np.corrcoef(np.diff(share, axis=1)[:, step], follows[:, step])[0, 1] < -0.15


def test_a_wild_or_a_frozen_share_moves_growth_no_further():
    calm = log_growth(simulate_gdp("DEU", 2026, 2, None, DRAWS, seed=5)).std(axis=0)
    wild = np.cumsum(np.random.default_rng(2).normal(0, 5.0, (DRAWS, 3)), axis=1)
    np.testing.assert_allclose(
        log_growth(simulate_gdp("DEU", 2026, 2, wild, DRAWS, seed=5)).std(axis=0), calm, rtol=0.06
    )
    frozen = np.full((DRAWS, 3), np.log(2.0))
    np.testing.assert_allclose(
        simulate_gdp("DEU", 2026, 2, frozen, DRAWS, seed=5), simulate_gdp("DEU", 2026, 2, None, DRAWS, seed=5)
    )


def test_simulated_errors_persist_as_worked_out_by_hand(monkeypatch):
    learned = GrowthErrors({"DEU": 0.02}, 0.0, 0.5, 0.0, -0.1, 1, 1)
    monkeypatch.setattr(gdp_paths, "growth_errors", lambda *_, **__: learned)
    monkeypatch.setattr(
        gdp_paths, "_shocks", lambda code, what, correlation, draws, seed: np.full(draws, what == "2027")
    )
    monkeypatch.setattr(
        gdp_paths, "projected_growth", lambda code, origin, horizon, _tables, _known: np.full(horizon, 2.0)
    )
    shock = 0.02 * math.sqrt(1 - 0.5**2)
    expected = np.exp(np.cumsum(np.log(1.02) + shock * np.array([1, 0.5, 0.25])))
    np.testing.assert_allclose(simulate_gdp("DEU", 2026, 3, None, 2, seed=1)[:, 1:], [expected, expected])


def test_nominal_gdp_is_that_worked_out_by_hand(tables_of):
    tables_of(
        gdp=(
            gdp_row("AAA", 2024, 1.0, nominal=100.0, deflator=2.0),
            gdp_row("AAA", 2025, 1.0, nominal=103.0, deflator=2.0, kind="projection"),
            gdp_row("AAA", 2026, 2.0, nominal=107.0, deflator=3.0, kind="projection"),
            gdp_row("AAA", 2026, 1.0, kind="projection", source="nato_2026"),
        )
    )
    nominal = nominal_gdp("AAA", 2027)
    assert dict(nominal) == pytest.approx(
        {2024: 100.0, 2025: 100 * 1.01 * 1.02, 2026: 103.02 * 1.01 * 1.03, 2027: 103.02 * (1.01 * 1.03) ** 2}
    )


def test_nominal_gdp_is_the_outlooks_where_nothing_newer_exists():
    outlook = {
        int(r["year"]): float(r["nominal_lcu_bn"])
        for r in tables.read("gdp")
        if r["iso3"] == "LUX" and r["source"] == BUNDLED.uses.outlook
    }
    nominal = nominal_gdp("LUX")
    assert max(nominal) == 2060
    assert {year: nominal[year] for year in outlook} == pytest.approx(outlook, rel=1e-3)


def test_the_denominator_is_amount_over_share():
    amount = next(float(r["amount"]) for r in tables.read("core_amount") if (r["iso3"], r["year"]) == ("POL", "2026"))
    assert gdp_usd("POL", 2026) == pytest.approx(amount / 4.68 * 100)
    assert gdp_usd("ISL", 2026) is None
    assert gdp_usd("POL", 2030) is None


def test_prices_follow_the_projection_and_before_it_the_five_years_known():
    later = price_index("DEU", 2026, 2035)
    assert later[0] == 1
    np.testing.assert_allclose(later[1:] / later[:-1] - 1, growth("DEU").deflator_between(2027, 2035) / 100)
    earlier = price_index("DEU", 2014, 2020)
    rate = growth("DEU").deflator_between(2010, 2014).mean() / 100
    np.testing.assert_allclose(earlier, (1 + rate) ** np.arange(7))


def test_of_a_series_of_ones_own_no_economy_is_assumed():
    assert projected_growth("XXX", 2026, 5).tolist() == [0] * 5
    assert projected_growth("XXX", 2005, 5).tolist() == [0] * 5
    assert price_index("XXX", 2026, 2030).tolist() == [1] * 5
