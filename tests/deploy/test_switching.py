"""Switching between editions of the figures under load: each answer is wholly of one, and all change at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.deploy.gateway import BEHIND, Gateway, gateway, start
from tests.deploy.watch import Ask, Question, Sent, Watch, direct, truths
from tests.serving import Service, environment, free_port

OLD, NEW = "nato-2026", "nato-2025"
"""Names of the roles: the switch goes from the first to the second, and back."""

TOGETHER_S = 0.25
"""Within this of the moment that was written, everyone has changed over and nobody earlier: the machine is busy."""


@contextmanager
def two_replicas(state_dir: Path, **more: str) -> Iterator[list[Service]]:
    """Two replicas with two workers each, on the same state."""
    running: list[Service] = []
    try:
        running += [start(state_dir, free_port(), **BEHIND, **more) for _ in range(2)]
        for service in running:
            service.wait_until_ready()
        yield running
    finally:
        for service in running:
            service.stop()


def command(state_dir: Path, *arguments: str, **more: str) -> str:
    """What ``forecast-service`` says; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "forecast_service.cli", *arguments],
        env=environment(state_dir, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_gateway(ask: Ask) -> Ask:
    """With what the gateway would say of who asks, since the replicas let nobody else in."""
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forecast-Caller": "watcher"}
    return lambda question, sent: ask(question, headers | sent)


def through(front: Gateway) -> Ask:
    """Asks through the gateway."""

    def ask(question: Question, headers: dict[str, str]) -> Sent:
        method = "GET" if question.body is None else "POST"
        answer = front.ask(f"/forecasting{question.path}", method, question.json, headers)
        return Sent(answer.status, answer.headers["ETag"], answer.body)

    return ask


@contextmanager
def watching(watch: Watch, asks: list[Ask], replicas: list[Service]) -> Iterator[list[Any]]:
    """Every question on a thread, the plain ones also conditionally; and whatever /readyz says but 200."""
    unready: list[Any] = []

    def probe(service: Service) -> None:
        while not watch.stopping.is_set():
            status, body = service.ask("GET", "/readyz")
            if status != 200:
                unready.append(body)
            time.sleep(0.05)

    threads = [threading.Thread(target=probe, args=(service,)) for service in replicas]
    for number, question in enumerate(watch.truths):
        ask = asks[number % len(asks)]
        threads.append(threading.Thread(target=watch.run, args=(ask, question, False)))
        if question.body is None and len(watch.truths[question]) > 1:
            threads.append(threading.Thread(target=watch.run, args=(asks[(number + 1) % len(asks)], question, True)))
    for thread in threads:
        thread.start()
    try:
        yield unready
    finally:
        watch.stopping.set()
        for thread in threads:
            thread.join(60)


def moment(service: Service) -> datetime:
    """When the switch that was written last takes effect."""
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forecast-Caller": "watcher"}
    status, body = service.ask("GET", "/v1/vintages/current", headers=headers)
    assert status == 200
    return datetime.fromisoformat(body["switches"][0]["effective_at"])


def until(at: datetime, watch: Watch) -> None:
    """Go on a second beyond the moment."""
    while time.time() < at.timestamp() + 1:
        time.sleep(0.02)
    watch.wait_for(50)


def test_switch_and_rollback_under_load(
    nginx: None, state_dir: Path, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with two_replicas(state_dir) as running, gateway(tmp_path, (running[0].port, running[1].port)) as front:
        known = truths(as_gateway(direct(running[0])), (OLD, NEW))
        assert known == truths(as_gateway(direct(running[1])), (OLD, NEW)), "the replicas agree"
        watch = Watch(known)
        asks = [as_gateway(direct(service)) for service in running] + [through(front)]
        with watching(watch, asks, running) as unready:
            watch.wait_for(100)
            assert "current from" in command(state_dir, "data", "use", NEW, "--in", "4")  # fits what is missing first
            there = moment(running[0])
            until(there, watch)
            command(state_dir, "data", "rollback", "--in", "4")
            back = moment(running[1])
            until(back, watch)
        assert watch.wrong == []
        assert unready == [], "readiness never drops"
        deviations = [*watch.around(there, OLD, NEW), *watch.around(back, NEW, OLD)]
        tell(
            f"switch and rollback under load: {len(watch.seen)} answers ({dict(watch.kinds)}), none failed or mixed; "
            f"first of the new {max(0.0, deviations[0], deviations[2]):.3f} s early, "
            f"last of the old {max(deviations[1], deviations[3]):.3f} s late"
        )
        assert {name for _, _, name in watch.seen} == {OLD, NEW}
        assert watch.kinds["304"] > 20
        assert max(deviations) < TOGETHER_S
