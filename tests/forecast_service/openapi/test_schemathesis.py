"""schemathesis against the running service: the contract as strangers would use it, and abuse it.

A short round, with the contract's examples and three random cases of each operation: `make fuzz` is the long one, with
every phase and 20,000 cases for each kind of caller (docs/fuzzing.md).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.service import Service, serving

ROOT = Path(__file__).parents[3]
COMMAND = (
    "--phases=examples,fuzzing --checks=all --seed=1 --workers=1 --continue-on-failure "
    "--generation-database=none --no-color"
)
PATIENCE_S = 120
"""Own figures are fitted while a request waits: how long that takes depends on what else the machine does."""


def run(service: Service, *arguments: str) -> int:
    """How many operations were tried, none of which failed a check."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.url}/openapi.json"]
    command += [
        *COMMAND.split(),
        f"--request-timeout={PATIENCE_S}",
        f"--max-response-time={PATIENCE_S}",
        *arguments,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    selected = re.search(r"(\d+) selected / (\d+) total", done.stdout)
    assert selected, done.stdout
    return int(selected[1])


@pytest.fixture
def fuzzed(saved_fits: str, tmp_path: Path) -> Iterator[Service]:
    """A service with a state of its own, since it is also told to switch to other figures."""
    with serving(tmp_path, FORECAST_FITS_DIR=saved_fits) as service:
        service.wait_until_ready()
        yield service


def test_every_operation_passes_schemathesis(fuzzed: Service) -> None:
    tried = run(fuzzed, "--max-examples=3")
    paths = fuzzed.ask("GET", "/openapi.json")[1]["paths"]
    assert tried == sum(method in {"get", "post", "put", "delete"} for item in paths.values() for method in item)
    assert fuzzed.ask("GET", "/healthz") == (200, {"status": "ok"})
