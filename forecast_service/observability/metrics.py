"""Metrics for Prometheus, summed over gunicorn's workers.

If ``PROMETHEUS_MULTIPROC_DIR`` is set (``gunicorn.conf.py`` sets it), each process writes its metrics to files in that
folder, and the process that is scraped adds them up. Otherwise the metrics are this process's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from forecast_service.observability.multiprocess import WorkersCollector
from forecast_service.settings import Settings
from models.forecast.result import Forecast
from models.scenarios.targets import Targets

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REGISTRY = CollectorRegistry()
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
ANSWERS = Counter("forecast_answers", "Answers with figures, by their vintage.", ("vintage",), registry=REGISTRY)
WORKERS = Gauge(
    "forecast_workers",
    "Worker processes that answer from this vintage where none is named: more than one vintage is a switch that "
    "not everyone has followed.",
    ("vintage",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
FITS = Counter("forecast_fits", "Fits made, rather than taken from the store.", registry=REGISTRY)
SWEEPS = Counter("forecast_sweeps", "Sweeps accepted.", registry=REGISTRY)
PROBABILITY = Gauge(
    "forecast_probability",
    "Probability that an ally meets the core target at the deadline, baseline, current figures.",
    ("country", "vintage", "model_version"),
    multiprocess_mode="mostrecent",
    registry=REGISTRY,
)


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
        WORKERS.labels(other).set(0)
    WORKERS.labels(vintage).set(1)


def forecast_made(forecast: Forecast, current_origin: int) -> None:
    """Record the headline probability of an ally's baseline, so that an operator sees it drift."""
    core = forecast.targets[0].outcome
    targets = Targets(forecast.deadline, *(target.threshold for target in forecast.targets[:2]))
    headline = targets == Targets() and forecast.origin == current_origin
    if headline and forecast.scenario.is_baseline and core is not None:
        labels = forecast.ally.code, forecast.vintage, forecast.model_version
        PROBABILITY.labels(*labels).set(core.probability.at_deadline)


def exposition() -> Response:
    """All metrics, in the format that the scraper asks for."""
    registry = REGISTRY
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        WorkersCollector(registry)  # type: ignore[no-untyped-call]
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})


def register(app: Flask, settings: Settings) -> None:
    """Serve ``/metrics``, unless the metrics have a port of their own."""
    if not settings.metrics_port:
        app.add_url_rule("/metrics", "metrics", exposition)
