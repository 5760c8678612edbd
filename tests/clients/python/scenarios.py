"""What several tests of the client ask."""

from __future__ import annotations

from typing import Any

HALF_WAY: dict[str, Any] = {
    "name": "client half way",
    "levers": [{"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.5}],
}
SWEEP: dict[str, Any] = {
    "countries": ["DEU", "ISL"],
    "scenario": {
        "name": "s",
        "levers": [
            {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"from": 0, "to": 1, "steps": 1200}}
        ],
    },
}
