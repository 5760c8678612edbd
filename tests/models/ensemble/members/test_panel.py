"""The panel model: what it recovers, what its draws share, and that nothing explodes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.dataset.observations import load_figures
from models.ensemble.members.base import MemberFailed
from models.ensemble.members.panel import COMMON_SD, Estimate, History, PanelModel, Prior, estimate, mirrored, scales
from models.series import Panel, Series

ALLIES = load_figures().panel()


def simulated(back, k, series=25, years=90, seed=1, own=0.08, common=0.02):
    """A panel of which the part ``k`` of the smoothed change goes on in the next year."""
    memory = Prior().memory
    rng = np.random.default_rng(seed)
    distance, level, smoothed = rng.normal(0, 0.5, series), 0.8, 0.05
    rows = []
    for _ in range(years):
        change = k * smoothed + common * rng.standard_normal()
        smoothed = memory * smoothed + (1 - memory) * change
        level += change
        distance = (1 - back) * distance + own * rng.standard_normal(series)
        rows.append(level + distance)
    return Panel(Series(f"s{i:02}", 1930, np.exp(column)) for i, column in enumerate(np.array(rows).T))


@pytest.mark.parametrize("back", [0.02, 0.06, 0.12])
def test_the_return_toward_the_others_is_found(back):
    found = [estimate(History(simulated(back, 0.5, seed=seed))).back for seed in range(6)]
    assert np.mean([f.mean for f in found]) == pytest.approx(back, abs=0.012)
    assert all(0.001 < f.sd < 0.03 for f in found)


def test_a_panel_that_keeps_its_changes_has_more_momentum_than_one_that_gives_them_back():
    keeps, gives = (estimate(History(simulated(0.03, k, common=0.05))).momentum for k in (0.9, 0.0))
    assert keeps.mean - gives.mean > keeps.sd
    assert gives.sd < Prior().momentum[1]


def test_one_year_of_war_hardly_moves_the_return():
    calm = simulated(0.06, 0.5)
    fought = Panel(
        Series(s.name, s.start, s.values * np.where((s.name == "s00") & (s.years == 1990), 5.0, 1.0))
        for s in calm.values()
    )
    usual, moved = (estimate(History(panel)).back for panel in (calm, fought))
    assert moved.mean == pytest.approx(usual.mean, abs=0.004)


def test_the_prior_is_the_estimate_where_nothing_is_known():
    short = Panel(Series(f"s{i}", 2000, np.array([1.0, 1.1, 1.2])) for i in range(6))
    found = estimate(History(short))
    assert (found.back.mean, found.back.sd) == Prior().back
    assert (found.momentum.mean, found.momentum.sd) == Prior().momentum
    assert found.common_sd == COMMON_SD


@given(st.floats(-5, 5), st.floats(0.01, 5), st.floats(-5, 5), st.floats(0.01, 5))
def test_a_posterior_lies_between_prior_and_estimate_and_is_surer_than_both(value, error, mean, sd):
    found = Estimate.of(value, error, (mean, sd))
    assert min(value, mean) - 1e-9 <= found.mean <= max(value, mean) + 1e-9
    assert found.sd <= min(error, sd) + 1e-12


def test_figures_after_the_origin_change_nothing():
    before = PanelModel().fit(ALLIES.until(2005)).simulate("FRA", 10, 500, 1)
    doubled = Panel(Series(s.name, s.start, np.where(s.years > 2005, 2 * s.values, s.values)) for s in ALLIES.values())
    after = PanelModel().fit(doubled.until(2005)).simulate("FRA", 10, 500, 1)
    np.testing.assert_array_equal(before, after)


def test_series_share_the_common_part_of_a_draw():
    fitted = PanelModel().fit(ALLIES)
    changes = [fitted.simulate(name, 10, 4000, 1)[:, -1] for name in ("FRA", "NLD", "PRT")]
    together = np.corrcoef([np.argsort(np.argsort(c)) for c in changes])
    assert together[np.triu_indices(3, 1)].min() > 0.2


def test_a_series_above_the_others_falls_relative_to_them_and_one_below_rises():
    fitted = PanelModel().fit(ALLIES.until(2013))
    start = fitted.history.distance[-1]
    for name in fitted.history.names:
        distance = start[fitted.history.names.index(name)]
        change = np.median(fitted.simulate(name, 30, 2000, 1)[:, -1]) - ALLIES[name].until(2013).log[-1]
        common = np.median(fitted.simulate("FRA", 30, 2000, 1)[:, -1]) - ALLIES["FRA"].until(2013).log[-1]
        common += start[fitted.history.names.index("FRA")] * (1 - (1 - fitted.parameters.back.mean) ** 30)
        if abs(distance) > 0.3:
            assert np.sign(change - common) == -np.sign(distance), name


def test_without_momentum_the_recent_change_counts_for_nothing():
    fitted = PanelModel().fit(ALLIES)
    rising, level = (fitted.simulate("DEU", 5, 3000, 1, momentum=m) for m in (True, False))
    assert np.median(rising[:, -1]) > np.median(level[:, -1]) + 0.05  # shares rose in the years before 2026


def test_what_goes_on_of_a_change_fades():
    fitted = PanelModel().fit(ALLIES)
    rising, level = (fitted.simulate("DEU", 10, 20_000, 1, momentum=m) for m in (True, False))
    ahead = np.median(rising - level, axis=0)
    added = ahead - (1 - Prior().level_return) * np.append(0.0, ahead[:-1])
    assert (added > 0).all()
    np.testing.assert_allclose(added[1:6] / added[:5], Prior().fading[0], atol=0.06)


def test_the_level_to_which_all_return_is_as_wide_as_its_prior():
    fitted = PanelModel(Prior(momentum=(0.0, 1e-9), fading=(0.0, 1e-9), level_sd=0.5)).fit(ALLIES)
    narrow = PanelModel(Prior(momentum=(0.0, 1e-9), fading=(0.0, 1e-9), level_sd=0.0)).fit(ALLIES)
    wide, calm = (f.simulate("DEU", 34, 20_000, 1)[:, -1] for f in (fitted, narrow))
    closed = 1 - (1 - Prior().level_return) ** 34
    assert wide.var() - calm.var() == pytest.approx((closed * 0.5) ** 2, rel=0.1)
    assert np.median(wide) == pytest.approx(np.median(calm), abs=0.02)


@given(st.integers(1, 400), st.integers(0, 3))
def test_every_second_draw_is_its_forerunners_negative(draws, seed):
    found = mirrored(np.random.default_rng(seed), draws, 3)
    assert found.shape == (draws, 3)
    np.testing.assert_array_equal(found[1::2], -found[: 2 * (draws // 2) : 2])


def test_calm_and_turbulent_draws_have_unit_variance_together_and_pairs_share_theirs():
    found = scales(np.random.default_rng(1), 100_000)
    assert (found**2).mean() == pytest.approx(1, abs=0.03)
    assert np.unique(found).size == 2
    np.testing.assert_array_equal(found[::2], found[1::2])


def test_the_spread_stays_bounded_to_2060():
    fitted = PanelModel().fit(ALLIES)
    for name in fitted.history.names:
        last = fitted.simulate(name, 34, 4000, 1)[:, -1]
        assert np.exp(last).mean() < 3 * np.exp(np.median(last)), name


@settings(deadline=None, max_examples=30)
@given(
    st.integers(5, 8).flatmap(
        lambda n: st.lists(st.lists(st.floats(0.01, 1e6), min_size=3, max_size=25), min_size=n, max_size=n)
    )
)
def test_any_panel_of_positive_values_gives_finite_paths(values):
    panel = Panel(Series(f"s{i}", 2030 - len(v), np.array(v)) for i, v in enumerate(values))
    fitted = PanelModel().fit(panel)
    for name in panel:
        assert np.isfinite(fitted.simulate(name, 34, 50, 1)).all()


@pytest.mark.parametrize("first", [0.125, 0.5, 3.0])
@pytest.mark.parametrize("years", [4, 5, 12])
def test_a_panel_in_which_nearly_nothing_changes_is_fitted(first, years):
    flat = [Series(f"s{i}", 2000, np.ones(years)) for i in range(6)]
    moved = Series("t", 2000, np.append(first, np.ones(years - 1)))
    fitted = PanelModel().fit(Panel([*flat, moved]))
    assert np.isfinite([fitted.parameters.back.mean, fitted.parameters.back.sd]).all()
    assert np.isfinite(fitted.simulate("s0", 34, 50, 1)).all()


def test_few_series_or_values_are_refused():
    with pytest.raises(MemberFailed, match="needs 5"):
        PanelModel().fit(Panel([ALLIES["FRA"]]))
    short = Panel([*(ALLIES[n] for n in ("DEU", "FRA", "ITA", "USA")), Series("x", 2025, np.array([1.0, 2.0]))])
    with pytest.raises(MemberFailed, match="fewer than 3"):
        PanelModel().fit(short).simulate("x", 5, 10, 1)
