"""Why a probability is what it is: parts that add up."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Forecaster, Scenario, Targets, load_figures
from models.dataset.countries import allies
from models.ensemble.stacking import midpoints
from models.forecast.result import Forecast
from models.forecast.why import WHY_PARTS, Why, probability_alone, why
from models.scenarios.levers import Cap, GdpGrowth, Lever, SharePath, Shock
from models.scenarios.targets import LEAST_WEIGHT, least_met, proportion
from models.simulation.path_store import PathStore

CODES = ("DEU", "ESP", "FRA", "POL", "USA")
DRAWS = 10_000
LEVELS = 400


@pytest.fixture(scope="module")
def forecaster(fits: Path) -> Forecaster:
    return Forecaster(load_figures(), PathStore(fits), draws=2000)


def at_deadline(answer: Forecast) -> float:
    outcome = answer.targets[0].outcome
    assert outcome is not None
    return outcome.probability.at_deadline


def explained(answer: Forecast) -> Why:
    """The parts of the core target, which add up to its probability."""
    found = answer.targets[0].why
    assert found is not None
    assert sum(found.parts.values()) == pytest.approx(at_deadline(answer), abs=1e-12)
    assert [name for name in WHY_PARTS if name in found.parts] == list(found.parts)
    assert [target.why for target in answer.targets[1:]] == [None, None]
    return found


@pytest.mark.parametrize("code", CODES)
def test_the_baseline_is_level_momentum_plans_and_pledge(forecaster: Forecaster, code: str) -> None:
    parts = explained(forecaster.forecast(code)).parts
    assert list(parts) == ["level", "momentum", "plans", "pledge"]
    assert 0 < parts["level"] < 1
    assert parts["momentum"] > -0.005  # the shares of all allies have risen
    assert parts["pledge"] > -0.03  # a pledge never lowers; the rest is what the mixture's own draws differ by


@pytest.mark.parametrize("code", CODES)
def test_the_trend_is_level_and_momentum(forecaster: Forecaster, code: str) -> None:
    trend, baseline = (explained(forecaster.forecast(code, name)).parts for name in ("trend", "baseline"))
    assert list(trend) == ["level", "momentum"]
    assert trend["level"] == baseline["level"]


@pytest.mark.parametrize("code", ["DEU", "USA"])
@pytest.mark.parametrize(
    "levers", [(Cap(share_pct=2.5),), (SharePath(points={2035: 4.0}),), (Shock(spread_factor=1.5), Cap(share_pct=4.0))]
)
def test_a_scenario_adds_what_its_levers_change(forecaster: Forecaster, code: str, levers: tuple[Lever, ...]) -> None:
    baseline = forecaster.forecast(code)
    answer = forecaster.forecast(code, Scenario("x", levers=levers))
    parts = dict(explained(answer).parts)
    assert parts.pop("scenario") == pytest.approx(at_deadline(answer) - at_deadline(baseline), abs=1e-12)
    assert parts == explained(baseline).parts


def test_a_scenario_without_pledges_explains_the_trend_first(forecaster: Forecaster) -> None:
    answer = forecaster.forecast("DEU", Scenario("x", levers=(Cap(share_pct=3.0),), pledge_effect=False))
    assert list(explained(answer).parts) == ["level", "momentum", "scenario"]


def test_a_lever_that_leaves_shares_alone_is_no_part(forecaster: Forecaster) -> None:
    answer = forecaster.forecast("DEU", Scenario("x", levers=(GdpGrowth(change_pp=-1.0),)))
    parts = explained(answer).parts
    assert list(parts) in (["level", "momentum", "plans", "pledge"], [*WHY_PARTS])
    assert parts["level"] == explained(forecaster.forecast("DEU")).parts["level"]


def test_the_deadline_and_the_threshold_are_those_asked_for(forecaster: Forecaster) -> None:
    asked = [Targets(core=core) for core in (2.0, 3.0, 5.0)]
    levels = [explained(forecaster.forecast("ITA", targets=targets)).parts["level"] for targets in asked]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > levels[-1] + 0.1
    later = forecaster.forecast("ITA", targets=Targets(2060))
    assert explained(later).parts != explained(forecaster.forecast("ITA")).parts


def test_a_series_of_no_ally_and_an_ally_without_forces_have_none(forecaster: Forecaster) -> None:
    history = load_figures().panel()["FRA"]
    own = forecaster.forecast(None, history=history)
    assert own.targets[0].outcome is not None
    assert [target.why for target in own.targets] == [None] * 3
    assert [target.why for target in forecaster.forecast("ISL").targets] == [None] * 3


def test_figures_that_were_sent_for_an_ally_are_explained(forecaster: Forecaster) -> None:
    assert list(explained(forecaster.forecast("FRA", history=load_figures().panel()["FRA"])).parts) == [*WHY_PARTS[:4]]


def test_the_sentence_says_the_parts_and_their_sum(forecaster: Forecaster) -> None:
    answer = forecaster.forecast("DEU")
    found = explained(answer)
    assert found.sentence.startswith(f"Today's level alone gives a chance of {100 * found.parts['level']:.0f} %")
    assert found.sentence.endswith(f": together {100 * at_deadline(answer):.0f} %.")
    # As they are read, the points add up to the whole.
    said = re.findall(r"(away )?(\d+)", found.sentence)
    level, *points = (-int(number) if away else int(number) for away, number in said)
    assert level + sum(points[:-1]) == points[-1]


@given(st.integers(0, LEVELS - 1), st.floats(0.1, 3))
def test_levels_of_quantiles_round_trip(index: int, scale: float) -> None:
    """A threshold at a quantile has the probability that the quantile leaves above it."""
    levels = np.linspace(0, 1, LEVELS)
    threshold = 3.5
    quantiles = least_met(threshold) + scale * (levels - levels[index])
    assert probability_alone(quantiles, threshold, DRAWS) == pytest.approx(1 - levels[index], abs=1 / DRAWS)
    assert probability_alone(quantiles + 100, threshold, DRAWS) == 1 - proportion(0, DRAWS)
    assert probability_alone(quantiles - 100, threshold, DRAWS) == proportion(0, DRAWS)


def test_quantiles_of_draws_give_the_probability_of_the_draws() -> None:
    draws = np.random.default_rng(1).lognormal(1.1, 0.3, DRAWS)
    quantiles = np.quantile(draws, np.linspace(0, 1, LEVELS))
    for threshold in (2.0, 3.5, 5.0):
        said = probability_alone(quantiles, threshold, DRAWS)
        assert said == pytest.approx(np.mean(draws >= least_met(threshold)), abs=1 / LEVELS)


PROBABILITIES = st.floats(0.001, 0.999)


@given(
    st.lists(st.floats(0, 8), min_size=4, max_size=4),
    PROBABILITIES,
    st.one_of(st.none(), PROBABILITIES),
    st.booleans(),
)
def test_any_parts_add_up(shifts: list[float], probability: float, baseline: float | None, history: bool) -> None:
    names = ("level", "panel") if history else ("level", "panel", "plans", "pledge")
    alone = {name: shift + midpoints(20)[None] for name, shift in zip(names, shifts, strict=False)}
    found = why(alone, DRAWS, 0, 3.5, probability, baseline)
    assert found is not None
    assert sum(found.parts.values()) == pytest.approx(probability, abs=1e-12)
    assert ("pledge" in found.parts) != history
    assert ("scenario" in found.parts) == (baseline is not None)


def test_nothing_alone_explains_nothing() -> None:
    assert why({}, DRAWS, 0, 3.5, 0.5, None) is None


@pytest.mark.slow
def test_the_range_across_members_hardly_depends_on_the_seed(tmp_path: Path) -> None:
    """Each member speaks from all the draws, not only from those that its weight leaves it."""
    ranges: dict[str, list[tuple[float, float]]] = {}
    for seed in range(1, 6):
        forecaster = Forecaster(load_figures(), PathStore(tmp_path), draws=10_000, seed=seed)
        for code in ("DEU", "ESP", "EST", "ITA", "USA"):
            answer = forecaster.forecast(code)
            outcome = answer.targets[0].outcome
            assert outcome is not None
            low, high = outcome.probability.across_members
            counted = [p for _, weight, p in answer.members if weight >= LEAST_WEIGHT]
            assert (low, high) == (min(*counted, at_deadline(answer)), max(*counted, at_deadline(answer)))
            ranges.setdefault(code, []).append((low, high))
    for code, found in ranges.items():
        moved = np.ptp(np.array(found), axis=0)
        assert (moved < 0.05).all(), (code, found)
    assert set(ranges) < set(allies())
