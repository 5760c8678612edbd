"""Kill -9 of the whole service at random moments while eight clients create scenarios.

After every restart each scenario that was acknowledged must be there, and none twice::

    python -m benchmarks.robustness.kill_test --kills 20
    python -m benchmarks.robustness.kill_test --kills 20 --database postgresql://postgres@127.0.0.1/some_empty_database
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CLIENTS = 8
PATIENCE_S = 60


class Service:
    """The service under gunicorn, in its own process group, so that one signal kills all of it."""

    def __init__(self, state_dir: Path, database: str = "", workers: int = 4) -> None:
        self.state_dir = state_dir
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")}
        self.environment = kept | {
            "FORECAST_STATE_DIR": str(state_dir),
            "FORECAST_DATABASE_URL": database,
            "FORECAST_DRAWS": "500",
            "WEB_CONCURRENCY": str(workers),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> list[str]:
        """The command line of one of the service's commands."""
        return [sys.executable, "-m", "forecast_service.cli", *arguments]

    def start(self) -> None:
        """Start the service and wait until it answers."""
        with (self.state_dir / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own command
                self.command("serve", "--port", str(self.port)),
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"it did not start: {(self.state_dir / 'serve.log').read_text()[-2000:]}")

    def kill(self) -> None:
        """Send SIGKILL to the process group: master, workers and their children."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON and headers of one answer; raises OSError if the answer is not complete."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"} | (headers or {}))
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None, dict(response.headers)
        except (http.client.HTTPException, ValueError) as error:
            raise ConnectionError(str(error)) from None
        finally:
            connection.close()

    def names(self) -> list[tuple[str, str]]:
        """Name and id of every saved scenario."""
        found: list[tuple[str, str]] = []
        following = "/v1/scenarios?owner=me&limit=200"
        while following:
            status, page, _ = self.ask("GET", following)
            if status != 200:
                raise AssertionError(page)
            found += [(item["name"], item["id"]) for item in page["items"]]
            following = page["next"]
        return found


@dataclass
class Result:
    """The counts of a run."""

    kills: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)
    cut_off: int = 0
    carried_out_unheard: int = 0
    lost: int = 0
    twice: int = 0
    server_errors: int = 0
    extra: int = 0
    recovery_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {CLIENTS} clients: {len(self.acknowledged)} acknowledged, {self.lost} lost, "
            f"{self.twice} twice, {self.extra} not asked for, {self.server_errors} 5xx; {self.cut_off} requests cut "
            f"off, of which {self.carried_out_unheard} had been carried out and were answered again under their key; "
            f"restart to first answer {max(self.recovery_s, default=0):.2f} s at most"
        )


def _create(service: Service, name: str, result: Result, lock: threading.Lock) -> bool:
    """Create a scenario; returns whether the service acknowledged it."""
    body = {"name": name, "levers": [{"type": "cap", "share_pct": 2.0}]}
    try:
        # 503 asks for patience: the database does not answer in time, as on a machine that does much else.
        while (answered := service.ask("POST", "/v1/scenarios", body, {"Idempotency-Key": name}))[0] == 503:
            time.sleep(0.1)
    except OSError:
        return False
    status, answer, _ = answered
    with lock:
        if status == 201:
            result.acknowledged[name] = answer["id"]
            return True
        result.server_errors += status >= 500
    return False


def _client(service: Service, stop: threading.Event, result: Result, lock: threading.Lock, open_: list[str]) -> None:
    while not stop.is_set():
        name = uuid.uuid4().hex
        if not _create(service, name, result, lock):
            with lock:
                open_.append(name)
            return


def run(state_dir: Path, database: str, kills: int, seed: int = 1) -> Result:
    """Kill the service ``kills`` times."""
    chance, result, lock = random.Random(seed), Result(), threading.Lock()  # noqa: S311  moments, no secrets
    service = Service(state_dir, database)
    if database:
        command = service.command("db", "upgrade")
        subprocess.run(command, env=service.environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  ours
    service.start()
    try:
        for _ in range(kills):
            stop, open_ = threading.Event(), list[str]()
            arguments = (service, stop, result, lock, open_)
            clients = [threading.Thread(target=_client, args=arguments) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.05, 1.5))
            service.kill()
            stop.set()
            for client in clients:
                client.join()
            result.kills += 1
            began = time.monotonic()
            service.start()
            result.recovery_s.append(time.monotonic() - began)
            there = {name for name, _ in service.names()}
            result.lost += len(result.acknowledged.keys() - there)
            result.cut_off += len(open_)
            result.carried_out_unheard += len(there & set(open_))
            for name in open_:  # as a client without an answer does: repeat under the same key
                if not _create(service, name, result, lock):
                    raise AssertionError(f"{name} could not be created")
        names = service.names()
        result.lost += sum((name, identifier) not in set(names) for name, identifier in result.acknowledged.items())
        result.twice = sum(count - 1 for count in Counter(name for name, _ in names).values())
        result.extra = len({name for name, _ in names} - result.acknowledged.keys())
    finally:
        service.kill()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--database", default="", help="Address of an empty PostgreSQL database; SQLite if absent.")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), arguments.database, arguments.kills, arguments.seed)
    sys.stdout.write(f"{'PostgreSQL' if arguments.database else 'SQLite'}: {result}\n")
    sys.exit(1 if result.lost or result.twice or result.extra or result.server_errors else 0)


if __name__ == "__main__":
    main()
