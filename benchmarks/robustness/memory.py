"""Memory of a replica while everything in it is busy, by kind of process.

The mixed load: custom and alliance forecasts, charts, forecasts from own figures and from past origins, fits of another
vintage and of all allies at a past origin, the analysis of a change of vintages, an import, and a sweep. ::

    python -m benchmarks.robustness.memory
    python -m benchmarks.robustness.memory --sweep-processes 0            # as in a deployment with a sweep worker
    python -m benchmarks.robustness.memory --code ../of-another-commit    # the same load on other code

Sizes are proportional: pages that processes share count once. "Own" memory is anonymous, so the system cannot take it
back; the rest is pages of files, which it can read again. What is printed is the moment with the largest sum of own
memory. Where this user may make control groups, the replica runs in one of 1 GiB, as in the deployments: if it needs
more, the kernel ends a process of it, and the number of these is printed.
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
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.dataset.tables import BUNDLED

ROOT = Path(__file__).parents[2]
LIMIT = 2**30
"""The limit of the deployments, bytes."""
GROUPS = {  # in the two versions of control groups: where they are, the file of the limit, the file that counts kills
    Path("/sys/fs/cgroup/memory"): ("memory.limit_in_bytes", "memory.oom_control"),
    Path("/sys/fs/cgroup"): ("memory.max", "memory.events"),
}
KINDS = {
    "charts.process": "drawers",
    "fit_process": "fit processes",
    "cli work": "sweep worker",
    "cli fit": "fits in the background",
    "vintage_change_task": "change of vintages",
    "vintage_import_task": "import",
    "metrics_server": "metrics server",
    "cli serve": "gunicorn: master and workers",
}
"""Parts of command lines, and what they are called."""
SWEEP = {
    "countries": "all",
    "scenario": {
        "name": "memory",
        "levers": [{"type": "pledge", "year": 2035, "share_pct": {"from": 2, "to": 5, "steps": 50}, "credibility":
                    {"from": 0, "to": 1, "steps": 50}}],
    },
}  # fmt: skip


class Group:
    """A control group of :data:`LIMIT` for one process and its children."""

    def __init__(self) -> None:
        self.folder, self._kills = None, ""
        for root, (limit, self._kills) in GROUPS.items():
            folder = root / f"forecast-memory-{os.getpid()}"
            with suppress(OSError):
                folder.mkdir()
                try:
                    (folder / limit).write_text(str(LIMIT))
                except OSError:  # groups are made here, but none of memory
                    folder.rmdir()
                    continue
                self.folder = folder
                return

    def enter(self) -> None:
        """Put this process into the group."""
        if self.folder:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def close(self) -> int | None:
        """Remove the group. Returns how many processes were killed for lack of memory; None without a group."""
        if self.folder is None:
            return None
        lines = (self.folder / self._kills).read_text().splitlines()
        for _ in range(50):
            with suppress(OSError):  # a process is still ending
                self.folder.rmdir()
                break
            time.sleep(0.2)
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@dataclass
class Size:
    """Memory of some processes, MB."""

    count: int = 0
    own: float = 0.0
    files: float = 0.0


class Replica:
    """A service with two workers, started from a folder of code."""

    def __init__(self, code: Path, folder: Path, fits: Path | None, sweep_processes: int, group: Group) -> None:
        ports = []
        for _ in range(2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports.append(int(probe.getsockname()[1]))
        self.port, metrics = ports
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")}
        self.environment = kept | {
            "FORECAST_STATE_DIR": str(folder),
            "FORECAST_METRICS_PORT": str(metrics),
            "FORECAST_SWEEP_PROCESSES": str(sweep_processes),
            "WEB_CONCURRENCY": "2",
        }
        if fits:
            self.environment["FORECAST_FITS_DIR"] = str(fits.resolve())
        self.log = folder / "serve.log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(self.port)]
            self.process = subprocess.Popen(  # noqa: S603  ours
                command, cwd=code, env=self.environment, stdout=log, stderr=log, preexec_fn=group.enter
            )

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> int:
        """The status of an answer; 0 if there was none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        with suppress(OSError, http.client.HTTPException):
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": kind} if data else {})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status
        connection.close()
        return 0

    def wait_until_ready(self) -> None:
        """Wait until the fits of the current vintage are there, and what looks for them at the start has ended."""
        while self.ask("GET", "/readyz") != 200 or "fits in the background" in self.sizes():
            if self.process.poll() is not None:
                raise SystemExit(self.log.read_text()[-2000:])
            time.sleep(0.2)

    def stop(self) -> None:
        """End the service."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def sizes(self) -> dict[str, Size]:
        """Memory by kind of process."""
        found: dict[str, Size] = defaultdict(Size)
        # A background process has a session of its own, but its parent is a worker all the same.
        left = [(self.process.pid, "")]
        while left:
            pid, above = left.pop()
            with suppress(OSError, ValueError):
                command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
                # A pool's processes have no telling command line: they count with what started them.
                kind = next((name for part, name in KINDS.items() if part in command), above)
                whole, own = _sizes(pid)
                size = found[kind]
                size.count, size.own, size.files = size.count + 1, size.own + own, size.files + whole - own
                children = Path(f"/proc/{pid}/task").glob("*/children")  # a thread may have started them
                left += [(int(child), kind) for file in children for child in file.read_text().split()]
        return dict(found)


def _sizes(pid: int) -> tuple[float, float]:
    """Proportional memory of a process and its anonymous part, MB."""
    lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]]
    facts = {line[0]: int(line[1]) / 1000 for line in lines}
    return facts["Pss:"], facts["Pss_Anon:"]


def _history(chance: random.Random) -> dict[str, float]:
    return {str(year): round(1.5 + 0.02 * (year - 2000) + chance.uniform(-0.1, 0.1), 3) for year in range(2000, 2026)}


def _table(share: float) -> bytes:
    """NATO's core shares as a table to import, with one figure of its own."""
    lines = [f"{row['iso3']},{row['year']},{row['share_pct']},{row['estimate']}" for row in BUNDLED.read("core_share")]
    changed = [f"DEU,2026,{share:.2f},true" if line.startswith("DEU,2026,") else line for line in lines]
    return "\n".join(["iso3,year,share_pct,estimate", *changed]).encode()


def _load(replica: Replica, chance: random.Random) -> list[Callable[[], int]]:
    """The kinds of requests; each is asked again and again by a client of its own."""

    def custom() -> int:
        lever = {"type": "pledge", "share_pct": chance.uniform(2, 5), "year": 2035, "credibility": chance.random()}
        scenario = {"name": "mine", "levers": [lever]}
        return replica.ask("POST", "/v1/forecasts", {"country": chance.choice(["DEU", "ESP"]), "scenario": scenario})

    def alliance() -> int:
        return replica.ask("GET", f"/v1/alliance/forecast?core={chance.uniform(2, 4):.3f}")

    def chart() -> int:
        return replica.ask("GET", f"/v1/countries/POL/forecast.png?width={chance.randint(280, 1200)}")

    def own_figures() -> int:
        return replica.ask("POST", "/v1/forecasts", {"country": "ITA", "history": _history(chance)})

    def past() -> int:
        code, origin = chance.choice(["FRA", "GRC", "NOR"]), chance.randint(2000, 2024)
        return replica.ask("GET", f"/v1/countries/{code}/forecast?origin={origin}")

    def all_at_a_past_origin() -> int:
        return replica.ask("GET", "/v1/alliance/forecast?origin=2012")

    def another_vintage() -> int:
        return replica.ask("PUT", "/v1/vintages/current", {"vintage": "nato-2025"})

    def change() -> int:
        return replica.ask("GET", "/v1/vintages/nato-2025/diff/nato-2026")

    def take_in() -> int:
        address = f"/v1/vintages?source=csv&name=memory-2026-{chance.randrange(10**9)}"
        return replica.ask("POST", address, _table(chance.uniform(2, 4)), "text/csv")

    rare = [all_at_a_past_origin, another_vintage, change, take_in]
    return [custom, custom, alliance, alliance, chart, chart, own_figures, own_figures, past, *rare]


def measure(replica: Replica, seconds: float) -> tuple[dict[str, Size], dict[str, float]]:
    """The sizes at the moment of the largest sum of own memory, and the peak of each kind's."""
    replica.wait_until_ready()
    chance, ended = random.Random(1), threading.Event()  # noqa: S311  no secrets
    statuses: dict[str, list[int]] = defaultdict(list)

    def repeat(ask: Callable[[], int]) -> None:
        rare = ask.__name__ in {"all_at_a_past_origin", "another_vintage", "change", "take_in"}
        while not ended.is_set():
            statuses[ask.__name__].append(ask())
            ended.wait(5 if rare else 0.5)

    threads = [threading.Thread(target=repeat, args=(ask,), daemon=True) for ask in _load(replica, chance)]
    replica.ask("POST", "/v1/sweeps", SWEEP)
    for thread in threads:
        thread.start()
    worst: dict[str, Size] = {}
    peaks: dict[str, float] = defaultdict(float)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sizes = replica.sizes()
        if _own(sizes) > _own(worst):
            worst = sizes
        for kind, size in sizes.items():
            peaks[kind] = max(peaks[kind], size.own)
        time.sleep(0.2)
    ended.set()
    for name, seen in sorted(statuses.items()):
        counts = {status: seen.count(status) for status in sorted(set(seen))}
        sys.stderr.write(f"{name}: {counts}\n")
    return worst, dict(peaks)


def _own(sizes: dict[str, Size]) -> float:
    return sum(size.own for size in sizes.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", type=Path, default=ROOT, help="Folder of the code to measure.")
    parser.add_argument("--fits", type=Path, default=ROOT / "var" / "fits", help="Fits of the default vintage.")
    parser.add_argument("--sweep-processes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=90)
    asked = parser.parse_args()
    group = Group()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        fits = asked.fits if asked.fits.exists() else None
        replica = Replica(asked.code, Path(folder), fits, asked.sweep_processes, group)
        try:
            worst, peaks = measure(replica, asked.seconds)
        finally:
            replica.stop()
            killed = group.close()
    sys.stdout.write(
        "| processes | number | own, MB | pages of files, MB | own peak, MB |\n| --- | --- | --- | --- | --- |\n"
    )
    for kind, peak in sorted(peaks.items(), key=lambda item: -item[1]):
        size = worst.get(kind, Size())
        sys.stdout.write(f"| {kind} | {size.count} | {size.own:.0f} | {size.files:.0f} | {peak:.0f} |\n")
    count, files = (sum(getattr(size, name) for size in worst.values()) for name in ("count", "files"))
    sys.stdout.write(f"| sum | {count} | {_own(worst):.0f} | {files:.0f} | |\n")
    said = (
        "could not be limited here" if killed is None else f"{killed} killed under a limit of {LIMIT / 2**30:.0f} GiB"
    )
    sys.stdout.write(f"\nProcesses: {said}.\n")
    sys.exit(1 if killed or _own(worst) > LIMIT / 1e6 else 0)


if __name__ == "__main__":
    main()
