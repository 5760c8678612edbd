"""What is frozen is what the forecaster says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from models import Forecaster, load_figures
from models.analysis import freeze as module
from models.analysis.freeze import freeze
from models.dataset.countries import allies
from models.errors import CannotForecast
from models.evaluation.frozen import canonical, read_all, save, score
from models.forecast.question import LEVELS, MODEL_VERSION
from models.simulation.path_store import PathStore
from tests.support.service import DRAWS

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 26)
FEW = ("DEU", "ISL")


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


@pytest.fixture(scope="module")
def content(forecaster):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "allies", lambda tables: {code: allies(tables)[code] for code in FEW})
        return freeze(forecaster, DAY, "0.9.0")


def test_it_says_what_it_is(content):
    facts = {
        "date": "2026-11-26",
        "release": "0.9.0",
        "model_version": MODEL_VERSION,
        "vintage": "nato-2026",
        "origin": 2026,
        "draws": DRAWS,
        "seed": 1,
        "targets": {"deadline": 2035, "core": 3.5, "related": 1.5, "total": 5.0},
        "scenarios": ["baseline", "trend"],
        "levels": [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975],
        "years": list(range(2027, 2036)),
    }
    assert {name: content[name] for name in content if name != "allies"} == facts
    assert tuple(content["allies"]) == FEW


@pytest.mark.parametrize("scenario", ["baseline", "trend"])
def test_its_numbers_are_the_forecasters(content, forecaster, scenario):
    said, forecast = content["allies"]["DEU"]["scenarios"][scenario], forecaster.forecast("DEU", scenario)
    for target in forecast.targets:
        for way in ("at_deadline", "by_deadline", "held"):
            expected = getattr(target.outcome.probability, way)
            assert said[target.component][way] == pytest.approx(np.clip(expected, 1e-4, 1 - 1e-4), abs=5.1e-5)
    shares = np.array(list(said["core_share_pct"].values()))
    assert list(said["core_share_pct"]) == [str(year) for year in forecast.years]
    np.testing.assert_allclose(shares, forecast.components["core"].quantiles.T, atol=5.1e-5)
    assert shares.shape == (9, len(LEVELS))


def test_it_holds_what_the_benchmark_needs(content):
    germany, series = content["allies"]["DEU"], load_figures().panel()["DEU"]
    assert germany["origin_share_pct"] == round(series.at(2026), 4)
    assert germany["sd_log_change"] == round(float(np.std(np.diff(np.log(series.values)))), 4)


def test_iceland_has_related_spending_alone(content):
    iceland = content["allies"]["ISL"]
    assert (iceland["origin_share_pct"], iceland["sd_log_change"]) == (None, None)
    for said in iceland["scenarios"].values():
        assert (said["core"], said["total"], said["core_share_pct"]) == (None, None, None)
        assert 0 < said["related"]["held"] <= said["related"]["at_deadline"] <= said["related"]["by_deadline"] < 1


def test_no_probability_is_0_or_1(content):
    found = [
        p
        for ally in content["allies"].values()
        for said in ally["scenarios"].values()
        for name in ("core", "related", "total")
        for p in (said[name] or {}).values()
    ]
    assert len(found) == 24
    assert all(1e-4 <= p <= 1 - 1e-4 for p in found)
    assert module._probability(replace(module.Probability(0, 1, 0, 0, (0, 0)), at_deadline=1e-9)) == {
        "at_deadline": 0.0001,
        "by_deadline": 0.9999,
        "held": 0.0001,
    }


def test_it_is_kept_and_can_be_scored(content, tmp_path):
    kept = save(content, tmp_path)
    (read,) = read_all(tmp_path)
    assert json.loads(canonical(content)) == content == read.content == kept.content
    assert score(read, load_figures())["resolved"] == 0


def test_an_ally_whose_figures_are_too_few_is_named_without_a_forecast(fits, monkeypatch):
    monkeypatch.setattr(module, "allies", lambda tables: {"SWE": allies(tables)["SWE"]})
    figures = load_figures()
    few = figures.observations | {"SWE": figures.observations["SWE"][-7:]}
    nothing = dict.fromkeys(("core", "related", "total", "core_share_pct"))
    forecaster = Forecaster(replace(figures, observations=few), PathStore(fits), draws=DRAWS)
    assert freeze(forecaster, DAY, "0.9.0")["allies"] == {
        "SWE": {
            "origin_share_pct": None,
            "sd_log_change": None,
            "scenarios": {"baseline": nothing, "trend": nothing},
        }
    }


def test_what_is_known_already_is_not_frozen(fits):
    with pytest.raises(CannotForecast, match="up to 2026") as refused:
        freeze(Forecaster(load_figures("nato-2025"), PathStore(fits), draws=DRAWS), DAY, "0.9.0")
    assert refused.value.field == "vintage"


def test_figures_that_reach_the_deadline_are_refused(forecaster, monkeypatch):
    monkeypatch.setattr(module, "HAGUE_DEADLINE", 2026)
    with pytest.raises(CannotForecast, match="2027"):
        freeze(forecaster, DAY, "0.9.0")
