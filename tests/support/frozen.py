"""A small frozen forecast, made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from models.forecast.question import LEVELS

ORIGIN, YEARS = 2024, (2025, 2026, 2027)


def fan(median: float, sd: float) -> list[float]:
    """Quantiles of a share, normal in logs."""
    return [round(float(median * np.exp(sd * z)), 4) for z in ndtri(LEVELS)]


def ally(origin_share_pct: float, medians: tuple[float, ...]) -> dict[str, Any]:
    """An ally whose share is forecast; the trend says that it stays."""
    sure = {"at_deadline": 0.5, "by_deadline": 0.6, "held": 0.4}
    targets = dict.fromkeys(("core", "related", "total"), sure)
    stays = (origin_share_pct,) * len(medians)
    return {
        "origin_share_pct": origin_share_pct,
        "sd_log_change": 0.1,
        "scenarios": {
            name: targets | {"core_share_pct": {str(y): fan(m, 0.1) for y, m in zip(YEARS, path, strict=True)}}
            for name, path in (("baseline", medians), ("trend", stays))
        },
    }


def made(**more: Any) -> dict[str, Any]:
    """The content of a frozen forecast of two allies and of Iceland, which has no core spending."""
    nothing = dict.fromkeys(("core", "total", "core_share_pct"))
    related = {"related": {"at_deadline": 0.5, "by_deadline": 0.6, "held": 0.4}}
    return {
        "date": "2025-07-01",
        "release": "0.8.0",
        "model_version": "1",
        "vintage": "nato-2024",
        "origin": ORIGIN,
        "draws": 1000,
        "seed": 1,
        "targets": {"deadline": 2027, "core": 3.5, "related": 1.5, "total": 5.0},
        "scenarios": ["baseline", "trend"],
        "levels": list(LEVELS),
        "years": list(YEARS),
        "allies": {
            "DEU": ally(2.0, (2.2, 2.4, 2.6)),
            "ISL": {
                "origin_share_pct": None,
                "sd_log_change": None,
                "scenarios": dict.fromkeys(("baseline", "trend"), nothing | related),
            },
            "POL": ally(4.0, (4.1, 4.2, 4.3)),
        },
    } | more
