"""Fits of past questions are deleted beyond FORECAST_FITS_BYTES, wherever they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast_service import create_app
from forecast_service.cli.context import database_of
from forecast_service.cli.sweeps import _pruning
from forecast_service.forecasting.fit_missing import fit_missing
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.settings import Settings
from forecast_service.store.sweeps import Sweeps
from forecast_service.sweeps.executors import LocalExecutor
from forecast_service.sweeps.worker import Worker
from models.dataset.countries import allies
from models.forecast import MODEL_VERSION, Forecaster

pytestmark = pytest.mark.slow


def origins(state: Path) -> list[str]:
    return sorted({file.name.split("-")[3] for file in (state / "fits").glob("*.json")})


def test_a_worker_deletes_what_past_questions_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app(Settings(state_dir=tmp_path, draws=100, fits_bytes=1, fit_timeout_s=120)).test_client()
    now = client.get("/v1/countries/DEU/forecast").json
    then = [client.get(f"/v1/countries/DEU/forecast?origin={year}").json for year in (2018, 2019)]
    assert origins(tmp_path) == ["2026"]
    # Processes that do not hold the fits open make them again, and answer as before.
    again = create_app(Settings(state_dir=tmp_path, draws=100, fit_timeout_s=120)).test_client()
    assert again.get("/v1/countries/DEU/forecast").json == now
    assert again.get("/v1/countries/DEU/forecast?origin=2018").json == then[0]
    assert origins(tmp_path) == ["2018", "2026"]


def test_fits_made_in_the_background_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = {code: ally for code, ally in allies().items() if code in {"DEU", "ISL"}}
    monkeypatch.setattr("models.forecast.forecaster.allies", lambda *_: two)
    registry = ForecasterRegistry(Settings(state_dir=tmp_path, draws=100, fits_bytes=1))
    for vintage, origin in (("nato-2026", None), ("nato-2026", 2012), ("nato-2025", None)):
        assert fit_missing(registry, vintage, 1, origin=origin) == 2
        assert registry.missing("nato-2026") == []
    assert isinstance(registry.current, Forecaster)
    assert {file.name.split("-")[2] for file in (tmp_path / "fits").glob("*.json")} == {"2026"}


def test_a_sweep_worker_tidies_the_fits_of_sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast_service.sweeps.worker.TIDY_S", -1)
    settings = Settings(state_dir=tmp_path, fits_bytes=1)
    settings.state.fits.mkdir()
    for origin in (2012, 2026):
        (settings.state.fits / f"DEU-nato-2026-{origin}-trend-m{MODEL_VERSION}-d10000-s1.json").write_text("{}")
    with database_of(settings) as database:
        database.state()
        Worker(Sweeps(database), LocalExecutor(1), None, tidy_fits=_pruning(settings, database)).tidy()
    assert origins(tmp_path) == ["2026"]


def test_the_current_vintage_the_one_before_and_those_to_come_are_needed(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path, switch_ahead=3)
    registry = ForecasterRegistry(settings)
    assert registry.current_vintage.needed() == {"nato-2026"}
    registry.switches.use("nato-2019", "an operator")
    registry.current_vintage.poll()
    assert registry.current_vintage.needed() == {"nato-2026", "nato-2019"}
