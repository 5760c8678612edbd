"""The published forecasts are those behind the published scores."""

from __future__ import annotations

import numpy as np
import pytest

from models.dataset.observations import load_figures
from models.dataset.tables import DATA
from models.evaluation import published, scores
from models.evaluation.backtest import LEVELS
from models.evaluation.levels import HUB_LEVELS
from models.forecast.question import LEVELS as ANSWERED
from models.series import Array


@pytest.fixture(scope="module")
def resolved() -> tuple[list[published.PastForecast], Array, Array]:
    """The forecasts whose outcome is known, their quantiles and the outcomes."""
    panel = load_figures().panel()
    known = [it for it in published.scored_forecasts() if it.year <= panel[it.country].end]
    return known, np.array([it.quantiles for it in known]), np.array([panel[it.country].at(it.year) for it in known])


def test_they_have_the_levels_of_an_answer_and_are_whole() -> None:
    assert published.LEVELS == ANSWERED
    found = list(published.forecasts())
    keys = [(it.country, it.origin, it.year) for it in found]
    assert keys == sorted(set(keys))
    first, last = published.load()["origins"]
    # The last origin is that of the service's own forecasts.
    assert {it.origin for it in found} == set(range(first, last))
    from_each: dict[tuple[str, int], list[int]] = {}
    for country, origin, year in keys:
        from_each.setdefault((country, origin), []).append(year - origin)
    assert all(years == list(range(1, 11)) for years in from_each.values())
    for it in found:
        assert it.quantiles[0] > 0
        assert list(it.quantiles) == sorted(it.quantiles)


def test_those_that_answers_show_are_rounded_from_those_that_are_scored() -> None:
    shown, scored = list(published.forecasts()), list(published.scored_forecasts())
    assert [it[:3] for it in shown] == [it[:3] for it in scored]
    at = [HUB_LEVELS.index(level) for level in published.LEVELS]
    said = np.array([it.quantiles for it in shown])
    np.testing.assert_allclose(said, np.array([it.quantiles for it in scored])[:, at], rtol=5.001e-4)
    assert {len(f"{value:.6g}".replace(".", "").strip("0")) for value in said.ravel()} <= set(range(1, 5))


def test_scores_of_the_file_are_the_published_ones(
    resolved: tuple[list[published.PastForecast], Array, Array],
) -> None:
    known, said, came = resolved
    record = published.load()
    names, ahead = np.array([it.country for it in known]), np.array([it.year - it.origin for it in known])
    parts = [(record["baseline"], np.full(len(known), True))]
    parts += [(row, ahead == row["horizon"]) for row in record["by_horizon"]]
    parts += [(row, names == row["country"]) for row in record["by_country"]]
    assert len(known) == record["baseline"]["forecasts"]
    for row, at in parts:
        assert int(at.sum()) == row["forecasts"]
        assert round(float(scores.crps(said[at], LEVELS, came[at]).mean()), 4) == row["crps"]
        for interval, name in ((0.8, "coverage_80"), (0.95, "coverage_95")):
            assert round(float(scores.covered(said[at], LEVELS, came[at], interval).mean()), 4) == row[name]


def test_an_ally_and_an_origin_are_chosen() -> None:
    found = list(published.forecasts("DEU", 2015))
    assert [it.year for it in found] == list(range(2016, 2026))
    assert {(it.country, it.origin) for it in found} == {("DEU", 2015)}
    assert found == [it for it in published.forecasts(origin=2015) if it.country == "DEU"]
    assert found == [it for it in published.forecasts("DEU") if it.origin == 2015]
    assert list(published.forecasts("ISL")) == []


def test_the_file_is_small_and_holds_no_figure() -> None:
    """Some outcomes are SIPRI's, which whoever passes the package on may have to leave out."""
    assert published.FORECASTS.parent == DATA
    text = published.FORECASTS.read_text(encoding="ascii")
    assert len(text) < 2_200_000
    assert text.splitlines()[0] == "country,origin,year," + ",".join(f"q{level:g}" for level in HUB_LEVELS)


def view(outcome: float | None, error: float | None, ours: float | None) -> dict[str, float | None]:
    return {"outcome_pct": outcome, "log_error": error, "our_log_error": ours}


def test_outside_views_and_ours_are_scored_on_the_same() -> None:
    views = [view(2.0, 0.2, -0.1), view(1.0, -0.4, 0.2), view(3.0, 0.9, None), view(2.5, None, None)]
    assert published.outside_summary([*views, view(None, None, None)]) == {
        "views": 5,
        "resolved": 4,
        "scored": 2,
        "mean_abs_log_error": 0.3,
        "our_mean_abs_log_error": 0.15,
    }


def test_without_a_known_figure_nothing_is_scored() -> None:
    found = published.outside_summary([view(None, None, None)])
    assert (found["views"], found["resolved"], found["scored"]) == (1, 0, 0)
    assert found["mean_abs_log_error"] is found["our_mean_abs_log_error"] is None
    assert published.outside_summary([])["views"] == 0
