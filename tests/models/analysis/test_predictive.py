"""Predictive distributions of all allies: their forms agree with each other and with the service's other answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import Forecaster, Targets, load_figures
from models.analysis.alliance import AllianceForecast, alliance_forecast
from models.analysis.predictive import THRESHOLDS, Predictive, predictive, worlds
from models.analysis.worlds import chosen_worlds
from models.errors import CannotForecast
from models.evaluation.levels import HUB_LEVELS
from models.forecast import Question
from models.scenarios.targets import proportion
from models.simulation.path_store import PathStore

pytestmark = pytest.mark.slow

DRAWS, SAMPLES = 2000, 50


@pytest.fixture(scope="module")
def forecaster(fits: Path) -> Forecaster:
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


@pytest.fixture(scope="module")
def found(forecaster: Forecaster) -> dict[tuple[str, str], Predictive]:
    said = predictive(forecaster, levels=HUB_LEVELS, thresholds=THRESHOLDS, samples=SAMPLES)
    return {(one.ally.code, one.component): one for one in said}


@pytest.fixture(scope="module")
def alliance(forecaster: Forecaster) -> AllianceForecast:
    return alliance_forecast(forecaster, levels=HUB_LEVELS)


def test_the_cdf_at_a_target_is_the_probability_of_missing_it(
    found: dict[tuple[str, str], Predictive], alliance: AllianceForecast
) -> None:
    least = {"core": 3.495, "related": 1.495, "total": 4.995}
    assert len(found) == sum(len(target.ranking) for target in alliance.targets)
    for target in alliance.targets:
        row = THRESHOLDS.index(least[target.component])
        for entry in target.ranking:
            cdf = found[entry.ally.code, target.component].cdf[row]
            np.testing.assert_allclose(1 - cdf, entry.by_year, rtol=0, atol=1e-9)


def test_the_forms_are_of_one_distribution(forecaster: Forecaster, found: dict[tuple[str, str], Predictive]) -> None:
    paths = forecaster.scenario_paths(Question.resolve(forecaster.basis, "POL"))
    for component in ("core", "related", "total"):
        shares, one = paths.known(component)[:, 1:], found["POL", component]
        np.testing.assert_allclose(one.fan.quantiles, np.quantile(shares, HUB_LEVELS, axis=0), rtol=1e-6)
        np.testing.assert_allclose(one.fan.median, np.median(shares, axis=0), rtol=1e-6)
        np.testing.assert_allclose(one.fan.mean, shares.mean(axis=0, dtype=float), rtol=1e-6)
        np.testing.assert_array_equal(one.samples, shares[worlds(DRAWS, SAMPLES)])
        above = (shares[:, :, None] > np.array(THRESHOLDS, dtype=shares.dtype)).sum(axis=0)
        np.testing.assert_allclose(one.cdf, 1 - np.vectorize(proportion)(above, DRAWS).T)
        assert (np.diff(one.cdf, axis=0) >= 0).all()


def test_a_sample_is_one_world_for_all_components(found: dict[tuple[str, str], Predictive]) -> None:
    core, related, total = (found["DEU", component].samples for component in ("core", "related", "total"))
    np.testing.assert_allclose(total, core + np.minimum(related, 1.5), rtol=1e-6)


def test_allies_share_the_shocks_of_a_world(found: dict[tuple[str, str], Predictive]) -> None:
    """Were the samples of two allies of different worlds, they would not move together."""
    first = [found[code, "core"].samples[:, 0] for code in ("FRA", "ITA", "ESP", "BEL", "NLD", "PRT")]
    apart = np.corrcoef(np.log(first))[np.triu_indices(len(first), 1)]
    assert apart.mean() > 0.1


def test_the_worlds_are_those_of_simulated_paths() -> None:
    """So that samples of a hub and paths can be joined by their numbers."""
    assert worlds(2000, 4) == chosen_worlds(2000, 4).tolist() == [0, 1, 1024, 1025]
    assert worlds(5, 5) == [0, 1, 2, 3, 4]
    assert worlds(5, 0) == []
    with pytest.raises(CannotForecast, match="at most 5"):
        worlds(5, 6)


def test_allies_and_forms_are_chosen(forecaster: Forecaster) -> None:
    said = list(predictive(forecaster, "stall", Targets(2028), countries={"DEU", "ISL"}))
    assert [(one.ally.code, one.component) for one in said] == [
        *(("DEU", component) for component in ("core", "related", "total")),
        ("ISL", "related"),
    ]
    for one in said:
        assert one.fan.mean.shape == (2,)
        assert one.fan.quantiles.shape == one.cdf.shape == one.samples.shape == (0, 2)
    with pytest.raises(CannotForecast, match="2027"):
        list(predictive(forecaster, targets=Targets(2026)))
