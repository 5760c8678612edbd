"""Clients generated from the contract: they compile under the strictest settings, forecast, and start a sweep."""

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
    plain = json.dumps({"country": "DEU", "scenario": {"levers": [{"type": "freeze"}]}})
    json_body = {"Content-Type": "application/json"}
    asked = live_service.ask("GET", "/v1/countries/DEU/forecast?deadline=2030")
    posted, defaults = (live_service.ask("POST", "/v1/forecasts", body, json_body) for body in (question, plain))
    assert (asked[0], posted[0], defaults[0]) == (200, 200, 200)
    core = [answer["targets"][0]["probability"]["at_deadline"] for _, answer in (asked, posted)]
    assert all(0 < probability < 1 for probability in core)
    axes = [f"levers/0/{name}" for name in ("component", "credibility", "share_pct")]
    return {"get": core[0], "post": core[1], "error": "deadline", "defaults": defaults[1]["id"], "sweep": [axes, 12]}


def checked(printed: str, expected: dict[str, Any]) -> None:
    """Compare what a client printed; each writes the fields of a lever, and so the axes, in an order of its own."""
    said = json.loads(printed)
    assert said | {"sweep": [sorted(said["sweep"][0]), said["sweep"][1]]} == expected


def test_a_generated_python_client(live_service: Service, expected: dict[str, Any], tmp_path: Path) -> None:
    package = tmp_path / "forecast_client"
    generate = ["generate", "--path", CONTRACT, "--config", HERE / "python" / "config.yml", "--meta", "none"]
    run([BIN / "openapi-python-client", *generate, "--output-path", package, "--fail-on-warning"], tmp_path)
    (package / "py.typed").touch()
    script = shutil.copy(HERE / "python" / "forecast.py", tmp_path)
    run([BIN / "mypy", "--strict", "--config-file", os.devnull, package, script], tmp_path)
    checked(run([sys.executable, script, live_service.url], tmp_path), expected)


def test_generated_python_models(live_service: Service, expected: dict[str, Any], tmp_path: Path) -> None:
    options = ["--output-model-type", "pydantic_v2.BaseModel", "--enum-field-as-literal", "all", "--use-annotated"]
    options.append("--allow-population-by-field-name")  # from_ for "from", a word of Python
    generate = ["--input", CONTRACT, "--input-file-type", "openapi", *options, "--formatters", "builtin"]
    run([BIN / "datamodel-codegen", *generate, "--output", tmp_path / "forecast_models.py"], tmp_path)
    script = shutil.copy(HERE / "python" / "typed_models.py", tmp_path)
    (tmp_path / "mypy.ini").write_text("[mypy]\nplugins = pydantic.mypy\n")
    run([BIN / "mypy", "--strict", "--config-file", "mypy.ini", "forecast_models.py", script], tmp_path)
    checked(run([sys.executable, script, live_service.url], tmp_path), expected)


@pytest.mark.parametrize("generator", ["openapi-typescript", "hey-api"])
def test_a_generated_typescript_client(
    live_service: Service, expected: dict[str, Any], tmp_path: Path, generator: str
) -> None:
    need("node", "npm", packages=("nodejs", "npm"))
    source = HERE / "typescript"
    script = {"openapi-typescript": "forecast", "hey-api": "hey_api"}[generator]
    files = (".npmrc", "package.json", "package-lock.json", "tsconfig.json", f"{script}.ts")
    for name in files:
        shutil.copy(source / name, tmp_path)
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    modules = kept(f"npm-{lock}") / "node_modules"
    if not (modules / ".package-lock.json").exists():
        run(["npm", "ci", "--ignore-scripts"], tmp_path)
        shutil.copytree(tmp_path / "node_modules", modules, symlinks=True, dirs_exist_ok=True)
    else:
        (tmp_path / "node_modules").symlink_to(modules)
    tools = modules / ".bin"
    modules_as = []
    if generator == "hey-api":
        plugins = ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"]
        run([tools / "openapi-ts", "--input", CONTRACT, "--output", "client", "--plugins", *plugins], tmp_path)
        # Its imports have no extensions, as only CommonJS allows, and its own code passes undefined for absent fields.
        modules_as = ["--module", "commonjs", "--moduleResolution", "node10", "--exactOptionalPropertyTypes", "false"]
        (tmp_path / "built").mkdir()
        (tmp_path / "built" / "package.json").write_text('{"type": "commonjs"}')
    else:
        schema = ["--default-non-nullable=false", "--output", tmp_path / "schema.ts"]
        run([tools / "openapi-typescript", CONTRACT, *schema], tmp_path)
    run([tools / "tsc", *modules_as], tmp_path)
    checked(run(["node", tmp_path / "built" / f"{script}.js", live_service.url], tmp_path), expected)
