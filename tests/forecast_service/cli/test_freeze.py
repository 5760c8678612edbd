"""``forecast-service freeze``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from forecast_service.cli.main import main
from forecast_service.version import VERSION
from models.analysis import freeze as analysis
from models.dataset.countries import allies
from models.evaluation import frozen
from models.forecast import MODEL_VERSION
from tests.support.service import DRAWS, environment

pytestmark = pytest.mark.slow

Run = Callable[..., Result]


@pytest.fixture
def run(state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command for two allies on a folder of its own."""
    monkeypatch.setattr(frozen, "FOLDER", tmp_path / "frozen")
    monkeypatch.setattr(analysis, "allies", lambda tables: {code: allies(tables)[code] for code in ("DEU", "ISL")})
    return lambda *arguments: CliRunner(env=environment(state_dir)).invoke(main, ["freeze", *arguments])


def test_it_saves_what_the_api_says_and_never_again(run: Run, client: FlaskClient) -> None:
    day = datetime.now(UTC).date()
    result = run()
    assert result.exit_code == 0, result.output
    digest, path = result.stdout.split()
    assert Path(path).name in {f"{d}-nato-2026-m{MODEL_VERSION}.json" for d in (day, datetime.now(UTC).date())}
    data = Path(path).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    content = json.loads(data)
    assert (content["release"], content["draws"]) == (VERSION, DRAWS)
    for scenario in ("baseline", "trend"):
        answer = client.get(f"/v1/countries/DEU/forecast?scenario={scenario}").json
        said = content["allies"]["DEU"]["scenarios"][scenario]
        for target in answer["targets"]:
            for way, p in said[target["component"]].items():
                assert p == pytest.approx(target["probability"][way], abs=1.1e-4)

    again = run()
    assert again.exit_code == 1
    assert "never change" in again.output
    assert Path(path).read_bytes() == data


def test_it_says_what_is_wrong(run: Run, tmp_path: Path) -> None:
    unknown = run("--vintage", "nato-1949")
    assert unknown.exit_code == 2
    assert "nato-2019, nato-2025, nato-2026" in unknown.output
    old = run("--vintage", "nato-2025")
    assert old.exit_code == 1
    assert "vintage must have figures up to 2026" in old.output
    (tmp_path / "frozen").write_text("a file in the folder's place")
    refused = run()
    assert refused.exit_code == 1
    assert refused.output == f"Error: {tmp_path / 'frozen'}: File exists\n"
