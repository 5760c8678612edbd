"""Summaries of draws: fans, and what is said of their tails."""

import numpy as np
import pytest

from models.forecast.result import Fan, Money, tail_notes

LEVELS = np.array([0.1, 0.9])


def test_a_fan_has_mean_median_and_quantiles_in_the_order_asked_for():
    draws = np.random.default_rng(1).lognormal(size=(501, 3)).astype(np.float32)
    fan = Fan.of(draws, np.array([0.9, 0.1]))
    np.testing.assert_allclose(fan.mean, draws.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(fan.median, np.median(draws, axis=0), rtol=1e-6)
    np.testing.assert_allclose(fan.upper_quartile, np.quantile(draws, 0.75, axis=0), rtol=1e-6)
    np.testing.assert_allclose(fan.quantiles, np.quantile(draws, [0.9, 0.1], axis=0), rtol=1e-6)
    twice = fan.times(np.array([2.0, 2.0, 2.0]))
    np.testing.assert_allclose(twice.median, 2 * fan.median)
    assert twice.tail_dominates == fan.tail_dominates


@pytest.mark.parametrize(("extreme", "dominates"), [(5.0, False), (5000.0, True)])
def test_a_note_says_where_a_few_futures_dominate_the_mean_of_the_deadline(extreme, dominates):
    draws = np.tile(np.linspace(2, 3, 100)[:, None], (1, 2))
    calm = Fan.of(draws, LEVELS)
    draws[-1] = extreme
    wild = Fan.of(draws, LEVELS)
    assert wild.tail_dominates == dominates
    notes = list(tail_notes({"core": wild, "related": calm}, Money(wild.times(np.full(2, 10.0)), None, None), 2060))
    assert len(notes) == dominates
    for note in notes:
        assert "2060" in note
        assert f"core (mean {draws[:, 1].mean():.2f}, median 2.50)" in note
        assert "median 25.00" in note
        assert "related" not in note


def test_only_the_deadline_year_counts():
    draws = np.tile(np.linspace(2, 3, 100)[:, None], (1, 2))
    draws[-1, 0] = 5000
    assert list(tail_notes({"core": Fan.of(draws, LEVELS)}, None, 2060)) == []
