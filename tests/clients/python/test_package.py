"""The client's distribution: it works without the service, and its types are those of the contract."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import forecast_service_client

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "clients" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the folder alone."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(FOLDER, folder / "python", ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__"))
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, folder], cwd=folder / "python", check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_works_alone(wheel: Path) -> None:
    code = """
import json, sys
sys.path += sys.argv[1:]
import httpx, forecast_service_client
answer = {"id": "1", "targets": [{"component": "core", "probability": {"at_deadline": 0.5}}]}
transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer))
with forecast_service_client.Client("http://service", transport=transport) as service:
    said = service.forecast("DEU").probability()
foreign = {"forecast_service", "models", "flask", "numpy", "pandas", "polars", "marshmallow", "sqlalchemy"}
print(json.dumps([said, forecast_service_client.__file__, sorted(foreign & {n.split(".")[0] for n in sys.modules})]))
"""
    # Neither this folder nor what .pth files add: only the wheel, and the packages that are really installed.
    command = [sys.executable, "-I", "-S", "-c", code, wheel, sysconfig.get_path("purelib")]
    said, file, foreign = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert (said, foreign) == (0.5, [])
    assert file.startswith(str(wheel))


def test_the_wheel_needs_httpx_only_and_brings_its_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        about = Parser().parsestr(archive.read(metadata).decode())
    assert "forecast_service_client/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"forecast_service_client"}
    assert (about["Name"], about["Version"]) == ("forecast-service-client", forecast_service_client.VERSION)
    assert (about["License-Expression"], about["Requires-Python"]) == ("MIT", ">=3.11")
    required = about.get_all("Requires-Dist", [])
    assert [line for line in required if "extra ==" not in line] == ["httpx>=0.28"]
    assert {line.split(">")[0] for line in required if "extra ==" in line} == {"pandas", "polars"}
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_types_of_documents_are_those_of_the_contract() -> None:
    check = subprocess.run(
        [sys.executable, FOLDER / "write_documents.py", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
