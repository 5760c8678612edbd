"""The task of a sweep, as a worker of a cluster carries it out, which has neither web nor database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models import load_figures
from models.analysis.sweep import Columns
from models.forecast import MODEL_VERSION

WEB_AND_DATABASE = ("flask", "werkzeug", "webargs", "sqlalchemy")
CODE = """
import sys
from {module} import compute
sys.stdout.write(compute(sys.stdin.read(), 0, {folder!r}).hex() + "\\n")
print(*sorted({{name.split(".")[0] for name in sys.modules}}))
"""


def document() -> str:
    figures = load_figures()
    lever = {"type": "pledge", "share_pct": {"grid": [2, 3]}, "year": 2035, "credibility": 0.5}
    return json.dumps(
        {
            "countries": ["DEU"],
            "scenario": {"name": "s", "levers": [lever, {"type": "floor", "share_pct": 2.5}]},
            "sampling": {"kind": "grid"},
            "targets": [{"deadline": 2030, "core": 3.5, "related": 1.5}],
            "origin": figures.origin,
            "vintage": figures.vintage,
            "sipri": True,
            "draws": 200,
            "seed": 1,
            "model_version": MODEL_VERSION,
            "chunk_points": 10,
        }
    )


@pytest.mark.parametrize("module", ["forecast_service.sweeps.task", "forecast_service.sweep_task"])
@pytest.mark.slow
def test_the_task_loads_neither_web_nor_database(module: str, state_dir: Path) -> None:
    code = CODE.format(module=module, folder=str(state_dir / "fits"))
    done = subprocess.run(
        [sys.executable, "-c", code], input=document(), capture_output=True, text=True, check=True, timeout=120
    )
    packed, loaded = done.stdout.splitlines()
    assert Columns.unpack(bytes.fromhex(packed)).failures == {}
    assert {"marshmallow", "models"} <= set(loaded.split())
    assert not set(WEB_AND_DATABASE) & set(loaded.split())
