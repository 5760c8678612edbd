"""A real service goes on while callers ask what is costly."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from tests.support.service import Service, serving

SHOCKS = [{"type": "shock", "spread_factor": 1.01 + i / 1000, "to": 2028 + i % 20} for i in range(50)]
"""They end in different years, all of which a sensitivity must know: with few draws, too, it is costly."""
DEAR = {"country": "DEU", "scenario": {"name": "own", "levers": SHOCKS}, "targets": {"deadline": 2060}}
PLAIN = {"country": "DEU", "scenario": {"name": "own", "levers": SHOCKS[:1]}}


def post(service: Service, path: str, body: object) -> int:
    return service.ask("POST", path, json.dumps(body), {"Content-Type": "application/json"})[0]


@pytest.mark.slow
def test_health_and_plain_forecasts_are_answered_while_eight_costly_questions_run(state_dir: Path) -> None:
    with serving(state_dir, WEB_CONCURRENCY="2") as service, ThreadPoolExecutor(8) as pool:
        service.wait_until("/healthz")
        for scenario in ("baseline", "trend"):
            service.wait_until(f"/v1/countries/DEU/forecast?scenario={scenario}")  # its fits are made
        asked = [pool.submit(post, service, "/v1/sensitivity", DEAR) for _ in range(8)]
        health, plain = [], []
        while wait(asked, 0.1).not_done:
            health.append(service.ask("GET", "/healthz")[0])
            plain.append(post(service, "/v1/forecasts", PLAIN))
    found = {future.result() for future in asked}
    assert {200, 429} <= found <= {200, 429, 503}
    assert set(health) == set(plain) == {200}
