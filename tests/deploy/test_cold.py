"""Many different questions at once to a service that has only just started: what is made at first use is made once.

``COLD_ROUNDS=30 python -m pytest tests/deploy/test_cold.py`` for more rounds than every run needs.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.support.gateway import start
from tests.support.service import Service, free_port

ROUNDS = int(os.environ.get("COLD_ROUNDS", "1"))
CLIENTS = 16
LEVERS = [{"type": "cap", "share_pct": 3.0, "from": 2030}]
SCENARIO = {"name": "cap", "levers": LEVERS}
PLEDGE = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": {"from": 0, "to": 1, "steps": 3}}
QUESTIONS: list[tuple[str, str, Any, str]] = [
    ("GET", "/v1/countries", None, "application/json"),
    ("GET", "/v1/countries/DEU/forecast", None, "application/json"),
    ("GET", "/v1/countries/FRA/forecast?scenario=stall", None, "text/csv"),
    ("GET", "/v1/countries/POL/forecast.parquet", None, "*/*"),
    ("GET", "/v1/countries/ITA/history", None, "application/json"),
    ("GET", "/v1/countries/ESP/history.csv", None, "*/*"),
    ("GET", "/v1/alliance/forecast", None, "application/json"),
    ("GET", "/v1/track-record", None, "application/json"),
    ("GET", "/v1/scenarios?q=pled", None, "application/json"),
    ("GET", "/openapi.json", None, "application/json"),
    ("GET", "/docs", None, "text/html"),
    ("GET", "/metrics", None, "*/*"),
    ("POST", "/v1/forecasts", {"country": "NLD", "scenario": SCENARIO}, "application/json"),
    ("POST", "/v1/forecasts/batch", {"items": [{"country": "CAN"}, {"country": "USA"}]}, "application/json"),
    ("POST", "/v1/requirements", {"country": "BEL", "probability": 0.5}, "application/json"),
    ("POST", "/v1/sensitivity", {"country": "NOR"}, "application/json"),
    ("POST", "/v1/scenarios", SCENARIO, "application/json"),
    ("POST", "/v1/sweeps", {"countries": ["DEU"], "scenario": {"name": "x", "levers": [PLEDGE]}}, "application/json"),
]


def _ask(service: Service, question: tuple[str, str, Any, str]) -> int:
    method, path, body, accept = question
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        headers = {"Accept": accept} | ({"Content-Type": "application/json"} if body else {})
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def _round(service: Service, turn: int) -> Counter[tuple[str, int]]:
    """Every client asks every question, each beginning with another, all at the same moment."""
    together, lock, found = threading.Barrier(CLIENTS), threading.Lock(), Counter[tuple[str, int]]()

    def client(number: int) -> None:
        together.wait(60)
        for step in range(len(QUESTIONS)):
            question = QUESTIONS[(number + turn + step) % len(QUESTIONS)]
            status = _ask(service, question)
            with lock:
                found[f"{question[0]} {question[1]}", status] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.usefixtures("live_service")  # makes the fits: a fit in a request is another matter
def test_a_cold_service_answers_everyone(state_dir: Path, tell: Callable[[str], None]) -> None:
    more = {"WEB_CONCURRENCY": "1", "FORECAST_RATE_LIMIT": "1000000/minute", "FORECAST_OPEN_SWEEPS": "1000000"}
    found: Counter[tuple[str, int]] = Counter()
    for turn in range(ROUNDS):
        service = start(state_dir, free_port(), **more)
        try:
            service.wait_until("/healthz")
            found += _round(service, turn)
        finally:
            service.stop()
    wrong = {what: n for what, n in found.items() if not 200 <= what[1] < 300}
    assert wrong == {}
    assert found.total() == ROUNDS * CLIENTS * len(QUESTIONS)
    tell(f"{CLIENTS} clients at a cold service, {ROUNDS} times: {found.total()} requests, none failed")
