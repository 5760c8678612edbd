"""Metrics for Prometheus, summed over gunicorn's workers.

If ``PROMETHEUS_MULTIPROC_DIR`` is set (``gunicorn.conf.py`` sets it), each process writes its metrics to files in that
folder, and the process that is scraped adds them up. Otherwise the metrics are this process's own.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from forecast_service.observability.multiprocess import ANSWERED_AT, PROBABILITY, WORKERS, WorkersCollector
from forecast_service.observability.replica import ReplicaCollector
from forecast_service.settings import Settings
from forecast_service.version import VERSION
from models.forecast.question import MODEL_VERSION
from models.forecast.result import Forecast

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY = CollectorRegistry()
FIT_BUCKETS = (0.25, 0.5, 1, 2, 4, 8, 16, 32)
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("forecast_http_requests", "Requests answered.", ("route", "method", "status"), registry=REGISTRY)
SECONDS = Histogram(
    "forecast_http_request_seconds",
    "Time to answer; status is its class, such as 2xx.",
    ("route", "method", "status"),
    buckets=BUCKETS,
    registry=REGISTRY,
)
HITS = Counter("forecast_cache_hits", "Answers served from the cache of finished answers.", registry=REGISTRY)
MISSES = Counter("forecast_cache_misses", "Answers that could have been but were not kept.", registry=REGISTRY)
EVICTIONS = Counter("forecast_cache_evictions", "Answers dropped from the full cache.", registry=REGISTRY)
CACHE_BYTES = Gauge(
    "forecast_cache_bytes", "Size of the cached answers, estimated.", multiprocess_mode="livesum", registry=REGISTRY
)
CACHE_ENTRIES = Gauge(
    "forecast_cache_entries", "Number of cached answers.", multiprocess_mode="livesum", registry=REGISTRY
)
ANSWERS = Counter("forecast_answers", "Answers with figures, by their vintage.", ("vintage",), registry=REGISTRY)
VINTAGE_WORKERS = Gauge(
    WORKERS,
    "Worker processes that answer from this vintage where none is named: more than one vintage is a switch that "
    "not everyone has followed.",
    ("vintage",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
FITS = Counter("forecast_fits", "Fits made, rather than taken from the store.", registry=REGISTRY)
FITS_WAITING = Gauge(
    "forecast_fits_waiting", "Fits that wait for a process.", multiprocess_mode="livesum", registry=REGISTRY
)
FITS_RUNNING = Gauge("forecast_fits_running", "Fits under way.", multiprocess_mode="livesum", registry=REGISTRY)
FITS_REFUSED = Counter(
    "forecast_fits_refused",
    "Requests refused because of fits that they need; kind as in the answer.",
    ("kind",),
    registry=REGISTRY,
)
FIT_SECONDS = Histogram(
    "forecast_fit_seconds", "Time of a fit that a request waited for.", buckets=FIT_BUCKETS, registry=REGISTRY
)
SWEEPS = Counter("forecast_sweeps", "Sweeps accepted.", registry=REGISTRY)
UNFINISHED = Gauge(
    "forecast_sweeps_unfinished",
    "Unfinished sweeps in the database, by status.",
    ("status",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
CHUNKS = Gauge(
    "forecast_sweep_chunks_unfinished",
    "Chunks in the database that have no result.",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
OLDEST_SWEEP = Gauge(
    "forecast_sweep_oldest_seconds",
    "Time since the oldest unfinished sweep was posted; 0 if there is none.",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
OVERDUE_LEASE = Gauge(
    "forecast_sweep_lease_overdue_seconds",
    "Time since the oldest lease of an unfinished chunk ran out that no worker took over; 0 if there is none.",
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
REFRESHED_AT = Gauge(
    "forecast_refresh_last_success_timestamp_seconds",
    "When 'data refresh' last succeeded for all files of a source.",
    ("source",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
REFRESH_FAILED = Gauge(
    "forecast_refresh_failed",
    "1 if the last 'data refresh' failed for a file of the source.",
    ("source",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
# Its label keeps processes that never ask from writing a 0, which would be the minimum.
DEPENDENCY_ANSWERED_AT = Gauge(
    ANSWERED_AT,
    "When the database or Redis last answered; of the worker that has waited longest.",
    ("dependency",),
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
DEPENDENCY_SECONDS = Gauge(
    "forecast_dependency_seconds",
    "Time that the database or Redis last took to answer.",
    ("dependency",),
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
CONNECTIONS = Gauge(
    "forecast_database_connections",
    "Connections to the database that are in use, or idle in a worker's pool.",
    ("state",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
HEADLINE = Gauge(
    PROBABILITY,
    "Probability that an ally meets the core target at the deadline, baseline, current figures.",
    ("country", "vintage", "model_version"),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
BUILD = Gauge(
    "forecast_build_info",
    "The version of the service and of its statistics.",
    ("version", "model_version"),
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
BUILD.labels(VERSION, MODEL_VERSION).set(1)


def request_answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request."""
    count, duration = _of(route, method, status)
    count.inc()
    duration.observe(seconds)
    if (route, method, status) == ("/v1/sweeps", "POST", 202):
        SWEEPS.inc()


@lru_cache(4096)
def _of(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(route, method, str(status)), SECONDS.labels(route, method, f"{status // 100}xx")


def cache(*, hit: bool) -> None:
    """Count one look-up in the cache."""
    (HITS if hit else MISSES).inc()


def answered(vintage: str | None) -> None:
    """Count an answer that has a vintage."""
    if vintage is not None:
        ANSWERS.labels(vintage).inc()


def answers_from(vintage: str, others: Iterable[str]) -> None:
    """Record that this process answers from ``vintage`` and not from the others."""
    for other in others:
        VINTAGE_WORKERS.labels(other).set(0)
    VINTAGE_WORKERS.labels(vintage).set(1)


def forecast_made(forecast: Forecast) -> None:
    """Record the headline probability of an ally's baseline, so that an operator sees it drift."""
    core = forecast.targets[0].outcome
    if core is not None:
        labels = forecast.ally.code, forecast.vintage, forecast.model_version
        HEADLINE.labels(*labels).set(core.probability.at_deadline)


def answers_cached(entries: int, size_bytes: float) -> None:
    """Record the number and size of the answers that this process has cached."""
    CACHE_ENTRIES.set(entries)
    CACHE_BYTES.set(size_bytes)


def dependency_answered(dependency: str, seconds: float, at: float | None = None) -> None:
    """Record that the database or Redis has answered within ``seconds``, just now or ``at`` (Unix time)."""
    DEPENDENCY_ANSWERED_AT.labels(dependency).set(time.time() if at is None else at)
    DEPENDENCY_SECONDS.labels(dependency).set(seconds)


def connections(in_use: int, idle: int) -> None:
    """Record the connections to the database in this worker's pool."""
    CONNECTIONS.labels("in-use").set(in_use)
    CONNECTIONS.labels("idle").set(idle)


def sweeps_queued(sweeps: Mapping[str, float], chunks: float, oldest_s: float, overdue_s: float) -> None:
    """Record the unfinished sweeps by status, their chunks without a result, and the ages of the oldest (s)."""
    for status, number in sweeps.items():
        UNFINISHED.labels(status).set(number)
    CHUNKS.set(chunks)
    OLDEST_SWEEP.set(oldest_s)
    OVERDUE_LEASE.set(overdue_s)


def sweeps_unknown() -> None:
    """Record that the database does not tell: a number read earlier would look like the present one."""
    sweeps_queued(dict.fromkeys(("queued", "running"), math.nan), math.nan, math.nan, math.nan)


_sources: set[str] = set()


def refreshed(sources: Mapping[str, tuple[datetime | None, bool]]) -> None:
    """Record when each source was last refreshed, and whether the last refresh failed."""
    for source in _sources - set(sources):  # no longer refreshed
        REFRESHED_AT.labels(source).set(math.nan)
        REFRESH_FAILED.labels(source).set(math.nan)
    for source, (at, failed) in sources.items():
        _sources.add(source)
        REFRESHED_AT.labels(source).set(math.nan if at is None else at.timestamp())
        REFRESH_FAILED.labels(source).set(failed)


def exposition() -> Response:
    """All metrics, in the format that the scraper asks for."""
    registry = REGISTRY
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        WorkersCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(ReplicaCollector(os.getppid()))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})


def register(app: Flask, settings: Settings) -> None:
    """Serve ``/metrics``, unless the metrics have a port of their own."""
    if not settings.metrics_port:
        app.add_url_rule("/metrics", "metrics", exposition)
