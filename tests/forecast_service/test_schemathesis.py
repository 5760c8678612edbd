"""schemathesis against the running service: the contract as strangers would use it, and abuse it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.serving import Service

ROOT = Path(__file__).parents[2]
COMMAND = (
    "--checks=all --phases=examples,coverage,fuzzing --max-examples=60 --seed=1 --workers=1 "
    "--continue-on-failure --generation-database=none --no-color"
)


def test_no_check_fails(live_service: Service) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{live_service.url}/openapi.json"]
    done = subprocess.run(
        [*command, *COMMAND.split()], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    paths = live_service.ask("GET", "/openapi.json")[1]["paths"]
    operations = sum(method in {"get", "post", "put", "delete"} for item in paths.values() for method in item)
    assert f"{operations} selected / {operations} total" in done.stdout
    assert live_service.ask("GET", "/healthz") == (200, {"status": "ok"})
