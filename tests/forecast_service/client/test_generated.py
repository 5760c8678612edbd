"""Clients generated from the contract: they compile under the strictest settings, and complete a forecast."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.support.host import kept, need
from tests.support.service import Service

HERE = Path(__file__).parent
CONTRACT = HERE.parents[2] / "openapi" / "openapi.json"
BIN = Path(sys.executable).parent


def run(command: list[str | Path], folder: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


@pytest.fixture(scope="module")
def expected(live_service: Service) -> dict[str, Any]:
    """What the service answers to the same questions without a client."""
    levers = [
        {"type": "gdp_growth", "change_pp": -3, "from": 2027, "to": 2027},
        {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": "learned"},
    ]
    scenario = {"name": "half way, after a recession", "levers": levers}
    question = json.dumps({"country": "ESP", "scenario": scenario, "targets": {"deadline": 2032}})
    asked = live_service.ask("GET", "/v1/countries/DEU/forecast?deadline=2030")
    posted = live_service.ask("POST", "/v1/forecasts", question, {"Content-Type": "application/json"})
    assert (asked[0], posted[0]) == (200, 200)
    core = [answer["targets"][0]["probability"]["at_deadline"] for _, answer in (asked, posted)]
    assert all(0 < probability < 1 for probability in core)
    return {"get": core[0], "post": core[1], "error": "deadline"}


def test_a_generated_python_client(live_service: Service, expected: dict[str, Any], tmp_path: Path) -> None:
    package = tmp_path / "forecast_client"
    generate = ["generate", "--path", CONTRACT, "--config", HERE / "python" / "config.yml", "--meta", "none"]
    run([BIN / "openapi-python-client", *generate, "--output-path", package, "--fail-on-warning"], tmp_path)
    (package / "py.typed").touch()
    script = shutil.copy(HERE / "python" / "forecast.py", tmp_path)
    run([BIN / "mypy", "--strict", "--config-file", os.devnull, package, script], tmp_path)
    assert json.loads(run([sys.executable, script, live_service.url], tmp_path)) == expected


def test_a_generated_typescript_client(live_service: Service, expected: dict[str, Any], tmp_path: Path) -> None:
    need("node", "npm", packages=("nodejs", "npm"))
    source = HERE / "typescript"
    for name in (".npmrc", "package.json", "package-lock.json", "tsconfig.json", "forecast.ts"):
        shutil.copy(source / name, tmp_path)
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    modules = kept(f"npm-{lock}") / "node_modules"
    if not (modules / ".package-lock.json").exists():
        run(["npm", "ci", "--ignore-scripts"], tmp_path)
        shutil.copytree(tmp_path / "node_modules", modules, symlinks=True, dirs_exist_ok=True)
    else:
        (tmp_path / "node_modules").symlink_to(modules)
    tools = modules / ".bin"
    schema = ["--default-non-nullable=false", "--output", tmp_path / "schema.ts"]
    run([tools / "openapi-typescript", CONTRACT, *schema], tmp_path)
    run([tools / "tsc"], tmp_path)
    assert json.loads(run(["node", tmp_path / "built" / "forecast.js", live_service.url], tmp_path)) == expected
