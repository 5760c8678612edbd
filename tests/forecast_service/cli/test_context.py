"""What keeps a command from its work is said in words, by every command in the same ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from forecast_service.cli.main import EXIT_CODES, main
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
    monkeypatch.setattr("forecast_service.observability.logs.set_up_process", lambda *_: None)  # it would stay
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("forecast_service.forecasting.fit_missing.fit_missing", lambda *_: 0)
    result = run(tmp_path, *command.split(), FORECAST_DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none")
    assert result.exit_code == 1
    (said,) = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert said.startswith("Error: database: not reachable (connection failed: ")
    assert "secret" not in said


WRITES = {
    "the state folder": ("serve", "fit", "forecast", "sweep", "data why", "data use"),
    "the database": (
        "serve", "work", "db upgrade", "keys create", "keys revoke", "data use", "data rollback", "data import",
        "data refresh", "data pledges add", "data pledges remove", "data pledges import",
    ),
    "models/data": ("freeze", "backtest"),
    "and replace it": ("sweep", "openapi", "backtest"),
}  # fmt: skip


def commands(group: click.Group, *names: str) -> Iterator[str]:
    for name, command in group.commands.items():
        yield " ".join((*names, name))
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


@pytest.mark.parametrize("command", sorted(commands(main)))
def test_the_help_of_a_command_says_what_it_writes(tmp_path: Path, command: str) -> None:
    result = run(tmp_path, *command.split(), "-h")
    said = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert not [where for where, writers in WRITES.items() if command in writers and where not in said], said


def test_the_exit_codes_are_those_of_the_docs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([0-9]+)` \|", page, re.MULTILINE)
    assert sorted(re.findall(r"[0-9]+", EXIT_CODES), key=int) == documented


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
