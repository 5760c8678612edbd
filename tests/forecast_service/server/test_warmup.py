"""What is done before workers are forked: forecasts from saved fits, and nothing that a fork could not share."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from forecast_service import create_app
from forecast_service.forecasting.registry import EXTENSION
from forecast_service.observability import metrics
from forecast_service.server.warmup import warmup
from forecast_service.settings import Settings
from models.dataset.countries import resolve
from models.forecast import Forecaster, Question
from tests.support.service import DRAWS


@pytest.fixture
def cold(state_dir: Path, tmp_path: Path) -> Flask:
    """An application that has answered nothing, with the fits of two allies."""
    made = create_app(Settings(state_dir=state_dir, draws=DRAWS)).extensions[EXTENSION].current
    for code in ("DEU", "ISL"):
        for trend in (False, True):
            made.fit(resolve(code), trend=trend)
    fits = tmp_path / "fits"
    fits.mkdir()
    for file in (state_dir / "fits").glob("*"):
        if file.name[:3] in ("DEU", "ISL"):
            (fits / file.name).symlink_to(file)
    return create_app(Settings(state_dir=tmp_path / "state", draws=DRAWS, fits_dir=str(fits)))


def test_each_ally_with_saved_fits_is_forecast(cold: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    before = metrics.REQUESTS.collect()
    assert warmup(cold) == 2
    assert metrics.REQUESTS.collect() == before
    assert capsys.readouterr().err == ""
    assert not (Path(cold.extensions[EXTENSION].settings.state_dir) / "forecast.sqlite").exists()


def test_nothing_is_fitted(tmp_path: Path) -> None:
    assert warmup(create_app(Settings(state_dir=tmp_path, draws=DRAWS))) == 0
    assert not list((tmp_path / "fits").glob("*"))


def test_what_fails_is_logged_and_stops_nothing(
    cold: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = Forecaster.answer

    def answer(self: Forecaster, question: Question) -> object:
        if question.ally.code == "DEU":
            raise OSError("a damaged file")
        return original(self, question)

    monkeypatch.setattr(Forecaster, "answer", answer)
    assert warmup(cold) == 1
    assert "warming up DEU" in caplog.text
