"""A forecast of each ally before workers are forked.

While code runs for the first times the interpreter rewrites it for what it meets, libraries fill their caches, and what
is read off a baseline is remembered. What is so written before the fork is shared by all workers; after it each writes
a copy of its own.
"""

from __future__ import annotations

import logging

from flask import Flask, g, jsonify

from forecast_service.api.forecasts import answer
from forecast_service.forecasting.registry import EXTENSION, ForecasterRegistry
from forecast_service.schemas.forecast_request import ForecastRequestSchema
from forecast_service.schemas.forecast_response import ForecastSchema
from models.dataset.countries import allies
from models.scenarios.targets import HAGUE_DEADLINE

_log = logging.getLogger(__name__)


def warmup(app: Flask) -> int:
    """Answer as requests do, on saved fits, but without database, log and metrics; how many forecasts were made."""
    registry: ForecasterRegistry = app.extensions[EXTENSION]
    vintage = registry.settings.vintage
    forecaster = registry.forecaster(vintage)
    lever = {"type": "pledge", "share_pct": 2.5, "year": HAGUE_DEADLINE, "credibility": 0.5}
    scenario = {"name": "warming up", "levers": [lever]}
    done = 0
    with app.test_request_context():
        g.vintage = vintage  # or it would be looked for in the database, by a connection that no fork may share
        for ally in filter(forecaster.is_saved, allies(forecaster.figures.tables).values()):
            try:
                question = ForecastRequestSchema().load({"country": ally.code, "scenario": scenario})
                jsonify(ForecastSchema().dump(answer(forecaster.forecast(**question))))
            except Exception:  # noqa: BLE001  whoever asks for this one is told; the service starts all the same
                _log.exception("warming up %s", ally.code)
            else:
                done += 1
    return done
