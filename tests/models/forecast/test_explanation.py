"""What an answer says of how it came about."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Forecaster, Scenario, Targets, load_figures
from models.dataset.countries import OWN_SERIES
from models.forecast.explanation import effective_fraction, plausibility, rank
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import (
    Cap,
    Exit,
    Floor,
    Freeze,
    GdpGrowth,
    PledgeLever,
    Purchase,
    Reclassify,
    SharePath,
    Shock,
)
from models.simulation.path_store import PathStore
from tests.models.scenarios.levers.test_levers import PATHS, applied

MANY = (
    Cap(share_pct=3.6),
    GdpGrowth(change_pp=-2.0, last_year=2028),
    SharePath(points={2030: 3.1, 2035: 3.4}),
    Reclassify(component="related", share_pct=0.4),
    Shock(spread_factor=1.5),
    Purchase(share_pct=0.4, first_year=2035),
    Exit(year=2031, reversion=0.5, toward="origin"),
    Floor(component="related", share_pct=1.0, countries=("european",)),
)
DRAWS = 2000


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


def at_deadline(answer):
    return {t.component: t.outcome.probability.at_deadline for t in answer.targets if t.outcome}


def check_waterfall(answer, baseline):
    """The steps lead from the baseline to the answer, and their changes add up to the whole difference."""
    explanation = answer.explanation
    start = {name: r.outcome.probability.at_deadline for name, r in explanation.baseline.items() if r.outcome}
    assert start == at_deadline(baseline)
    end = explanation.waterfall[-1].after if explanation.waterfall else start
    assert end == at_deadline(answer)
    for name, first in start.items():
        levels = [first, *(step.after[name] for step in explanation.waterfall)]
        # In draws, which are whole: exact.
        counts = [round(p * (DRAWS + 1) - 0.5) for p in levels]
        assert sum(np.diff(counts)) == round((at_deadline(answer)[name] - first) * (DRAWS + 1))


def test_the_baseline_needs_no_explanation(forecaster):
    assert forecaster.forecast("DEU").explanation is None
    assert forecaster.forecast("DEU", Scenario("mine")).explanation is None


@pytest.mark.parametrize("name", sorted(set(named_scenarios()) - {"baseline"}))
@pytest.mark.parametrize("code", ["DEU", "ISL", "USA"])
def test_every_shipped_scenario_adds_up(forecaster, code, name):
    answer = forecaster.forecast(code, name)
    if answer.explanation is not None:
        check_waterfall(answer, forecaster.forecast(code))


@pytest.mark.parametrize("pledge_effect", [True, False])
@pytest.mark.parametrize("code", ["DEU", "CAN"])
def test_many_levers_add_up(forecaster, code, pledge_effect):
    targets = Targets(core=3.2, related=1.2)
    answer = forecaster.forecast(code, Scenario("x", levers=MANY, pledge_effect=pledge_effect), targets)
    check_waterfall(answer, forecaster.forecast(code, targets=targets))
    acted = [step.type for step in answer.explanation.waterfall]
    expected = ["gdp_growth", "share_path", "exit", "shock", "step", "reclassify", "floor", "cap"]
    if code == "CAN":
        expected.remove("floor")
    assert acted == ([] if pledge_effect else ["without_pledges"]) + expected
    assert all(step.lever is None or MANY[step.lever].type == step.type for step in answer.explanation.waterfall)


def test_the_trend_is_the_baseline_without_pledges(forecaster):
    answer = forecaster.forecast("ITA", "trend")
    (step,) = answer.explanation.waterfall
    assert (step.type, step.lever) == ("without_pledges", None)
    assert step.after == at_deadline(answer)
    check_waterfall(answer, forecaster.forecast("ITA"))


def test_an_exit_goes_back_to_the_trend_of_the_same_ally(forecaster):
    gone = forecaster.forecast("ITA", Scenario("x", levers=(Exit(year=2030, over_years=1),)), levels=(0.5,))
    trend = forecaster.forecast("ITA", "trend", levels=(0.5,))
    found, expected = (a.components["core"].quantiles[0, 4:] for a in (gone, trend))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_levers_for_other_allies_explain_nothing_away(forecaster):
    answer = forecaster.forecast("DEU", Scenario("x", levers=(Cap(share_pct=1.0, countries=("ESP",)),)))
    assert answer.explanation.waterfall == ()
    assert answer.explanation.plausibility.effective == 1
    assert answer.targets == forecaster.forecast("DEU").targets
    assert "does not act on DEU" in answer.notes[0]


def test_what_a_scenario_was_written_for_is_compared(forecaster):
    notes = forecaster.forecast("DEU", Scenario("x", model_version="1", vintage="nato-2025")).notes
    assert len(notes) == 2
    assert "version 1 of the statistics" in notes[0]
    assert "nato-2025" in notes[1]
    assert forecaster.forecast("DEU", Scenario("x", vintage="nato-2026")).notes == ()


def test_a_series_of_ones_own_is_explained_too(forecaster):
    history = load_figures().panel()["FRA"]
    answer = forecaster.forecast(None, Scenario("x", levers=(Freeze(),), pledge_effect=False), history=history)
    assert answer.ally is OWN_SERIES
    assert [step.type for step in answer.explanation.waterfall] == ["without_pledges", "freeze"]
    assert answer.explanation.baseline["total"].outcome is None


def test_far_from_the_baseline_is_implausible(forecaster):
    effective, ranks = [], []
    for share in (2.5, 3.5, 4.5, 9.0):
        found = forecaster.forecast("ITA", Scenario("x", levers=(SharePath(points={2035: share}),)))
        effective.append(found.explanation.plausibility.effective)
        ranks.append(found.explanation.plausibility.rank[-1])
        np.testing.assert_allclose(found.explanation.plausibility.median[-1], share, rtol=1e-5)
    assert effective[1:] == sorted(effective[1:], reverse=True)
    assert ranks == sorted(ranks)
    assert effective[-1] < 0.05
    assert ranks[-1] > 0.95
    assert all(1 / DRAWS <= x <= 1 for x in effective)


def test_a_wider_spread_alone_is_as_plausible_as_the_baseline():
    found = plausibility(applied(Scenario("x", levers=(Shock(spread_factor=2.0),))), PATHS)
    assert found.effective > 0.999
    np.testing.assert_allclose(found.rank, 0.5, atol=0.01)


def test_the_unmoved_median_has_rank_one_half():
    found = plausibility(PATHS, PATHS)
    np.testing.assert_allclose(found.rank, 0.5, atol=1e-3)
    assert found.effective == 1


def test_ranks_are_never_zero_or_one():
    shares = np.arange(1.0, 5.0)[:, None]
    for value, expected in ((0.0, 0.1), (2.0, 0.4), (9.0, 0.9)):
        assert rank(np.array([value]), shares)[0] == pytest.approx(expected)


NORMAL = np.random.default_rng(5).standard_normal(20_000) * 0.3 + 1.0


@given(st.floats(-0.45, 0.45))
def test_for_normal_draws_the_effective_sample_size_is_known(shift):
    assert effective_fraction(NORMAL, shift) == pytest.approx(math.exp(-((shift / 0.3) ** 2)), rel=0.25, abs=0.01)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=40), st.floats(-8, 8), st.floats(1e-6, 10))
def test_the_effective_sample_size_is_a_fraction_of_the_draws(values, shift, scale):
    found = effective_fraction(np.array(values) * scale, shift)
    assert 1 / len(values) - 1e-12 <= found <= 1 + 1e-12


@given(st.floats(0, 1.2), st.floats(0, 1.2))
def test_a_larger_shift_leaves_fewer_draws(one, other):
    near, far = sorted((one, other))
    assert effective_fraction(NORMAL, far) <= effective_fraction(NORMAL, near) + 1e-9


def test_the_tilt_moves_the_mean_as_far_as_it_was_asked_to():
    """Against weights found by a search over the tilt itself."""
    x = np.random.default_rng(2).gamma(2.0, size=500)
    for shift in (-1.2, -0.3, 0.5, 3.0):
        low, high = -200.0, 200.0
        for _ in range(200):
            tilt = (low + high) / 2
            w = np.exp(tilt * x - (tilt * x).max())
            w /= w.sum()
            low, high = (tilt, high) if w @ x < x.mean() + shift else (low, tilt)
        assert effective_fraction(x, shift) == pytest.approx(1 / (x.size * (w @ w)), rel=1e-4)


def test_a_kept_pledge_at_the_threshold_is_explained_for_the_total(forecaster):
    answer = forecaster.forecast("FRA", Scenario("x", levers=(PledgeLever(share_pct=3.5, year=2035),)))
    step = answer.explanation.waterfall[0]
    assert set(step.after) == {"core", "related", "total"}
    assert step.after["related"] == at_deadline(forecaster.forecast("FRA"))["related"]
