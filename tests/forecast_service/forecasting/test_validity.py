"""How long answers hold, and for whom."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from forecast_service.forecasting.current_vintage import Switch
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.forecasting.validity import AnswerValidity
from forecast_service.settings import Settings
from forecast_service.store.vintage_switches import LEAST_AHEAD_S

KEPT = "01jd3k8v2xq4t6r9m0n5p7s8yb"


@pytest.fixture
def registry(tmp_path: Path) -> ForecasterRegistry:
    """A registry of forecasters that follows no switch yet."""
    return ForecasterRegistry(Settings(state_dir=tmp_path, switch_ahead=60))


@pytest.mark.parametrize(("ahead_s", "left_s"), [(None, None), (3600, 3600), (20, 20), (-1, 0)])
def test_an_answer_holds_until_the_next_switch(
    registry: ForecasterRegistry, monkeypatch: pytest.MonkeyPatch, ahead_s: float | None, left_s: float | None
) -> None:
    coming = ahead_s and Switch(1, "nato-2025", datetime.now(UTC), time.monotonic() + ahead_s)
    monkeypatch.setattr(registry.current_vintage, "pending", lambda: coming)
    assert AnswerValidity(registry).seconds_left() == (None if left_s is None else pytest.approx(left_s, abs=5))


@pytest.mark.parametrize(("ahead", "notice_s"), [(60, 60), (1, LEAST_AHEAD_S)])
def test_a_switch_is_known_some_time_ahead(tmp_path: Path, ahead: int, notice_s: float) -> None:
    assert AnswerValidity(ForecasterRegistry(Settings(state_dir=tmp_path, switch_ahead=ahead))).notice_s == notice_s


@pytest.mark.parametrize(
    ("query", "everyone"),
    [
        ("", True),
        ("scenario=stall&overlay=trend,pledge", True),
        (f"scenario={KEPT}", False),
        (f"overlay=trend,{KEPT}", False),
        ("scenario=nobodys", False),
    ],
)
def test_what_names_a_saved_scenario_is_not_for_everyone(
    registry: ForecasterRegistry, query: str, everyone: bool
) -> None:
    with Flask("test").test_request_context(f"/?{query}"):
        assert AnswerValidity(registry).for_everyone() is everyone
