"""Stopping and restarting under load: whoever was let in is answered.

``STOP_ROUNDS=10 python -m pytest tests/deploy/test_stopping.py`` for more rounds than every run needs.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.deploy.support.gateway import BEHIND, Gateway, gateway, replicas, start
from tests.deploy.support.load import load
from tests.support.service import Service, free_port

ROUNDS = int(os.environ.get("STOP_ROUNDS", "1"))
QUESTION = {"country": "NLD", "scenario": {"name": "mine", "levers": [{"type": "cap", "share_pct": 3.0}]}}
PATH = "/v1/countries/DEU/forecast"


def _direct(service: Service, method: str, path: str, body: object = None) -> Callable[[], int]:
    """Asks the service itself, on a new connection each time."""

    def ask() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    return ask


def _log(state_dir: Path, service: Service) -> str:
    """What the service had to say of anything that went wrong."""
    lines = (state_dir / f"serve-{service.port}.log").read_text().splitlines()
    return "\n".join(line for line in lines if '"level": "info"' not in line)[-5000:]


def _kept_alive(service: Service) -> Callable[[], int]:
    """Asks the service itself on one connection as long as the service keeps it."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)

    def ask() -> int:
        connection.request("GET", PATH)
        response = connection.getresponse()
        response.read()
        if response.getheader("Connection") == "close":
            connection.close()
        return response.status

    return ask


def test_sigterm_under_load_fails_no_request(state_dir: Path, tell: Callable[[str], None]) -> None:
    total = 0
    for _ in range(ROUNDS):
        service = start(state_dir, free_port())
        try:
            service.wait_until_ready()
            ended: list[bool] = []
            asks = (_direct(service, "GET", PATH), _direct(service, "POST", "/v1/forecasts", QUESTION))
            with load(*asks, clients=6, refused_is_fine=lambda ended=ended: bool(ended)) as running:
                running.wait_for(100)
                ended.append(True)
                assert service.stop() == 0
            assert running.failures == {}, _log(state_dir, service)
            total += running.count
        finally:
            service.stop()
    tell(f"SIGTERM under load, {ROUNDS} times: {total} requests, none failed")
    assert total > 100 * ROUNDS


def test_sigterm_answers_those_who_keep_their_connection(state_dir: Path) -> None:
    service = start(state_dir, free_port())
    try:
        service.wait_until_ready()
        ended: list[bool] = []
        asks = [_kept_alive(service) for _ in range(4)]
        with load(*asks, clients=1, refused_is_fine=lambda: bool(ended)) as running:
            running.wait_for(50)
            ended.append(True)
            assert service.stop() == 0
        assert running.failures == {}, _log(state_dir, service)
    finally:
        service.stop()


def test_a_rolling_restart_behind_the_gateway_fails_no_request(
    nginx: None, state_dir: Path, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with replicas(state_dir) as running, gateway(tmp_path, (running[0].port, running[1].port)) as front:
        asks = (_through(front, "GET", PATH), _through(front, "POST", "/v1/forecasts", QUESTION))
        with load(*asks, clients=3) as clients:
            clients.wait_for(50)
            for turn in range(ROUNDS):
                for index, service in enumerate(running):
                    assert service.stop() == 0, f"turn {turn}"
                    clients.wait_for(20)  # the other carries the load alone
                    running[index] = start(state_dir, service.port, **BEHIND)
                    running[index].wait_until_ready()
                    clients.wait_for(30)
        assert clients.failures == {}, (front.folder / "error.log").read_text()[-2000:]
        tell(f"rolling restart of two replicas, {ROUNDS} times: {clients.count} requests, none failed")
        assert clients.count > 100 * ROUNDS


def _through(front: Gateway, method: str, path: str, body: object = None) -> Callable[[], int]:
    return lambda: front.ask(f"/forecasting{path}", method, body).status
