"""The track record: scores of past forecasts."""

from __future__ import annotations

from typing import Any

from forecast_service.forecasting.registry import forecasters
from models.evaluation import frozen
from models.evaluation.published import load


def read() -> dict[str, Any]:
    """The backtest's scores, and the frozen forecasts scored by the current figures; which of them were altered."""
    found, altered = frozen.read_intact()
    return load() | {"frozen": frozen.record(forecasters().current.figures, found), "altered": altered}


def backtest() -> dict[str, Any]:
    """The backtest's scores alone, which no vintage changes."""
    return load()
