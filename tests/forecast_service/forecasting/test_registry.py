"""The engine: forecasts from kept fits are computed one after the other, the others wait for nobody."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecast_service.forecasting.registry import Engine
from forecast_service.settings import Settings
from models.forecast import Forecaster
from models.scenarios.levers import HistoryOverride
from models.scenarios.scenario import Scenario
from models.series import Series
from tests.support.service import DRAWS

OWN = Scenario("own", levers=(HistoryOverride(points={2025: 2.5}),))
ELSEWHERE = Scenario("own", levers=(HistoryOverride(points={2025: 2.5}, countries=("POL",)),))
SENT = Series("sent", 2000, 1 + 0.01 * np.arange(27))


@pytest.fixture
def engine(state_dir: Path) -> Engine:
    made = Engine(Settings(state_dir=state_dir, draws=DRAWS))
    for scenario in ("baseline", "trend"):
        made.forecast(country="DEU", scenario=scenario)
    return made


def at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch, patience_s: float, **question: Any) -> int:
    """How many of two threads that ask this are computing at the same moment, within ``patience_s``."""
    both, seen = threading.Barrier(2), []
    original = Forecaster.forecast

    def forecast(self: Forecaster, *args: Any, **more: Any) -> Any:
        try:
            both.wait(patience_s)
            seen.append(2)
        except threading.BrokenBarrierError:
            seen.append(1)
        return original(self, *args, **more)

    monkeypatch.setattr(Forecaster, "forecast", forecast)
    threads = [threading.Thread(target=engine.forecast, kwargs=question) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(seen)


@pytest.mark.parametrize(
    ("scenario", "together", "patience_s"), [("baseline", 1, 0.5), (ELSEWHERE, 1, 0.5), (OWN, 2, 60)]
)
def test_who_waits_for_a_fit_takes_no_turn(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, scenario: str | Scenario, together: int, patience_s: float
) -> None:
    assert at_once(engine, monkeypatch, patience_s, country="DEU", scenario=scenario) == together


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ({"country": "DEU"}, True),
        ({"country": "germany", "scenario": "trend", "origin": 2026}, True),
        ({"country": "DEU", "origin": 2015}, False),
        ({"country": "DEU", "history": SENT}, False),
        ({"country": None, "history": SENT}, False),
        ({"country": "DEU", "scenario": OWN}, False),
        ({"country": "DEU", "scenario": ELSEWHERE}, True),
    ],
)
def test_what_needs_no_fit(engine: Engine, question: dict[str, Any], kept: bool) -> None:
    assert engine.current.has_fits(**question) is kept
