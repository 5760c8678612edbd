"""docs/ecosystem.md and the client's README: every example runs as it stands, against the service under gunicorn."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service, environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "ecosystem.md").read_text(encoding="utf-8")
README = (ROOT / "clients" / "python" / "README.md").read_text(encoding="utf-8")
BLOCKS, OF_CLIENT = (
    re.findall(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for text in (TEXT, README)
)
ADDRESS = "http://127.0.0.1:8000"
DASHBOARD = ROOT / "deploy" / "grafana" / "infinity" / "forecasts.json"
RUN = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}


def fetched(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as response:  # noqa: S310  our own service
        text: str = response.read().decode("utf-8")
        return text


def test_there_are_examples_of_every_kind() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert (kinds.count("sh"), kinds.count("python"), len(OF_CLIENT)) == (4, 10, 5)
    # The others start the command themselves.
    assert all(ADDRESS in block or "forecast-service" in block for _, block in (*BLOCKS, *OF_CLIENT))


@pytest.mark.parametrize(
    ("kind", "block"),
    [*BLOCKS, *OF_CLIENT],
    ids=[
        *(f"{n}-{kind}" for n, (kind, _) in enumerate(BLOCKS)),
        *(f"client-{n}" for n in range(len(OF_CLIENT))),
    ],
)
def test_an_example_runs(live_service: Service, state_dir: Path, tmp_path: Path, kind: str, block: str) -> None:
    command = [*RUN[kind], block.replace(ADDRESS, live_service.url)]
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = environment(state_dir, PYTHONPATH=str(ROOT), PATH=commands)
    done = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip()
    if block.startswith("curl"):
        assert 0 < json.loads(done.stdout)["targets"][0]["probability"]["at_deadline"] < 1


def test_a_spreadsheet_can_read_it(live_service: Service) -> None:
    found = re.search(rf"{ADDRESS}(/\S+\.csv\S*)`", TEXT)
    assert found
    text = fetched(live_service.url + found[1])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) > 60
    for row in rows:
        assert not any(cell.startswith(("=", "+", "@")) for cell in row.values())
        assert row["component"] in {"core", "related", "total"}
        assert row["at_deadline"] == "" or 0 < float(row["at_deadline"]) < 1


def queries() -> list[dict[str, Any]]:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    values = {variable["name"]: variable["query"] for variable in dashboard["templating"]["list"]}
    found = [target for panel in dashboard["panels"] for target in panel["targets"]]
    for target in found:
        target["path"] = re.sub(
            r"\$\{(\w+)\}", lambda name: "" if name[1] == "service" else values[name[1]], target["url"]
        )
    return found


@pytest.mark.parametrize("query", queries(), ids=lambda query: query["path"])
def test_the_columns_of_the_grafana_panels_are_there(live_service: Service, query: dict[str, Any]) -> None:
    assert (query["type"], query["parser"], query["source"]) == ("csv", "backend", "url")
    rows = list(csv.DictReader(io.StringIO(fetched(live_service.url + query["path"]))))
    assert {column["selector"] for column in query["columns"]} <= rows[0].keys()
    name, value = re.fullmatch(r"(\w+) == '(\w+)'", query["filterExpression"]).groups()  # type: ignore[union-attr]
    kept = [row for row in rows if row[name] == value]
    assert kept
    for column in query["columns"]:
        if column["type"] == "number":
            assert any(float(row[column["selector"]]) for row in kept if row[column["selector"]])


def test_the_trend_has_its_years() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    trend = next(panel for panel in dashboard["panels"] if panel["type"] == "trend")
    assert trend["options"]["xField"] in {column["text"] for column in trend["targets"][0]["columns"]}
