"""How fast others are answered while one caller attacks: probes of two replicas during each attack.

Each attack runs for ``--seconds``, directly against one replica (``FORECAST_AUTH=api-key``) and through the gateway of
``deploy/nginx``, with PostgreSQL and the default settings. Meanwhile another caller asks, each on a new connection, for
``/healthz`` of the first replica, for a forecast that is cached, and for one of a new scenario. ``--json`` saves it.
To compare two releases, run this file in a checkout of each and join them::

    python -m benchmarks.robustness.attacks --json after.json
    python -m benchmarks.robustness.attacks --join before.json after.json --write docs/attacks.md
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.deploy.support.gateway import BEHIND, KEY, OTHER_KEY, Gateway, gateway
from tests.deploy.support.servers import PostgreSQL, postgresql
from tests.support.service import Service, environment, free_port

SLOW_CLIENTS = 200
"""Connections of a slow client; each is opened again when the service closes it."""
PATIENCE_S = 10.0
"""A probe without an answer for so long counts as unanswered."""
PROBE_EVERY_S = 0.1
FORECAST = "/v1/countries/DEU/forecast"
LARGE = "/v1/alliance/forecast"
SHOCKS = [{"type": "shock", "spread_factor": 1.5 + n / 100, "tails": 2} for n in range(50)]
_numbers = itertools.count(1)


@dataclass
class Probe:
    """What one kind of probe saw: seconds to each good answer, and how many requests got none."""

    waits: list[float] = field(default_factory=list)
    failed: int = 0

    def facts(self) -> dict[str, Any]:
        """For the JSON file: milliseconds."""
        ms = sorted(wait * 1000 for wait in self.waits)
        return {
            "answered": len(ms),
            "failed": self.failed,
            "median_ms": round(statistics.median(ms), 1) if ms else None,
            "slowest_ms": round(ms[-1], 1) if ms else None,
        }


@dataclass(frozen=True)
class Target:
    """Where requests go: a replica, or the gateway before two."""

    port: int
    prefix: str = ""
    context: ssl.SSLContext | None = None
    keys: tuple[str, str] = ("", "")
    """Of the attacker and of the other caller."""

    def connection(self, timeout: float = PATIENCE_S) -> http.client.HTTPConnection:
        """A new connection."""
        if self.context is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        return http.client.HTTPSConnection("localhost", self.port, timeout=timeout, context=self.context)

    def ask(self, method: str, path: str, body: Any = None, key: str = "", timeout: float = PATIENCE_S) -> int:
        """The status of the answer to one request, which is read whole; 0 if there is none."""
        headers = {"X-API-Key": key or self.keys[1], "Content-Type": "application/json"}
        connection = self.connection(timeout)
        try:
            connection.request(method, self.prefix + path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        else:
            return answer.status
        finally:
            connection.close()

    def socket(self, receives: int | None = None) -> socket.socket:
        """A connection as a bare socket; ``receives`` is the size of its receive buffer in bytes."""
        plain = socket.socket()
        if receives:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        plain.settimeout(PATIENCE_S)
        plain.connect(("127.0.0.1", self.port))
        return plain if self.context is None else self.context.wrap_socket(plain, server_hostname="localhost")


Attack = Callable[[Target, threading.Event, Counter[str]], None]
"""Attacks until the event is set, and counts what it was answered."""


def _slow(first: Callable[[Target], bytes], piece: bytes, receives: int | None = None) -> Attack:
    """Many connections that send ``first``, and then ``piece`` once a second; nothing is read."""

    def attack(target: Target, end: threading.Event, answers: Counter[str]) -> None:
        opened: list[socket.socket | None] = [None] * SLOW_CLIENTS
        with ExitStack() as stack:
            while not end.is_set():
                for place, connection in enumerate(opened):
                    if end.is_set():
                        break
                    try:
                        if connection is None:
                            connection = opened[place] = stack.enter_context(target.socket(receives))
                            connection.sendall(first(target))
                            connection.setblocking(False)
                        elif piece:
                            connection.send(piece)
                    except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
                        continue
                    except OSError:  # the service has closed it, or does not take it
                        opened[place] = None
                        answers["closed"] += 1
                end.wait(1)

    return attack


def _head(method: str, path: str, *lines: str) -> Callable[[Target], bytes]:
    def head(target: Target) -> bytes:
        start = (f"{method} {target.prefix}{path} HTTP/1.1", "Host: localhost", f"X-API-Key: {target.keys[0]}")
        return ("\r\n".join((*start, *lines)) + "\r\n").encode()

    return head


def _requests(clients: int, method: str, path: str, body: Callable[[int], Any] = lambda _number: None) -> Attack:
    """``clients`` threads that send one request after the other, each with a new body."""

    def attack(target: Target, end: threading.Event, answers: Counter[str]) -> None:
        def client() -> None:
            while not end.is_set():
                begun = time.monotonic()
                number = next(_numbers)
                status = target.ask(method, path.format(number), body(number), target.keys[0], timeout=30)
                answers[str(status)] += 1
                end.wait(max(0.0, 0.02 - (time.monotonic() - begun)))

        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return attack


def _sensitivity(number: int) -> dict[str, Any]:
    levers = SHOCKS[:MOST_LEVERS]
    scenario = {"name": "costly", "levers": [*levers[:-1], levers[-1] | {"spread_factor": 2 + number / 1e6}]}
    return {"country": "DEU", "scenario": scenario, "targets": {"deadline": 2060}}


def _batch(number: int) -> dict[str, Any]:
    levers = [*SHOCKS[:-1], SHOCKS[-1] | {"spread_factor": 2 + number / 1e6}]
    return {"items": [{"country": "DEU", "scenario": {"levers": levers}, "targets": {"deadline": 2060}}] * 100}


def _history(number: int) -> dict[str, Any]:
    return {"country": "FRA", "history": {str(year): 2 + (year % 7) / 10 + number / 1e4 for year in range(1990, 2027)}}


def _most_levers() -> int:
    from models.analysis import sensitivity

    return int(getattr(sensitivity, "MOST_LEVERS", 50))


MOST_LEVERS = min(50, _most_levers())

ATTACKS: dict[str, Attack] = {
    "no attack": lambda _target, end, _answers: end.wait() and None,
    f"{SLOW_CLIENTS} half-sent heads": _slow(_head("GET", FORECAST), b"X-A: b\r\n"),
    f"{SLOW_CLIENTS} half-sent bodies": _slow(
        _head("POST", "/v1/forecasts", "Content-Type: application/json", "Content-Length: 9000", ""), b" "
    ),
    f"{SLOW_CLIENTS} half-sent chunked bodies": _slow(
        _head("POST", "/v1/forecasts", "Content-Type: application/json", "Transfer-Encoding: chunked", ""),
        b"1\r\n \r\n",
    ),
    f"{SLOW_CLIENTS} readers that do not read": _slow(
        lambda target: _head("GET", LARGE, "")(target) * 20, b"", receives=2048
    ),
    "8 sensitivities of the most levers to 2060": _requests(8, "POST", "/v1/sensitivity", _sensitivity),
    "4 batches of 100 with 50 levers to 2060": _requests(4, "POST", "/v1/forecasts/batch", _batch),
    "8 requests for fits of own figures": _requests(8, "POST", "/v1/forecasts", _history),
    "8 requests for PNG charts": _requests(8, "GET", FORECAST + ".png?core=2.{:06d}"),
    "8 lists, table locked": _requests(8, "GET", "/v1/scenarios?owner=me"),
    "8 lists, database silent": _requests(8, "GET", "/v1/scenarios?owner=me"),
}


@contextmanager
def _locked(database: str) -> Iterator[None]:
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE scenarios IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextmanager
def _silent(server: PostgreSQL) -> Iterator[None]:
    """Stop the server's processes: the kernel accepts connections for them, and nobody answers."""
    master = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    processes = [master, *map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split())]
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _probe(probe: Probe, ask: Callable[[], int], end: threading.Event) -> None:
    while not end.is_set():
        begun = time.monotonic()
        good = ask() == 200
        waited = time.monotonic() - begun
        if good:
            probe.waits.append(waited)
        else:
            probe.failed += 1
        end.wait(max(0.0, PROBE_EVERY_S - waited))


def _new_scenario() -> dict[str, Any]:
    lever = {"type": "pledge", "share_pct": 2.5 + next(_numbers) * 1e-5, "year": 2031, "credibility": 0.7}
    return {"country": "ITA", "scenario": {"levers": [lever]}}


def run(target: Target, replica: Target, attack: Attack, seconds: float) -> dict[str, Any]:
    """Probes during one attack on ``target``; ``replica`` answers ``/healthz``."""
    asks = {
        "health": lambda: replica.ask("GET", "/healthz"),
        "cached": lambda: target.ask("GET", FORECAST),
        "new": lambda: target.ask("POST", "/v1/forecasts", _new_scenario()),
    }
    probes = {name: Probe() for name in asks}
    attack_ends, probes_end = threading.Event(), threading.Event()
    answers: Counter[str] = Counter()
    attacker = threading.Thread(target=attack, args=(target, attack_ends, answers))
    attacker.start()
    time.sleep(min(2.0, seconds / 5))  # the attack is under way
    threads = [threading.Thread(target=_probe, args=(probes[name], ask, probes_end)) for name, ask in asks.items()]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    probes_end.set()
    for thread in threads:
        thread.join()
    attack_ends.set()
    attacker.join()
    return {name: probe.facts() for name, probe in probes.items()} | {"attacker": dict(answers)}


def _start(folder: Path, database: str, **more: str) -> Service:
    folder.mkdir(exist_ok=True)
    port = free_port()
    settings = environment(folder, FORECAST_DATABASE_URL=database, WEB_CONCURRENCY="2", **more)
    for own in ("FORECAST_DRAWS", "FORECAST_FIT_TIMEOUT_S", "FORECAST_COST_BUDGET"):  # a service's own, not a test's
        settings.pop(own, None)
    with (folder / "serve.log").open("ab") as log:
        command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(port)]
        return Service(subprocess.Popen(command, env=settings, stdout=log, stderr=log), port)  # noqa: S603  our own


def _key(folder: Path, database: str, owner: str) -> str:
    arguments = ["keys", "create", "--owner", owner, "--scopes", "read,write", "--name", owner]
    command = [sys.executable, "-m", "forecast_service.cli", *arguments]
    settings = environment(folder, FORECAST_DATABASE_URL=database)
    made = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)  # noqa: S603  our own
    return next(word for word in made.stdout.split() if word.startswith("fs_"))


@contextmanager
def _direct(folder: Path, fits: Path, database: str) -> Iterator[tuple[Target, Target]]:
    keys = _key(folder, database, "attacker"), _key(folder, database, "reader")
    service = _start(folder / "direct", database, FORECAST_AUTH="api-key", FORECAST_FITS_DIR=str(fits))
    try:
        service.wait_until_ready()
        target = Target(service.port, keys=keys)
        yield target, target
    finally:
        service.stop()


@contextmanager
def _behind(folder: Path, fits: Path, database: str) -> Iterator[tuple[Target, Target]]:
    services = [_start(folder / f"replica-{n}", database, FORECAST_FITS_DIR=str(fits), **BEHIND) for n in (1, 2)]
    try:
        for service in services:
            service.wait_until_ready()
        with gateway(folder / "gateway", (services[0].port, services[1].port), "1000r/s", 1000) as front:
            yield _through(front), Target(services[0].port)
    finally:
        for service in services:
            service.stop()


def _through(front: Gateway) -> Target:
    return Target(front.port, "/forecasting", front.context, (OTHER_KEY, KEY))


def measure(fits: Path, seconds: float, names: list[str]) -> dict[str, Any]:
    """All attacks, direct and behind the gateway."""
    found: dict[str, Any] = {}
    with postgresql() as server, tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        command = [sys.executable, "-m", "forecast_service.cli", "db", "upgrade"]
        subprocess.run(command, env=environment(folder, FORECAST_DATABASE_URL=server.url), check=True)  # noqa: S603
        for way, opened in (("direct", _direct), ("gateway", _behind)):
            with opened(folder, fits, server.url) as (target, replica):
                for _ in range(20):  # each worker has cached the forecast, and seen the keys
                    target.ask("GET", FORECAST)
                    target.ask("GET", FORECAST, key=target.keys[0])
                for name in names:
                    trouble = {"table locked": _locked(server.url), "database silent": _silent(server)}
                    with trouble.get(name.rpartition(", ")[2], nullcontext()):
                        result = run(target, replica, ATTACKS[name], seconds)
                    found.setdefault(name, {})[way] = result
                    sys.stderr.write(f"{way}, {name}: {result}\n")
                    _settle()
    return found


def _settle() -> None:
    """Wait until the attack before is over: what it began has ended, so the machine is idle."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        before = _processor_times()
        time.sleep(1)
        spent = [now - then for now, then in zip(_processor_times(), before, strict=True)]
        if spent[3] > 0.8 * sum(spent):  # idle
            return


def _processor_times() -> list[int]:
    return [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]


def page(before: dict[str, Any], after: dict[str, Any], command: str) -> str:
    """docs/attacks.md."""
    return f"""# Attacks

The slowest answer that others got while one caller attacked: of `/healthz` of a replica, of a cached forecast and of a
new scenario, in release 1.0.0 (before) and now, one after the other on one machine. Each is asked for every
{PROBE_EVERY_S:g} s on a new connection; `-n` counts those without a 200 in {PATIENCE_S:g} s. Two cores served all
replicas (two workers each), PostgreSQL, the gateway and the attacker. A sensitivity took 16 levers before and takes
{MOST_LEVERS} now. Run in a checkout of each release:

```
{command}
```

{_table("Directly against a replica", "direct", before, after)}

{_table("Through the gateway", "gateway", before, after)}
"""


def _table(title: str, way: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    lines = [
        f"## {title}",
        "",
        "| attack | health, before | now | cached forecast, before | now | new scenario, before | now |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in after:
        cells = [
            _cell(found.get(name, {}).get(way, {}).get(probe))
            for probe in ("health", "cached", "new")
            for found in (before, after)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return ""
    slowest = "none" if facts["slowest_ms"] is None else f"{facts['slowest_ms']:.0f} ms"
    return f"{slowest}, -{facts['failed']}" if facts["failed"] else slowest


def main() -> None:
    """Run the attacks, or join the results of two runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each attack")
    parser.add_argument("--fits", type=Path, default=Path("var/fits"), help="fits of the default vintage")
    parser.add_argument("--only", nargs="+", choices=list(ATTACKS), default=list(ATTACKS), metavar="ATTACK")
    parser.add_argument("--json", type=Path, help="file for what was found")
    parser.add_argument("--join", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="files of two runs")
    parser.add_argument("--write", type=Path, help="page to write")
    options = parser.parse_args()
    if options.join:
        before, after = (json.loads(file.read_text(encoding="utf-8")) for file in options.join)
        text = page(before, after, "python -m benchmarks.robustness.attacks --seconds 4 --json after.json")
        options.write.write_text(text, encoding="utf-8")
        return
    found = measure(options.fits.resolve(), options.seconds, options.only)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
