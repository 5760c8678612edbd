"""How past forecasts fared."""

from __future__ import annotations

from typing import Any

from models.evaluation.published import load


def read() -> dict[str, Any]:
    """The published record."""
    return load()
