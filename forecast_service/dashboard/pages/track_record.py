"""The scores of past forecasts."""

from __future__ import annotations

from typing import Any

from forecast_service.dashboard.internal_client import document
from forecast_service.dashboard.page_state import State
from forecast_service.dashboard.pages.common import countries


def track_record(_state: State) -> dict[str, Any]:
    """The scores of past forecasts."""
    names = {item["code"]: item["name"] for item in countries()["countries"]}
    return {"record": document("track-record.get_track_record"), "names": names}
