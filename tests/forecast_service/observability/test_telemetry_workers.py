"""Figures and logs of the service as it is deployed: several gunicorn workers, one sum."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from forecast_service.observability.multiprocess import WorkersCollector
from tests.support.service import Service, environment, free_port

pytestmark = pytest.mark.slow

COUNT = re.compile(r'^forecast_http_requests_total\{method="GET",route="/v1/countries",status="200"\} ([0-9.]+)', re.M)


@contextmanager
def two_workers(state_dir: Path, log: Path, **more: str) -> Iterator[Service]:
    """The service with two workers, its standard error in ``log``."""
    port = free_port()
    command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment(state_dir, WEB_CONCURRENCY="2", **more), stdout=out, stderr=out
        )
        service = Service(process, port)
        try:
            yield service
        finally:
            service.stop()


def fetch(port: int, path: str = "/metrics") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def counted(port: int) -> float:
    found = COUNT.search(fetch(port)[1])
    return float(found[1]) if found else 0.0


def workers(service: Service) -> set[int]:
    """The ids of gunicorn's workers: children that are no commands of their own."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                line = (entry / "cmdline").read_text()
            except OSError:
                continue
            if parent == service.process.pid and "\0serve\0" in line:
                found.add(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc").exists(), reason="finds workers in /proc")
def test_every_worker_is_counted_also_one_that_ended(state_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with two_workers(state_dir, log) as service:
        service.wait_until_ready()
        for _ in range(40):
            assert fetch(service.port, "/v1/countries")[0] == 200
        # The same whichever worker is asked, and whole.
        assert {counted(service.port) for _ in range(10)} == {40}
        before = workers(service)
        assert len(before) == 2
        os.kill(before.pop(), signal.SIGTERM)
        end = time.monotonic() + 30
        while len(workers(service) - before) < 1 and time.monotonic() < end:
            time.sleep(0.1)
        fetch(service.port, "/v1/countries")
        assert counted(service.port) == 41
        end = time.monotonic() + 60
        # Of every ally, though nobody asked: 31 have core spending.
        while fetch(service.port)[1].count("\nforecast_probability{") < 31 and time.monotonic() < end:
            time.sleep(0.2)
        assert fetch(service.port)[1].count("\nforecast_probability{") == 31
        assert service.stop() == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]  # gunicorn's own too
    assert {line["process"] for line in lines} == {"master", "worker"}
    requests = [line for line in lines if line["event"] == "request" and line["route"] == "/v1/countries"]
    assert len(requests) == 41
    assert {line["cache"] for line in requests} == {"hit", "miss"}


def test_figures_on_a_port_of_their_own(state_dir: Path, tmp_path: Path) -> None:
    port = free_port()
    with two_workers(state_dir, tmp_path / "log", FORECAST_METRICS_PORT=str(port)) as service:
        service.wait_until_ready()
        fetch(service.port, "/v1/countries")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                if counted(port) == 1:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        assert counted(port) == 1
        assert fetch(service.port)[0] == 404
        assert service.stop() == 0
    assert _ends(port)


def _ends(port: int) -> bool:
    """Whether nothing listens on ``port`` any more: told to end with gunicorn, it may end a moment later."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            fetch(port)
        except ConnectionRefusedError:
            return True
        except (ConnectionResetError, http.client.RemoteDisconnected):
            time.sleep(0.05)
    return False


def test_a_file_of_figures_that_is_only_being_made_fails_no_scrape(tmp_path: Path) -> None:
    file = MmapedDict(str(tmp_path / "counter_1.db"))
    key = mmap_key("forecast_fits", "forecast_fits_total", (), (), "Fits made.")
    file.write_value(key, 3.0, 0.0)
    file.close()
    (tmp_path / "counter_2.db").touch()
    found = list(WorkersCollector(None, path=str(tmp_path)).collect())
    assert [(sample.name, sample.value) for metric in found for sample in metric.samples] == [
        ("forecast_fits_total", 3.0)
    ]
