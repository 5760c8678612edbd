"""The service under gunicorn, in a process of its own, and a client that depends on nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DRAWS = 2000
FIT_TIMEOUT_S = 300
"""Whoever asks for the alliance first waits for all fits: a service would have them made beside it."""
FITS_BYTES = 4_000_000_000
"""All tests share the folder of fits: beyond the quota one service would delete those that another answers from."""
PATIENCE_S = 120


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = PATIENCE_S,
    ) -> tuple[int, Any]:
        """Status and decoded JSON of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def wait_until(self, path: str, status: int = 200) -> Any:
        """The JSON at ``path`` once it answers with ``status``."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.process.poll() is None, "the service has ended"
            try:
                answered, body = self.ask("GET", path)
            except OSError:
                answered, body = 0, None
            if answered == status:
                return body
            time.sleep(0.05)
        raise AssertionError(f"{path} did not answer {status} within {PATIENCE_S} s: {answered} {body}")

    def wait_until_ready(self) -> None:
        self.wait_until("/readyz")

    def stop(self) -> int:
        """End it as an orchestrator does, by SIGTERM to its own id; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(state_dir: Path, **more: str) -> dict[str, str]:
    """The environment of a command: this one's, without its FORECAST_* variables; tests ask more than one reader."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")}
    rough = {
        "FORECAST_FITS_BYTES": str(FITS_BYTES),
        "FORECAST_DRAWS": str(DRAWS),
        "FORECAST_FIT_TIMEOUT_S": str(FIT_TIMEOUT_S),
        "FORECAST_COST_BUDGET": "0",
    }
    return kept | rough | {"FORECAST_STATE_DIR": str(state_dir), "WEB_CONCURRENCY": "1"} | more


@contextmanager
def serving(state_dir: Path, **more: str) -> Iterator[Service]:
    """``forecast-service serve`` on a free port, ended when the block is left."""
    port = free_port()
    command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(port)]
    with (state_dir / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment(state_dir, **more), stdout=log, stderr=log)
        service = Service(process, port)
        try:
            yield service
        finally:
            service.stop()
