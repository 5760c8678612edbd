"""Starts our service or a bare Flask application under gunicorn, and sends load to it on 127.0.0.1."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.bare import BODY
from benchmarks.speed.measure import workers_of
from benchmarks.speed.worker import COUNTS, SIZE, CountingWorker, shared

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120
CONNECTIONS = 16
POST = """
local n = 0
local id = 0
function setup(thread) id = id + 1; thread:set("id", id) end
function init() math.randomseed(id + os.time()) ; start = math.random() end
function request()
  n = n + 1
  local share = 2.2 + (start + n * 0.000137) % 1.5
  local body = string.format('{"country":"%s","scenario":{"name":"custom","levers":' ..
    '[{"type":"pledge","share_pct":%.9f,"year":2031,"credibility":0.7}]}}', n % 2 == 0 and "DEU" or "ITA", share)
  return wrk.format("POST", "/v1/forecasts", {["Content-Type"]="application/json"}, body)
end
"""
"""A script for wrk: every request has a new custom scenario."""


@dataclass(frozen=True)
class Host:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    ready_s: float
    counts: memoryview

    @property
    def requests(self) -> list[int]:
        """The number of requests of each worker, then zeros."""
        return list(self.counts)

    def get(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    @property
    def workers(self) -> list[int]:
        """Ids of the worker processes."""
        return workers_of(self.process.pid)


def free_port() -> int:
    """A port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def need_tools() -> None:
    """End with a message if wrk or nginx is not installed."""
    for name in ("wrk", "nginx"):
        if not shutil.which(name):
            raise SystemExit(f"make bench needs {name} (Debian: apt-get install {name})")


@contextmanager
def service(state: Path, workers: int = 2, **more: str) -> Iterator[Host]:
    """Our service, as ``forecast-service serve`` starts it with ``more`` settings, when it is ready."""
    command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port"]
    own = {"FORECAST_STATE_DIR": str(state), "FORECAST_COST_BUDGET": "0"}  # the load comes from one caller
    with _host(command, own | more, workers, "/readyz", state) as host:
        yield host


def key(state: Path) -> str:
    """A new key that may read."""
    command = [sys.executable, "-m", "forecast_service.cli", "keys", "create", "--owner", "benchmark"]
    variables = os.environ | {"FORECAST_STATE_DIR": str(state)}
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return next(word for word in done.stdout.split() if word.startswith("fs_"))


@contextmanager
def bare(state: Path, body: Path, workers: int = 2) -> Iterator[Host]:
    """The bare application under gunicorn with our worker and settings, so that only the application differs."""
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", str(workers), "--threads", "4"]
    command += ["--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]  # noqa: S108
    command += ["benchmarks.speed.bare:create()", "--bind"]
    with _host(command, {BODY: str(body)}, workers, "/bytes", state) as host:
        yield host


@contextmanager
def _host(command: list[str], variables: dict[str, str], workers: int, ready: str, folder: Path) -> Iterator[Host]:
    port = free_port()
    address = str(port) if command[-1] == "--port" else f"127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FORECAST_", "PROMETHEUS_"))}
    environment = kept | {"WEB_CONCURRENCY": str(workers)} | variables
    environment["GUNICORN_CMD_ARGS"] = f"--worker-class {CountingWorker.__module__}.{CountingWorker.__qualname__}"
    with (folder / "bench.log").open("ab") as log, tempfile.NamedTemporaryFile(dir=folder) as counts:
        counts.truncate(SIZE)
        environment[COUNTS] = counts.name
        start = time.perf_counter()
        process = subprocess.Popen([*command, address], env=environment, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603
        try:
            _wait(process, port, ready)
            host = Host(process, port, time.perf_counter() - start, shared(Path(counts.name)))
            _wait_for_all(host, ready, workers)
            yield host
        finally:
            process.terminate()
            process.wait(60)


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass  # it is not listening yet
        finally:
            connection.close()
        time.sleep(0.01)
    raise RuntimeError(f"{path} was not ready; see bench.log")


def _wait_for_all(host: Host, path: str, workers: int) -> None:
    """Wait until every worker answers: the first does so before the last is forked and would take all connections."""
    end = time.monotonic() + PATIENCE_S
    while sum(map(bool, host.requests)) < workers:
        if time.monotonic() > end:
            raise RuntimeError("a worker is missing; see bench.log")
        with ExitStack() as together:
            for _ in range(2 * workers):
                connection = together.enter_context(closing(http.client.HTTPConnection("127.0.0.1", host.port)))
                connection.request("GET", path)
                connection.getresponse().read()


def wrk(host: Host, path: str, seconds: int, *, script: str = "", headers: tuple[str, ...] = ()) -> tuple[int, float]:
    """Send load to a host with wrk; see :func:`load`."""
    return load(f"http://127.0.0.1:{host.port}{path}", seconds, script=script, headers=headers)


def load(url: str, seconds: int, *, script: str = "", headers: tuple[str, ...] = ()) -> tuple[int, float]:
    """Send load with wrk; returns answered requests and requests a second. Raises RuntimeError if one failed."""
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--timeout",
        "60s",
        *(x for h in headers for x in ("-H", h)),
    ]
    if script:
        file = ROOT / "var" / "bench-post.lua"
        file.parent.mkdir(exist_ok=True)
        file.write_text(script)
        command += ["-s", str(file)]
    done = subprocess.run(  # noqa: S603  our own command
        [*command, url], capture_output=True, text=True, check=True
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if count is None or rate is None:
        raise RuntimeError(done.stdout)
    return int(count[1]), float(rate[1])


def paced(host: Host, bodies: list[bytes], rate: float, clients: int = 8) -> list[float]:
    """Send ``rate`` bodies a second without waiting for earlier answers; returns each one's wait in seconds."""
    waits: list[float] = []
    begun = time.perf_counter() + 0.1

    def client(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=PATIENCE_S)
        for index in range(first, len(bodies), clients):
            due = begun + index / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", "/v1/forecasts", bodies[index], {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} under load")
            waits.append(time.perf_counter() - due)
        connection.close()

    threads = [threading.Thread(target=client, args=(first,)) for first in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(waits) != len(bodies):
        raise RuntimeError("a client failed under load")
    return waits
