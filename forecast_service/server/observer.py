"""Keeps up the metrics of a worker that no request does: database and Redis, sweeps, refreshes, headlines.

Each subject has a thread, so that a silent database delays nothing else, and no scrape waits for one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Thread

from flask import Flask
from sqlalchemy.pool import QueuePool

from forecast_service import redis_client
from forecast_service.forecasting.registry import EXTENSION as REGISTRY
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.observability import metrics
from forecast_service.store import database, refreshes, sweep_queue
from forecast_service.store.database import Database, DatabaseUnavailable

EVERY_S = 5.0
"""Time between two looks (s)."""
HEADLINES_S = 300.0
"""Time between two forecasts of the same headline, to see it drift (s); they take a tenth of a second of CPU time."""

_log = logging.getLogger(__name__)


def start(app: Flask) -> None:
    """Start the threads of this worker."""
    storage: Database = app.extensions[database.EXTENSION]
    looks = [lambda: look_at_database(storage), Headlines(app.extensions[REGISTRY]).look]
    metrics.dependency_answered("database", 0.0, at=0.0)  # until it answers, it is away
    if client := app.extensions.get(redis_client.EXTENSION):
        metrics.dependency_answered("redis", 0.0, at=0.0)
        looks.append(lambda: look_at_redis(client))
    for look in looks:
        Thread(target=_repeat, args=(look,), name="observer", daemon=True).start()


def _repeat(look: Callable[[], None]) -> None:
    while True:
        try:
            look()
        except Exception:  # noqa: BLE001  logged; without this thread the metrics would stay as they are
            _log.exception("observing")
        time.sleep(EVERY_S)


def look_at_database(storage: Database) -> None:
    """Ask the database for the queue of sweeps and the refreshes, and record how long it takes."""
    begun = time.perf_counter()
    try:
        with storage.reading(background=True) as session:
            queue, refreshed = sweep_queue.read(session), refreshes.read(session)
    except DatabaseUnavailable:
        metrics.sweeps_unknown()
        return
    metrics.dependency_answered("database", time.perf_counter() - begun)
    metrics.sweeps_queued(queue.sweeps, queue.chunks, queue.oldest_s, queue.lease_overdue_s)
    metrics.refreshed({row.source: (row.succeeded_at, row.failed_at is not None) for row in refreshed})
    if isinstance(pool := storage.engine.pool, QueuePool):
        metrics.connections(pool.checkedout(), pool.checkedin())


def look_at_redis(client: redis_client.Pings) -> None:
    """Ask Redis, and record how long it takes."""
    begun = time.perf_counter()
    if redis_client.answers(client):
        metrics.dependency_answered("redis", time.perf_counter() - begun)


class Headlines:
    """Forecasts the headline of every ally: at a start or a switch until all fits are there, then now and then."""

    def __init__(self, registry: ForecasterRegistry) -> None:
        self._registry = registry
        self._complete: str | None = None
        self._at = 0.0

    def look(self) -> None:
        """Forecast them if it is time."""
        if self._registry.vintage != self._complete or time.monotonic() > self._at + HEADLINES_S:
            self._at = time.monotonic()
            self._complete = self._registry.observe()
