"""A forecast of each ally before workers are forked.

The first runs make the interpreter specialise its bytecode, and fill the caches of libraries and baselines. Workers
share the memory that was written before the fork; later each worker writes a copy of its own.
"""

from __future__ import annotations

import logging

from flask import Flask, g, jsonify

from forecast_service.api.forecasts import answered
from forecast_service.forecasting.registry import EXTENSION, ForecasterRegistry
from forecast_service.schemas.forecast_request import ForecastRequestSchema
from forecast_service.schemas.forecast_response import ForecastSchema
from forecast_service.services import forecasts
from models.dataset.countries import allies
from models.scenarios.targets import HAGUE_DEADLINE

_log = logging.getLogger(__name__)


def warmup(app: Flask) -> int:
    """Forecast each ally that has a saved fit, without database, log and metrics; returns how many succeeded."""
    registry: ForecasterRegistry = app.extensions[EXTENSION]
    vintage = registry.settings.vintage
    forecaster = registry.forecaster(vintage)
    lever = {"type": "pledge", "share_pct": 2.5, "year": HAGUE_DEADLINE, "credibility": 0.5}
    scenario = {"name": "warming up", "levers": [lever]}
    done = 0
    with app.test_request_context():
        g.vintage = vintage  # else the database would be read, over a connection that forks must not share
        for ally in filter(forecaster.is_saved, allies(forecaster.figures.tables).values()):
            try:
                question = ForecastRequestSchema().load({"country": ally.code, "scenario": scenario})
                asked = forecasts.ask(**question)
                forecast = asked.compute(asked.forecaster, asked.question)
                jsonify(ForecastSchema().dump(answered(asked, forecast)))
            except Exception:  # noqa: BLE001  a request will report it; the service starts
                _log.exception("warming up %s", ally.code)
            else:
                done += 1
    return done
