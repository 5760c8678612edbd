"""What keeps a command from its work is said in words, by every command in the same ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from forecast_service.cli.main import main
from tests.support.service import environment


def run(state: Path, *arguments: str, **more: str) -> Result:
    return CliRunner(env=environment(state, **more)).invoke(main, arguments)


@pytest.mark.parametrize(
    "command",
    ["serve", "fit", "work", "forecast DEU", "openapi", "db current", "keys list", "data vintages", "data use x"],
)
def test_a_bad_setting_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    result = run(tmp_path, *command.split(), FORECAST_LOG_LEVEL="loud")
    assert result.exit_code == 1
    assert result.output == "Error: FORECAST_LOG_LEVEL: 'loud' is not one of debug, info, warning, error\n"


@pytest.mark.parametrize("command", ["keys list", "work --once", "data use nato-2025", "data rollback", "data current"])
def test_no_database_is_told_in_one_line(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast_service.observability.logs.configure", lambda *_: None)  # it would stay
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("forecast_service.forecasting.fit_missing.fit_missing", lambda *_: 0)
    result = run(tmp_path, *command.split(), FORECAST_DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "Error: database: not reachable"


def test_an_unknown_vintage_is_told_in_one_line(tmp_path: Path) -> None:
    assert run(tmp_path, "data", "diff", "nato-1949", "nato-2026").output == (
        "Error: there is no vintage nato-1949: see 'data vintages'\n"
    )
    asked = tmp_path / "sweep.json"
    asked.write_text(json.dumps({"countries": ["DEU"], "scenario": {"levers": []}, "vintage": "nato-1949"}))
    result = run(tmp_path, "sweep", str(asked))
    assert (result.exit_code, result.output) == (1, "Error: there is no vintage nato-1949: see 'data vintages'\n")


def test_a_damaged_vintage_is_told_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "vintages" / "ours-2026"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    result = run(tmp_path, "data", "diff", "ours-2026", "nato-2026")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ours-2026: manifest.json cannot be read (")


def test_a_fault_of_ours_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.dataset.checks.check", lambda: 1 / 0)
    assert isinstance(run(tmp_path, "data", "check").exception, ZeroDivisionError)
