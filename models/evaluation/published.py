"""The published track record: read by the service, written by ``forecast-service backtest --publish``."""

from __future__ import annotations

import json
from typing import Any

from models.dataset.tables import DATA
from models.files import write_atomically

FILE = DATA / "track_record.json"


def save(record: dict[str, Any]) -> None:
    """Write the record that :func:`load` reads."""
    write_atomically(FILE, json.dumps(record, indent=1) + "\n")


def load() -> dict[str, Any]:
    """The published track record, as :func:`models.evaluation.track_record.track_record` made it."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
