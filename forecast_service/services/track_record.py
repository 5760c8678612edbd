"""The track record: scores of past forecasts."""

from __future__ import annotations

from typing import Any

from models.evaluation.published import load


def read() -> dict[str, Any]:
    return load()
