"""Settings: each is read from its variable, bad values are refused by name, and all are documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from forecast_service import create_app
from forecast_service.cli.main import main
from forecast_service.forecasting.registry import EXTENSION
from forecast_service.settings import BadSetting, Settings
from tests.support.service import free_port

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"
NAMES = [f"FORECAST_{field.name.upper()}" for field in fields(Settings)]


@pytest.fixture(autouse=True)
def never_become_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    """``serve`` does not return; were a bad setting taken, neither would the test."""

    def refuse(*_: object) -> None:
        raise AssertionError("serve went on")

    monkeypatch.setattr("forecast_service.server.master.Master.run", refuse)


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("FORECAST_STATE_DIR", "/srv/state", Path("/srv/state")),
        ("FORECAST_VINTAGE", "nato-2025", "nato-2025"),
        ("FORECAST_SIPRI", "false", False),
        ("FORECAST_SIPRI", "ON", True),
        ("FORECAST_DRAWS", "500", 500),
        ("FORECAST_SEED", "7", 7),
        ("FORECAST_MAX_BODY_BYTES", "1000", 1000),
        ("FORECAST_SWEEP_EXECUTOR", "tcp://scheduler:8786", "tcp://scheduler:8786"),
        ("FORECAST_SWEEP_PROCESSES", "3", 3),
        ("FORECAST_SWEEP_PROCESSES", "0", 0),
    ],
)
def test_each_setting_is_read(name: str, text: str, value: object) -> None:
    assert getattr(Settings.from_environment({name: text}), name.removeprefix("FORECAST_").lower()) == value


def test_an_old_name_of_a_setting_is_read_where_the_new_one_is_not_set() -> None:
    old, new = {"FORECAST_ENGINE": "tcp://old:8786"}, {"FORECAST_SWEEP_EXECUTOR": "tcp://new:8786"}
    assert Settings.from_environment(old).sweep_executor == "tcp://old:8786"
    assert Settings.from_environment(old | new).sweep_executor == "tcp://new:8786"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FORECAST_SIPRI", "maybe"),
        ("FORECAST_SIPRI", ""),
        ("FORECAST_DRAWS", "many"),
        ("FORECAST_DRAWS", "0"),
        ("FORECAST_DRAWS", "1.5"),
        ("FORECAST_SEED", "-1"),
        ("FORECAST_MAX_BODY_BYTES", ""),
        ("FORECAST_SWEEP_EXECUTOR", "dask"),
        ("FORECAST_SWEEP_EXECUTOR", ""),
        ("FORECAST_SWEEP_PROCESSES", "-1"),
        ("FORECAST_PUBLIC_ADDRESS", "api.example"),
        ("FORECAST_PUBLIC_ADDRESS", "https://api.example/?q=1"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match=f"^{name}: "):
        Settings.from_environment({name: text})
    monkeypatch.setenv(name, text)
    for command in ("serve", "fit", "openapi", "forecast DEU"):
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {name}: ")


@pytest.mark.parametrize("text", ["nato-1949", "", "../nato-2026", "x" * 300])
def test_a_vintage_that_is_not_there_is_refused_at_the_start(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused = f"FORECAST_VINTAGE: {text!r} is not one of nato-2019, nato-2025, nato-2026"
    with pytest.raises(BadSetting) as error:
        create_app(Settings(state_dir=tmp_path, vintage=text))
    assert str(error.value) == refused
    monkeypatch.setenv("FORECAST_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("FORECAST_VINTAGE", text)
    for command in ("fit", "openapi", "forecast DEU", "data current"):
        result = CliRunner().invoke(main, command.split())
        assert (result.exit_code, result.output) == (1, f"Error: {refused}\n")


@pytest.mark.slow
def test_serve_refuses_a_vintage_that_is_not_there(tmp_path: Path) -> None:
    environment = os.environ | {"FORECAST_STATE_DIR": str(tmp_path), "FORECAST_VINTAGE": "nato-1949"}
    command = [sys.executable, "-m", "forecast_service.cli", "serve", "--port", str(free_port())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: FORECAST_VINTAGE: 'nato-1949' is not one of nato-2019, nato-2025, nato-2026\n"


def test_a_vintage_whose_files_are_damaged_is_refused_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "vintages" / "ours-2026"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(BadSetting, match=r"^FORECAST_VINTAGE: 'ours-2026' is not one of nato-2019, nato-2025"):
        create_app(Settings(state_dir=tmp_path, vintage="ours-2026"))
    assert "ours-2026: manifest.json cannot be read" in caplog.text


def test_settings_read_no_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "forecast_service.forecasting.shared_vintages.SharedVintages.names",
        lambda _self: pytest.fail("it was looked for"),
    )
    assert Settings(state_dir=tmp_path, vintage="ours-2026").vintage == "ours-2026"


def test_every_setting_is_documented_and_no_other() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(re.findall(r"`(FORECAST_[A-Z_]+)`", text)) == set(NAMES)


@pytest.mark.parametrize("text", ["many", "0", "-1", ""])
def test_a_bad_number_of_workers_is_refused_by_name(text: str) -> None:
    result = CliRunner(env={"WEB_CONCURRENCY": text}).invoke(main, ["serve"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: WEB_CONCURRENCY: ")


@pytest.mark.slow
def test_without_sipri_the_service_works_on_natos_own_figures(tmp_path: Path) -> None:
    app = create_app(Settings(state_dir=tmp_path, draws=500, sipri=False))
    client = app.test_client()
    (core,) = client.get("/v1/countries/DEU/history").json["components"]
    assert {o["definition"] for o in core["observations"]} <= {"nato", "nato-rescaled"}
    body = client.get("/v1/countries/DEU/forecast").json
    assert 0 < body["targets"][0]["probability"]["at_deadline"] < 1
    chart = client.get("/v1/countries/DEU/forecast.vl.json").text
    assert min(map(int, re.findall(r'"year":\s*(\d{4})', chart))) == 2012
    assert "SIPRI" not in client.get("/countries/DEU").text
    assert "without-sipri" in app.extensions[EXTENSION].current.figures.key


@pytest.mark.slow
def test_the_seed_and_the_draws_reach_the_answer(tmp_path: Path) -> None:
    answers = [
        create_app(Settings(state_dir=tmp_path, draws=draws, seed=seed)).test_client().get("/v1/countries/ISL/forecast")
        for draws, seed in ((500, 1), (500, 2), (400, 1))
    ]
    assert [(a.json["draws"], a.json["seed"]) for a in answers] == [(500, 1), (500, 2), (400, 1)]
    assert len({a.json["id"] for a in answers}) == 3
