"""Limits that replicas share through Redis, a real one, which goes away and comes back."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from limits import parse

from forecast_service import create_app
from forecast_service.http.budget import Budget, BudgetSpent
from forecast_service.settings import Settings
from tests.deploy.support.host import need
from tests.support.service import DRAWS, free_port


def start(port: int) -> subprocess.Popen[bytes]:
    """A Redis that answers on this port."""
    need("redis-server", packages=("redis-server",))
    command = ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.02)
    raise AssertionError("redis does not start")


@pytest.mark.slow
def test_replicas_count_together_in_redis_and_go_on_without(state_dir: Path) -> None:
    port = free_port()
    redis = start(port)
    settings = Settings(state_dir=state_dir, draws=DRAWS, rate_limit="2/hour", redis_url=f"redis://127.0.0.1:{port}/0")
    replicas = [create_app(settings).test_client() for _ in range(2)]
    try:
        assert [replicas[n % 2].get("/v1/countries").status_code for n in range(4)] == [200, 200, 429, 429]
        redis.terminate()
        redis.wait(10)
        # Each counts for itself now; nobody sees an error.
        assert [replicas[0].get("/v1/countries").status_code for _ in range(3)] == [200, 200, 429]
        redis = start(port)
        end = time.monotonic() + 20
        while replicas[0].get("/v1/countries").status_code == 429 and time.monotonic() < end:
            time.sleep(0.2)
        # Recovered without a restart: the new Redis has counted the one that passed.
        assert replicas[1].get("/v1/countries").headers["RateLimit-Limit"] == "2"
    finally:
        for client in replicas:
            for limiter in client.application.extensions["limiter"]:
                limiter.storage.storage.close()
        redis.terminate()
        redis.wait(10)


@pytest.mark.slow
def test_replicas_share_the_budgets_and_each_has_its_own_without_redis() -> None:
    port = free_port()
    redis = start(port)
    one, other = (Budget(parse("10/hour"), f"redis://127.0.0.1:{port}/0") for _ in range(2))
    try:
        assert one.spend("caller:anna", 6) == 4
        with pytest.raises(BudgetSpent) as refused:
            other.spend("caller:anna", 5)
        assert refused.value.left == 4
        assert 3500 < (refused.value.retry_after_s or 0) <= 3600
        assert other.spend("caller:anna", 4) == 0, "the refused question took nothing"
        assert one.spend("caller:bert", 9) == 1
        redis.terminate()
        redis.wait(10)
        assert [budget.spend("caller:anna", 6) for budget in (one, other)] == [4, 4]
    finally:
        redis.terminate()
        redis.wait(10)
