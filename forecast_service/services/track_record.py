"""How past forecasts fared, of the panel that is served."""

from __future__ import annotations

from typing import Any

from forecast_service.settings.panel import panel
from models.evaluation.published import load


def read() -> dict[str, Any]:
    """The published record.

    Raises
    ------
    NoTrackRecord
    """
    return load(panel())
