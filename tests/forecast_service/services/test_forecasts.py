"""The one way of every question: computed from saved fits one after the other; who waits for a fit waits alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask import Flask

from forecast_service.forecasting.registry import EXTENSION, ForecasterRegistry
from forecast_service.services import forecasts
from models.forecast import Question
from models.scenarios.levers import HistoryOverride
from models.scenarios.scenario import Scenario
from models.series import Series

OWN = Scenario("own", levers=(HistoryOverride(points={2025: 2.5}),))
ELSEWHERE = Scenario("own", levers=(HistoryOverride(points={2025: 2.5}, countries=("POL",)),))
SENT = Series("sent", 2000, 1 + 0.01 * np.arange(27))


@pytest.fixture
def registry(app: Flask) -> ForecasterRegistry:
    """With the fits of Germany kept."""
    with app.app_context():
        for scenario in ("baseline", "trend"):
            forecasts.forecast(country="DEU", scenario=scenario)
    found: ForecasterRegistry = app.extensions[EXTENSION]
    return found


def at_once(app: Flask, monkeypatch: pytest.MonkeyPatch, patience_s: float, ask: Callable[[], Any]) -> int:
    """How many of two threads that ask this are computing at the same moment, within ``patience_s``."""
    both, seen = threading.Barrier(2), []

    def beside(original: Callable[..., Any]) -> Callable[..., Any]:
        def compute(*args: Any, **more: Any) -> Any:
            try:
                both.wait(patience_s)
                seen.append(2)
            except threading.BrokenBarrierError:
                seen.append(1)
            return original(*args, **more)

        return compute

    for name in ("required", "moved", "alliance_forecast"):
        monkeypatch.setattr(forecasts, name, beside(getattr(forecasts, name)))
    monkeypatch.setattr(forecasts.Forecaster, "answer", beside(forecasts.Forecaster.answer))

    def run() -> None:
        with app.app_context():
            ask()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(seen)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("scenario", "together", "patience_s"), [("baseline", 1, 0.5), (ELSEWHERE, 1, 0.5), (OWN, 2, 60)]
)
def test_a_request_that_waits_for_a_fit_does_not_hold_the_compute_lock(
    app: Flask, monkeypatch: pytest.MonkeyPatch, scenario: str | Scenario, together: int, patience_s: float
) -> None:
    def ask() -> None:
        forecasts.forecast(country="DEU", scenario=scenario)

    assert at_once(app, monkeypatch, patience_s, ask) == together


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "ask",
    [
        lambda: forecasts.requirement(country="DEU", probability=0.9).answer(),
        lambda: forecasts.sensitivity(country="DEU").answer(),
        lambda: forecasts.alliance(),
    ],
    ids=["requirement", "sensitivity", "alliance"],
)
def test_every_question_takes_the_lock(app: Flask, monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Any]) -> None:
    with app.app_context():
        forecasts.alliance()  # all fits are kept from here on
    assert at_once(app, monkeypatch, 0.5, ask) == 1


@pytest.mark.parametrize(
    ("asked", "kept"),
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
def test_the_registry_knows_what_needs_a_fit(registry: ForecasterRegistry, asked: dict[str, Any], kept: bool) -> None:
    assert registry.current.has_fits(Question.resolve(registry.current.basis, **asked)) is kept
