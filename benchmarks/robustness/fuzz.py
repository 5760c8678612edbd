"""Runs all phases of schemathesis against the service, with ``--cases`` cases for each kind of caller.

The callers: ``open`` (no authentication), ``with a key``, and ``without a key``: the service must refuse all its
requests. Each first sends ``--extremes`` requests of each operation and page at the bounds of the contract
(:mod:`benchmarks.robustness.extremes`). schemathesis counts cases; the service's log gives the answers::

    python -m benchmarks.robustness.fuzz --cases 20000 --write docs/fuzzing.md
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.robustness.extremes import PAGES, Extremes, Known, Request
from benchmarks.robustness.extremes import page as page_request

OPEN, KEY, STRANGER = CALLERS = ("open", "with a key", "without a key")
CASES = re.compile(r"Test cases:.*?([\d,]+) generated", re.DOTALL)
# Without a key the service refuses before it reads the input, which these two checks are about.
NOT_OF_STRANGERS = "positive_data_acceptance,negative_data_rejection,missing_required_header,unsupported_method"
PATIENCE_S = 120
SLOW = {"FORECAST_FIT_TIMEOUT_S": "300"}
"""The first request for another vintage waits for its fits instead of getting a 503."""


@dataclass
class Result:
    """The counts for one kind of caller."""

    caller: str
    cases: int = 0
    extremes: int = 0
    rounds: int = 0
    failed: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def crashes(self) -> int:
        """Number of answers with a status of 500 or more."""
        return sum(n for status, n in self.answers.items() if status >= 500)

    @property
    def row(self) -> str:
        """The row of the table."""
        families = Counter(status // 100 for status in self.answers.elements())
        counts = [f"{families[family]:,}" for family in (2, 3, 4, 5)]
        cells = (self.caller, f"{self.cases:,}", f"{self.extremes:,}", str(self.failed), f"{self.answers.total():,}")
        return f"| {' | '.join((*cells, *counts))} |"


@contextmanager
def service(folder: Path, **more: str) -> Iterator[str]:
    """Start the service under gunicorn; yields its address when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(port)]
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment(folder) | more, stdout=log, stderr=log)  # noqa: S603
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(process, url)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, with only the test's settings of the service."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORECAST_")}
    return kept | {"FORECAST_STATE_DIR": str(folder), "FORECAST_DRAWS": "1000", "FORECAST_SWEEP_PROCESSES": "1"} | SLOW


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310  of this machine
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the service does not get ready")


def at_the_bounds(url: str, key: str | None, examples: int, first_seed: int) -> tuple[int, list[str]]:
    """Send ``examples`` requests of each operation and page at the bounds; their number, and those that crashed."""
    with httpx.Client(base_url=url, headers={"X-API-Key": key} if key else {}, timeout=PATIENCE_S) as client:
        drawn = Extremes(client.get("/openapi.json").json(), _known(client))
        strategies = [drawn.request(operation) for operation in drawn.operations] + [
            page_request(path) for path in PAGES
        ]
        number, crashed = 0, []

        def ask(request: Request) -> None:
            nonlocal number
            number += 1
            sent: Any = {"json": request.body} if request.body is not None else {"content": request.content}
            how = {"params": request.query, "headers": dict(request.headers)} | sent
            status = client.request(request.method, request.path, **how).status_code
            # 503 says "not yet": fits are being made.
            if status >= 500 and status != 503:
                crashed.append(f"{status}: {request}")

        limited = settings(
            max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        for strategy in strategies:
            seed(first_seed)(limited(given(strategy)(ask)))()
    return number, crashed


def _known(client: httpx.Client) -> Known:
    """A scenario and a sweep to ask for; none without a key."""
    levers = [{"type": "shock", "spread_factor": 5, "tails": 2}] * 50
    saved = client.post("/v1/scenarios", json={"name": "at the bounds", "levers": levers})
    swept = client.post("/v1/sweeps", json={"countries": ["DEU"], "scenario": {"levers": levers[:1]}})
    return Known(*((one.json()["id"],) if one.is_success else () for one in (saved, swept)))


def fuzz(caller: str, folder: Path, cases: int, examples: int, extremes: int, first_seed: int = 1) -> Result:
    """Requests at the bounds, then rounds of schemathesis with different seeds, until there are ``cases`` cases."""
    result, key = Result(caller), None
    more, arguments = {"FORECAST_AUTH": "none"}, ["--checks=all"]
    if caller != OPEN:
        more = {"FORECAST_AUTH": "api-key"}
    if caller == KEY:
        key = _key(folder, more)
        arguments += ["--header", f"X-API-Key: {key}"]
    if caller == STRANGER:
        arguments += [f"--exclude-checks={NOT_OF_STRANGERS}"]
    log = folder / "serve.log"
    begin = log.stat().st_size if log.exists() else 0
    with service(folder, **more) as url:
        result.extremes, crashed = at_the_bounds(url, key, extremes, first_seed)
        result.failed += bool(crashed)
        sys.stderr.write("".join(f"{one}\n" for one in crashed))
        sys.stderr.write(f"{caller}: {result.extremes:,} requests at the bounds, {len(crashed)} crashed\n")
        while result.cases < cases:
            result.rounds += 1
            done = subprocess.run(  # noqa: S603
                [
                    *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json", *arguments),
                    *("--phases=examples,coverage,fuzzing,stateful", f"--max-examples={examples}"),
                    *(f"--seed={first_seed + result.rounds - 1}", "--workers=1", "--continue-on-failure"),
                    # A request for another year or vintage makes fits first, one ally after the other.
                    *("--request-timeout=120", "--max-response-time=120"),
                    *("--generation-database=none", "--no-color"),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            found = CASES.search(done.stdout)
            if found is None:
                raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
            result.cases += int(found[1].replace(",", ""))
            result.failed += done.returncode != 0
            if done.returncode:
                sys.stderr.write(done.stdout[-20000:])
            sys.stderr.write(f"{caller}: {result.cases:,} cases after round {result.rounds}\n")
    with log.open("rb") as lines:
        lines.seek(begin)
        for line in lines:
            if line.startswith(b"{") and b'"event": "request"' in line:
                result.answers[json.loads(line)["status"]] += 1
    return result


def _key(folder: Path, more: dict[str, str]) -> str:
    arguments = ["keys", "create", "--owner", "fuzz", "--scopes", "admin", "--name", "fuzz"]
    command = [sys.executable, "-m", "forecast_service.cli", *arguments]
    made = subprocess.run(command, env=environment(folder) | more, capture_output=True, text=True, check=True)  # noqa: S603
    return next(word for word in made.stdout.split() if word.startswith("fs_"))


def page(results: list[Result], command: str) -> str:
    """docs/fuzzing.md."""
    rows = "\n".join(result.row for result in results)
    return f"""# Fuzzing

[schemathesis](https://schemathesis.readthedocs.io) generates valid and invalid requests from the contract
(`/openapi.json`), in all its phases, and checks the answers of the service under gunicorn. Each round has its own seed.
Before, `benchmarks/robustness/extremes.py` draws requests at the bounds of the contract for every operation and page;
`tests/forecast_service/test_extremes.py` checks such answers one by one. `make fuzz` writes this page; its last run:

```
{command}
```

| caller | cases | requests at the bounds | rounds with a failed check | answers | 2xx | 3xx | 4xx | 5xx |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

| caller | how it calls |
| --- | --- |
| open | `FORECAST_AUTH=none` |
| with a key | `FORECAST_AUTH=api-key`, a key with scope `admin` |
| without a key | `FORECAST_AUTH=api-key`; no checks of the input, since each request is refused first |

Answers are counted in the service's log, without `/healthz`, `/readyz` and `/metrics`. `schemathesis.toml` lists the
refusals that the contract cannot express.
"""


def main() -> None:
    """Exit with 1 if a check failed or an answer was a 5xx."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000, help="for each kind of caller")
    parser.add_argument("--examples", type=int, default=40, help="for each operation and round")
    parser.add_argument("--extremes", type=int, default=60, help="requests at the bounds of each operation and page")
    parser.add_argument("--first-seed", type=int, default=1, help="of the first round; then one more each")
    parser.add_argument("--callers", nargs="+", choices=CALLERS, default=list(CALLERS))
    parser.add_argument("--write", type=Path, help="the page to write")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for caller in options.callers:
            numbers = (options.cases, options.examples, options.extremes, options.first_seed)
            results.append(fuzz(caller, Path(folder), *numbers))
            sys.stdout.write(results[-1].row + "\n")
            sys.stdout.flush()
    if options.write:
        options.write.write_text(
            page(
                results, f"python -m benchmarks.robustness.fuzz --cases {options.cases} --examples {options.examples}"
            ),
            encoding="utf-8",
        )
    if any(result.failed or result.crashes for result in results):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
