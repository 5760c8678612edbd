"""The scores against what they are defined as, computed the long way."""

from __future__ import annotations

from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.ensemble.stacking import midpoints
from models.evaluation import scores, track_record
from models.series import Panel, Series

LEVELS = np.array([0.01, 0.025, *np.arange(0.05, 0.951, 0.05).round(2), 0.975, 0.99])
DENSE = midpoints(2000)
values = st.floats(-50, 50, allow_nan=False)
quantiles = arrays(float, 9, elements=values).map(np.sort)
unit = st.floats(0.01, 0.99)


def integral_of_squares(points: np.ndarray, outcome: float, low: float = -100.0) -> float:
    """CRPS as it is defined, the integral over x >= ``low`` of (F(x) - 1{outcome <= x})^2, F having equal steps."""
    edges = np.unique(np.concatenate([points, [outcome, low, 100.0]]))
    edges = edges[edges >= low]
    total = 0.0
    for left, right in pairwise(edges):
        below = float(np.mean(points <= left))
        total += (right - left) * (below - (outcome <= left)) ** 2
    return total


def standard(levels: np.ndarray) -> np.ndarray:
    return np.array([NormalDist().inv_cdf(p) for p in levels])


class TestCrps:
    @given(points=quantiles, outcome=values)
    def test_crps_is_the_integral_of_the_squared_difference_of_the_distributions(
        self, points: np.ndarray, outcome: float
    ) -> None:
        """At midpoint levels twice the mean pinball loss is exactly the CRPS of equally likely points."""
        found = scores.crps(points[None], midpoints(9), np.array([outcome]))
        assert found[0] == pytest.approx(integral_of_squares(points, outcome), abs=1e-9)

    @given(points=arrays(float, LEVELS.size, elements=values).map(np.sort), outcome=values)
    def test_crps_is_twice_the_mean_pinball_loss_at_any_levels(self, points: np.ndarray, outcome: float) -> None:
        loss = [
            p * (outcome - q) if outcome >= q else (1 - p) * (q - outcome) for p, q in zip(LEVELS, points, strict=True)
        ]
        found = scores.crps(points[None], LEVELS, np.array([outcome]))
        assert found[0] == pytest.approx(2 * sum(loss) / len(loss), abs=1e-12)

    @given(mean=values, sd=st.floats(0.1, 5), distance=st.floats(-3, 3))
    def test_crps_of_a_normal_distribution_is_its_closed_form(self, mean: float, sd: float, distance: float) -> None:
        """Gneiting & Raftery (2007), the example of eq. 20."""
        normal = NormalDist()
        expected = sd * (distance * (2 * normal.cdf(distance) - 1) + 2 * normal.pdf(distance) - np.pi**-0.5)
        found = scores.crps(mean + sd * standard(DENSE)[None], DENSE, np.array([mean + sd * distance]))
        assert found[0] == pytest.approx(expected, abs=2e-3 * sd)

    @given(points=quantiles, outcome=values, threshold=values)
    def test_crps_weighted_by_a_threshold_counts_what_lies_above_it(
        self, points: np.ndarray, outcome: float, threshold: float
    ) -> None:
        found = scores.threshold_weighted_crps(points[None], np.array([outcome]), np.array([threshold]))
        assert found[0] == pytest.approx(integral_of_squares(points, outcome, low=threshold), abs=1e-9)


class TestExceedance:
    @given(points=quantiles, thresholds=st.lists(values, min_size=2, max_size=20).map(sorted))
    def test_exceedance_falls_as_the_threshold_rises_and_is_never_certain(
        self, points: np.ndarray, thresholds: list[float]
    ) -> None:
        found = scores.exceedance(np.tile(points, (len(thresholds), 1)), midpoints(9), np.array(thresholds))
        assert (np.diff(found) <= 1e-12).all()
        assert ((found > 0) & (found < 1)).all()

    @given(points=arrays(float, LEVELS.size, elements=st.floats(0.01, 1)).map(np.cumsum))
    def test_exceedance_of_a_quantile_is_what_lies_above_it(self, points: np.ndarray) -> None:
        found = scores.exceedance(np.tile(points, (LEVELS.size, 1)), LEVELS, points)
        assert found == pytest.approx(1 - LEVELS, abs=1e-9)


class TestPit:
    @given(mean=values, sd=st.floats(0.1, 5))
    def test_pit_is_uniform_for_a_perfect_forecast(self, mean: float, sd: float) -> None:
        """Outcomes at equally spaced probabilities: each gets its own back."""
        probabilities = midpoints(400)
        outcomes = mean + sd * standard(probabilities)
        found = scores.pit(np.tile(mean + sd * standard(DENSE), (400, 1)), DENSE, outcomes)
        assert found == pytest.approx(probabilities, abs=1e-3)

    def test_pit_is_hump_shaped_for_a_forecast_that_is_too_wide(self) -> None:
        outcomes = standard(midpoints(400))
        found = scores.pit(np.tile(2 * standard(DENSE), (400, 1)), DENSE, outcomes)
        assert np.std(found) < 0.8 * 12**-0.5


class TestCovered:
    @given(mean=values, sd=st.floats(0.1, 5), interval=st.sampled_from([0.5, 0.8, 0.9, 0.95]))
    def test_a_perfect_forecast_covers_as_often_as_it_says(self, mean: float, sd: float, interval: float) -> None:
        outcomes = mean + sd * standard(midpoints(400))
        found = scores.covered(np.tile(mean + sd * standard(LEVELS), (400, 1)), LEVELS, outcomes, interval)
        assert found.mean() == pytest.approx(interval, abs=1 / 200)

    @given(points=arrays(float, LEVELS.size, elements=values).map(np.sort), outcome=values)
    def test_a_wider_interval_covers_what_a_narrower_one_does(self, points: np.ndarray, outcome: float) -> None:
        inside = [scores.covered(points[None], LEVELS, np.array([outcome]), c)[0] for c in (0.5, 0.8, 0.95)]
        assert inside == sorted(inside)


class TestEvents:
    @given(probability=unit, rate=unit)
    def test_scores_are_proper(self, probability: float, rate: float) -> None:
        """No stated probability scores better, on average, than the one at which it happens."""
        both = np.array([True, False])
        for score in (scores.brier, scores.log_score):
            stated, honest = (
                rate * s[0] + (1 - rate) * s[1] for s in (score(np.full(2, p), both) for p in (probability, rate))
            )
            assert honest <= stated + 1e-12

    def test_a_coin_scores_a_quarter_and_log_two(self) -> None:
        both, coin = np.array([True, False]), np.full(2, 0.5)
        assert scores.brier(coin, both) == pytest.approx(0.25)
        assert scores.log_score(coin, both) == pytest.approx(np.log(2))


class TestReliability:
    @given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 20))
    def test_bins_hold_every_forecast_once(self, forecasts: list[tuple[float, bool]], bins: int) -> None:
        probabilities, happened = np.array([p for p, _ in forecasts]), np.array([h for _, h in forecasts])
        curve = scores.reliability(probabilities, happened, bins)
        assert len(curve) <= bins
        assert sum(b.forecasts for b in curve) == len(forecasts)
        assert sum(b.forecasts * b.frequency for b in curve) == pytest.approx(happened.sum())
        assert sum(b.forecasts * b.probability for b in curve) == pytest.approx(probabilities.sum())
        assert [b.probability for b in curve] == sorted(b.probability for b in curve)

    def test_reliability_of_a_calibrated_forecast_lies_on_the_diagonal(self) -> None:
        probabilities = np.repeat(np.arange(0.05, 1, 0.1), 100)
        happened = np.tile(midpoints(100), 10) < probabilities
        for found in scores.reliability(probabilities, happened):
            assert found.frequency == pytest.approx(found.probability, abs=0.01)


class TestSkill:
    @given(arrays(float, 12, elements=st.floats(0.1, 10)))
    def test_skill_of_the_reference_itself_is_zero(self, reference: np.ndarray) -> None:
        assert scores.skill(reference, reference) == 0
        assert scores.skill(0.9 * reference, reference) == pytest.approx(0.1)

    @settings(deadline=None)
    @given(seed=st.integers(0, 10_000), groups=st.integers(2, 30))
    def test_skill_lies_in_its_interval(self, seed: int, groups: int) -> None:
        rng = np.random.default_rng(seed)
        names = np.repeat([f"series {k}" for k in range(groups)], 7)
        ours, theirs = rng.lognormal(size=(2, names.size))
        low, high = scores.skill_interval(ours, theirs, names, np.tile(np.arange(7), groups))
        assert low - 1e-9 <= scores.skill(ours, theirs) <= high + 1e-9

    def test_skill_of_one_series_in_one_block_has_an_interval_without_width(self) -> None:
        ours, theirs = np.array([1.0, 2.0]), np.array([2.0, 2.0])
        one, two = np.zeros(2, int), np.array([0, 1])
        assert scores.skill_interval(ours, theirs, np.array(["a", "a"]), one) == pytest.approx((0.25, 0.25))
        assert scores.skill_interval(ours, theirs, np.array(["a", "a"]), two) == pytest.approx((0.0, 0.5))

    def test_skill_is_less_certain_when_series_agree_within_themselves(self) -> None:
        """Errors of one series that move together are one piece of evidence, not many."""
        rng = np.random.default_rng(1)
        ours, theirs = np.repeat(rng.lognormal(size=20), 10), np.ones(200)
        series = np.repeat([str(k) for k in range(20)], 10)
        apart = np.array([str(k) for k in range(200)])
        one = np.zeros(200, int)
        together, scattered = (np.ptp(scores.skill_interval(ours, theirs, names, one)) for names in (series, apart))
        assert together > 2 * scattered

    def test_skill_is_less_certain_when_all_series_share_the_errors_of_their_years(self) -> None:
        rng = np.random.default_rng(1)
        ours, theirs = np.tile(rng.lognormal(size=10), 20), np.ones(200)
        series, years = np.repeat([str(k) for k in range(20)], 10), np.tile(np.arange(10), 20)
        shared, ignored = (np.ptp(scores.skill_interval(ours, theirs, series, b)) for b in (years, np.zeros(200, int)))
        assert ignored == pytest.approx(0, abs=1e-9)
        assert shared > 0.2


class TestRandomWalk:
    def test_its_logs_are_normal_with_a_variance_that_grows_with_the_years(self) -> None:
        start, sd, years = np.array([2.0, 3.0]), np.array([0.1, 0.2]), np.array([4.0, 9.0])
        found = scores.random_walk(start, sd, years, LEVELS)
        for row, log, spread in zip(found, np.log(start), (0.2, 0.6), strict=True):
            np.testing.assert_allclose(row, np.exp(log + spread * standard(LEVELS)))

    def test_its_spread_is_that_of_the_series_and_never_zero(self) -> None:
        assert scores.log_change_sd(Series("a", 2000, np.exp([0.0, 0.1, 0.4]))) == pytest.approx(0.1)
        assert scores.log_change_sd(Series("a", 2000, np.ones(9))) == 1e-4

    def test_the_track_record_walks_from_the_last_value_known_at_the_origin(self) -> None:
        series = Series("a", 2000, np.exp([0.0, 0.1, 0.4, 5.0]))
        found = track_record.random_walk(Panel([series]), [("a", 2002, 4)], LEVELS)
        np.testing.assert_allclose(found[0], np.exp(0.4 + 0.2 * standard(LEVELS)))
