"""What the documentation says is what the code does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import page
from models.evaluation import published
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import ORDER

ROOT = Path(__file__).parent.parent


def test_the_readme_opens_with_a_real_answer(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(.*?)\n```", readme, re.DOTALL)
    assert shown
    command = [sys.executable, "-m", "forecast_service.cli", "forecast", "DEU"]
    environment = os.environ | {"FORECAST_STATE_DIR": str(tmp_path), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, encoding="utf-8", cwd=ROOT)
    assert shown[1] == answer.stdout.rstrip()


def test_the_levers_are_documented_in_the_order_in_which_they_act():
    text = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d+)\. \*\*`(\w+)`\*\*", text, re.MULTILINE)
    assert listed == [(str(n), lever.type) for n, lever in enumerate(ORDER, 1)]


@pytest.mark.parametrize("name", sorted(named_scenarios()))
def test_every_shipped_scenario_is_described(name):
    assert f"| `{name}` |" in (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")


def test_the_accuracy_page_is_the_published_track_record():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(published.load())
