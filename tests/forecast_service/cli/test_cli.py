"""The command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from forecast_service.cli.main import main
from tests.support.service import environment

pytestmark = pytest.mark.slow

Run = Callable[..., Result]


@pytest.fixture
def run(state_dir: Path) -> Run:
    """Runs a command with the session's fits."""
    return lambda *arguments: CliRunner(env=environment(state_dir)).invoke(main, arguments)


def scenario_file(folder: Path, content: str | bytes) -> str:
    path = folder / "mine.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_help_names_the_commands(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("serve", "fit", "forecast", "data", "openapi"):
        assert command in result.output


def test_version_gives_the_release_and_the_model(run: Run, client: FlaskClient) -> None:
    served = client.get("/version").json
    assert run("--version").output == f"forecast-service {served['service']}, model {served['model']}\n"


def test_forecast_prints_a_table_and_a_fan_chart(run: Run) -> None:
    result = run("forecast", "POL")
    assert result.exit_code == 0
    assert result.stdout.startswith("Poland, ")
    assert "2026 to 2035 (nato-2026, 2,000 draws)" in result.output
    for word in ("at deadline", "core ≥ 3.5 %", "total ≥ 5 %", "●", "━", "2027", "2035"):
        assert word in result.output


def test_forecast_of_iceland_says_what_does_not_apply(run: Run) -> None:
    result = run("forecast", "iceland")
    assert result.exit_code == 0
    assert "n/a" in result.output
    assert "related, % of GDP" in result.output


def test_forecast_json_is_the_answer_of_the_api(run: Run, client: FlaskClient) -> None:
    printed = json.loads(run("forecast", "ESP", "--scenario", "exemption", "--json").stdout)
    served = client.get("/v1/countries/ESP/forecast?scenario=exemption").json
    addresses = {"links": {}, "cite": None}  # which only a service has
    assert printed | addresses == served | addresses
    assert printed["targets"][0]["probability"]["at_deadline"] < 0.02


def test_forecast_takes_a_rule(run: Run) -> None:
    answer = json.loads(run("forecast", "DEU", "--rule", "strict", "--json").stdout)
    assert [one["rule"] for one in answer["targets"][1]["rules"]] == ["strict"]
    assert "strict" in run("forecast", "DEU", "--rule", "loose").output


def test_forecast_takes_a_deadline(run: Run) -> None:
    assert json.loads(run("forecast", "DEU", "--deadline", "2030", "--json").stdout)["deadline"] == 2030


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Atlantis",), ("COUNTRY", "no ally")),
        (("DEU", "--scenario", "doom"), ("--scenario", "baseline")),
        (("DEU", "--deadline", "2020"), ("--deadline", "2060")),
        (("DEU", "--deadline", "soon"), ("--deadline",)),
        (("DEU", "--scenario", "missing.json"), ("--scenario", "missing.json")),
        ((), ("COUNTRY",)),
    ],
    ids=["country", "scenario", "deadline", "deadline text", "no file", "nothing"],
)
def test_forecast_refuses_by_name(run: Run, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    result = run("forecast", *arguments)
    assert result.exit_code == 2
    assert not [word for word in words if word not in result.output], result.output


def test_forecast_reads_a_scenario_from_a_file(run: Run, tmp_path: Path) -> None:
    content = {"name": "half way", "levers": [{"type": "cap", "share_pct": 2.0, "from": 2035}]}
    result = run("forecast", "DEU", "--json", "--scenario", scenario_file(tmp_path, json.dumps(content)))
    answer = json.loads(result.stdout)
    assert answer["scenario"]["name"] == "half way"
    assert max(row[-1] for row in answer["paths"]["core"]["quantiles"].values()) == 2.0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"levers": [', ("not JSON",)),
        (b"\xff\xfe", ("is UTF-16",)),
        ("[]", ("must hold a JSON object",)),
        ("[" * 100_000, ("nested too deeply",)),
        ('{"levers": [{"type": "magic"}]}', ("/levers/0/type: must be one of", "cap")),
        ('{"levers": [{"type": "cap", "share_pct": NaN}]}', ("NaN",)),
        ('{"levers": [{"type": "share_path", "points": {"2030": 1, "2030": 2}}]}', ("2030", "twice")),
        ('{"levers": [{"type": "floor", "share_pct": "x"}], "y": 1}', ("/levers/0/share_pct: ", "; /y: ")),
        (
            '{"levers": [{"type": "cap", "share_pct": 1}, {"type": "floor", "share_pct": 2}]}',
            ("/levers/1: ", "above the cap"),
        ),
    ],
    ids=[
        "broken",
        "not UTF-8",
        "list",
        "deep",
        "unknown lever",
        "NaN",
        "duplicate years",
        "two faults",
        "contradictory",
    ],
)
def test_a_bad_scenario_file_is_refused(run: Run, tmp_path: Path, content: str | bytes, words: tuple[str, ...]) -> None:
    result = run("forecast", "DEU", "--scenario", scenario_file(tmp_path, content))
    assert result.exit_code == 2, result.output
    assert not [word for word in (*words, "--scenario") if word not in result.output], result.output
    assert "Traceback" not in result.output


def test_data_check_finds_nothing(run: Run) -> None:
    result = run("data", "check")
    assert result.exit_code == 0
    assert "all checks hold" in result.output


def test_data_check_fails_on_a_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.dataset.checks.check", lambda: ["core_share row 3: share is negative"])
    result = run("data", "check")
    assert result.exit_code == 1
    assert "core_share row 3" in result.output


def test_openapi_prints_writes_and_compares(run: Run, tmp_path: Path) -> None:
    printed = run("openapi").output
    assert json.loads(printed)["openapi"] == "3.1.1"
    file = tmp_path / "openapi.json"
    assert run("openapi", "--output", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8") == printed
    assert run("openapi", "--check", str(file)).exit_code == 0
    file.write_text(printed.replace("3.1.1", "3.1.0"), encoding="utf-8")
    changed = run("openapi", "--check", str(file))
    assert changed.exit_code == 1
    assert "make openapi" in changed.output


def test_fit_knows_another_origin_and_leaves_out_who_has_too_few_figures(tmp_path: Path) -> None:
    runner = CliRunner(env=environment(tmp_path, FORECAST_DRAWS="200"))
    fitted = runner.invoke(main, ["fit", "--processes", "1", "--origin", "1999"])
    kept = {path.name.split("-")[0] for path in (tmp_path / "fits").glob("*-1999-*.json")}
    assert fitted.exit_code == 0
    assert {"DEU", "ISL"} <= kept
    assert "MNE" not in kept  # whose figures begin in 2006
    assert f"{len(kept)} allies fitted" in fitted.output
    refused = runner.invoke(main, ["fit", "--origin", "1990"])
    assert (refused.exit_code, "must be a year from 1999 to 2026" in refused.output) == (2, True)


def test_fit_keeps_every_ally_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner(env=environment(tmp_path, FORECAST_DRAWS="200"))
    first, again = (runner.invoke(main, ["fit", "--processes", "1"]) for _ in range(2))
    assert "32 allies fitted" in first.output
    assert "0 allies fitted" in again.output
    assert len(list((tmp_path / "fits").glob("*.json"))) == 64  # with and without pledges
    monkeypatch.setattr("forecast_service.observability.log_lines.set_up", lambda _process: None)  # it would stay
    assert runner.invoke(main, ["fit", "--quiet"]).output == ""
