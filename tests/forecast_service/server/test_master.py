"""Helper processes: killed, they come back, and the log, /readyz and the metrics tell; they end with the service."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from benchmarks.speed.measure import workers_of
from forecast_service.observability import helpers as observed
from forecast_service.server.master import FIRST_WAIT_S, Helper, Helpers, helpers_of, refuse_new
from forecast_service.settings import Settings
from tests.support.processes import ended, within
from tests.support.service import PATIENCE_S, Service, free_port, serving

HELPERS = {"fits": "cli\0fit", "sweep-worker": "cli\0work", "metrics-server": "server.metrics_server"}
ON_DEMAND = {"drawer": "charts.process", "fit-process": "forecasting.fit_process"}
CHART = "/v1/countries/DEU/forecast.svg?width={}"
OWN = {"history": {str(year): 1 + 0.02 * (year - 2000) for year in range(2000, 2026)}}


@pytest.fixture(autouse=True)
def none_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed, "_own", {})


def look(helpers: Helpers) -> dict[str, str]:
    """The states after a turn of the master's loop."""
    helpers.look()
    return observed.states()


def test_a_helper_that_fails_again_and_again_waits_longer_each_time(caplog: pytest.LogCaptureFixture) -> None:
    one = Helper("broken", ["no_such_module"])
    helpers = Helpers([one])
    waits = []
    for _ in range(3):
        helpers.start()
        assert observed.states() == {"broken": "ok"}
        assert within(30, lambda: look(helpers) == {"broken": "restarting"})
        waits.append(one.due - time.monotonic())
        helpers.start()
        assert one.process is None  # not yet due
        one.due = 0.0
    assert [round(wait / FIRST_WAIT_S) for wait in waits] == [1, 2, 4]
    assert "helper broken (process" in caplog.text
    assert "has ended with exit code 1; it starts again in 4 s" in caplog.text


def test_a_command_that_has_done_its_work_is_not_repeated() -> None:
    one = Helper("done", ["forecast_service.version"], once=True)
    helpers = Helpers([one])
    helpers.start()
    assert within(30, lambda: helpers.look() or one.process is None)
    helpers.start()
    assert (one.process, observed.states()) == (None, {"done": "ok"})


def test_an_end_whose_exit_code_gunicorn_dropped_counts_as_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    one = Helper("dropped", ["forecast_service.version"], once=True)
    helpers = Helpers([one])
    helpers.start()
    assert one.process
    os.waitpid(one.process.pid, 0)
    assert look(helpers) == {"dropped": "restarting"}
    assert "has ended; it starts again" in caplog.text


def test_a_helper_that_does_not_end_when_told_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deaf.py").write_text(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('there', 'w'); time.sleep(60)"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forecast_service.server.master.END_S", 0.1)
    one = Helper("deaf", ["deaf"])
    helpers = Helpers([one])
    helpers.start()
    assert within(30, (tmp_path / "there").exists)
    helpers.end()
    helpers.wait()
    assert one.process
    assert one.process.returncode == -signal.SIGKILL
    helpers.start()
    assert one.process.returncode == -signal.SIGKILL  # nothing starts once the service ends


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux drops the packets")
def test_a_stopping_service_accepts_who_has_connected_and_resets_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address, 5) as before:
            refuse_new(listener)
            with pytest.raises(TimeoutError):
                socket.create_connection(address, 0.3)
            accepted, _ = listener.accept()
            with accepted:
                before.sendall(b"question")
                assert accepted.recv(8) == b"question"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["fits", "sweep-worker"]),
        ({"sweep_processes": 0}, ["fits"]),
        ({"metrics_port": 9100}, ["fits", "sweep-worker", "metrics-server"]),
    ],
    ids=["embedded", "no sweeps", "metrics"],
)
def test_the_settings_say_which_helpers_there_are(settings: dict[str, Any], names: list[str]) -> None:
    assert [one.name for one in helpers_of(Settings(**settings), "127.0.0.1").all] == names


@dataclass(frozen=True)
class Running:
    """A service with one worker and a port for metrics."""

    service: Service
    metrics_port: int
    log: Path

    def pids(self, what: str) -> list[int]:
        """Processes of the service whose command holds ``what``."""
        return [pid for pid in self.all() if what in _command(pid)]

    def all(self) -> list[int]:
        """The service's processes: the master and all below it."""
        found, left = [], [self.service.process.pid]
        while left:
            found.append(left.pop())
            left += _children(found[-1])
        return found

    def metric(self, name: str, helper: str) -> float:
        with urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        found = re.search(rf'^{name}{{helper="{helper}"}} (\S+)$', text, re.MULTILINE)
        return float(found[1]) if found else -1

    def helpers(self) -> dict[str, str]:
        status, ready = self.service.ask("GET", "/readyz")
        assert status == 200
        return dict(ready["helpers"])

    def said(self, helper: str) -> list[dict[str, Any]]:
        """The lines of the log on a helper."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if f"helper {helper} " in line]
        return [line for line in lines if line["event"].startswith(f"helper {helper} (process ")]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):  # any thread may start a process
        with suppress(OSError):
            found += map(int, file.read_text().split())
    return found


@pytest.fixture(scope="module")
def running(saved_fits: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, port = tmp_path_factory.mktemp("helpers"), free_port()
    settings = {"FORECAST_METRICS_PORT": str(port), "FORECAST_SWEEP_PROCESSES": "1"}
    with serving(folder, FORECAST_FITS_DIR=saved_fits, **settings) as service:
        service.wait_until_ready()
        running = Running(service, port, folder / "serve.log")
        assert within(PATIENCE_S, lambda: not running.pids(HELPERS["fits"]))  # all fits are there
        yield running


def silent(ask: Callable[[], Any]) -> bool:
    """Whether ``ask`` holds; not, while nobody answers."""
    with suppress(OSError):
        return bool(ask())
    return False


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sweep-worker", "metrics-server"])
def test_a_helper_that_was_killed_comes_back(running: Running, name: str) -> None:
    assert within(PATIENCE_S, lambda: running.helpers() == dict.fromkeys(HELPERS, "ok"))
    assert within(PATIENCE_S, lambda: silent(lambda: running.metric("forecast_helper_up", name) == 1))
    assert running.metric("forecast_helper_restarts_total", name) == 0
    (pid,) = running.pids(HELPERS[name])
    os.kill(pid, signal.SIGKILL)
    assert within(PATIENCE_S, lambda: running.helpers()[name] == "restarting")
    assert within(PATIENCE_S, lambda: running.helpers()[name] == "ok")
    (after,) = running.pids(HELPERS[name])
    assert after != pid
    assert within(PATIENCE_S, lambda: silent(lambda: running.metric("forecast_helper_restarts_total", name) == 1))
    assert running.metric("forecast_helper_up", name) == 1
    (line,) = running.said(name)
    assert line["event"] == f"helper {name} (process {pid}) was ended by SIGKILL; it starts again in 1 s"
    assert line["level"] == "warning"


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ON_DEMAND))
def test_a_process_that_a_worker_uses_and_that_is_killed_while_idle_fails_no_request(
    running: Running, name: str
) -> None:
    def use(number: int) -> int:
        if name == "drawer":
            address = f"http://127.0.0.1:{running.service.port}{CHART.format(300 + number)}"
            with urlopen(address, timeout=60) as answer:
                return int(answer.status)
        own = {"history": OWN["history"] | {"2026": 1.5 + number / 10}}
        return running.service.ask("POST", "/v1/forecasts", json.dumps(own), {"Content-Type": "application/json"})[0]

    assert use(1) == 200
    (pid,) = running.pids(ON_DEMAND[name])
    os.kill(pid, signal.SIGKILL)
    assert within(PATIENCE_S, lambda: running.helpers()[name] == "restarting")
    assert running.metric("forecast_helper_up", name) == 0
    assert running.metric("forecast_helper_restarts_total", name) == 1
    assert use(2) == 200
    assert running.helpers()[name] == "ok"
    assert running.metric("forecast_helper_up", name) == 1
    (line,) = running.said(name)
    assert line["event"].startswith(f"helper {name} (process {pid}) was ended by SIGKILL; ")


@pytest.mark.slow
def test_a_reload_keeps_helpers_and_the_end_of_the_service_ends_all(running: Running) -> None:
    kept = [pid for what in ("sweep-worker", "metrics-server") for pid in running.pids(HELPERS[what])]
    assert len(kept) == 2
    workers = workers_of(running.service.process.pid)
    running.service.process.send_signal(signal.SIGHUP)
    assert within(PATIENCE_S, lambda: not set(workers) & set(running.all()))
    running.service.wait_until_ready()
    assert [pid for what in ("sweep-worker", "metrics-server") for pid in running.pids(HELPERS[what])] == kept
    assert {running.helpers()[what] for what in HELPERS} == {"ok"}
    there = running.all()
    assert running.service.stop() == 0
    assert within(10, lambda: all(map(ended, there)))
