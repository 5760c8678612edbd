"""The published track record: read by the service, written by ``forecast-service backtest --publish``."""

from __future__ import annotations

import json
from typing import Any

from models.dataset.config import ALLIES, PanelConfig

FILE = "track_record.json"
"""In the panel's folder."""


def save(record: dict[str, Any], panel: PanelConfig = ALLIES) -> None:
    """Write the record that :func:`load` reads."""
    (panel.folder / FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


class NoTrackRecord(LookupError):
    """None was made of the panel."""


def load(panel: PanelConfig = ALLIES) -> dict[str, Any]:
    """The published track record, as :func:`models.evaluation.track_record.track_record` made it.

    Raises
    ------
    NoTrackRecord
    """
    file = panel.folder / FILE
    if not file.exists():
        raise NoTrackRecord
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
