"""Kill -9 of the whole service while clients create scenarios: nothing acknowledged is lost, nothing is there twice.

``python -m benchmarks.robustness.kill_test`` kills it more often.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.robustness.kill_test import run
from tests.support.databases import KINDS, fresh

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_every_acknowledged_scenario_is_there_once(kind: str, tmp_path: Path) -> None:
    with fresh(kind, tmp_path) as url:
        result = run(tmp_path, "" if kind == "sqlite" else url, kills=2)
    assert result.acknowledged
    assert (result.kills, result.lost, result.twice, result.extra, result.server_errors) == (2, 0, 0, 0, 0), result
