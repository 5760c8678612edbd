"""A state folder that is lost or full: readiness tells it, forecasts are 503 with the reason, no write is confirmed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from tests.forecast_service.api.test_bad_input import check_problem
from tests.support.callers import SCENARIO
from tests.support.limits import files_of_at_most
from tests.support.service import DRAWS, FIT_TIMEOUT_S

pytestmark = pytest.mark.slow

FIT = "/v1/countries/{}/forecast"


@pytest.fixture
def alone(saved_fits: str, tmp_path: Path) -> Iterator[Flask]:
    """An application with a state of its own, in which all fits are kept."""
    settings = Settings(state_dir=tmp_path / "state", draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, fits_dir=saved_fits)
    app = create_app(settings)
    yield app
    app.extensions[EXTENSION].close()


def test_a_lost_folder_is_told_and_made_anew(alone: Flask, tmp_path: Path) -> None:
    client, state = alone.test_client(), tmp_path / "state"
    assert client.get("/readyz").json["status"] == "ready"
    assert client.get(FIT.format("DEU")).status_code == 200
    assert client.post("/v1/scenarios", json=SCENARIO).status_code == 201
    shutil.rmtree(state)
    state.write_text("a file in its place")

    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert {"DEU", "FRA"} <= set(ready.json["missing"])
    assert (ready.json["state"], ready.json["database"]) == ("Not a directory", "its file is gone")
    assert client.get(FIT.format("DEU")).status_code == 200, "what is open is answered"
    refused = client.get(FIT.format("FRA"))
    check_problem(refused, 503, "state-unavailable", ())
    assert "Not a directory" in refused.json["detail"]
    assert "Retry-After" in refused.headers
    several = client.post("/v1/forecasts/batch", json={"items": [{"country": "DEU"}, {"country": "ITA"}]}).json["items"]
    assert [item["status"] for item in several] == [200, 503]
    page = client.get("/countries/FRA")
    assert (page.status_code, "Not a directory" in page.text) == (503, True)
    # Confirmed, it would be lost: SQLite could go on writing into the file that nobody finds again.
    check_problem(client.post("/v1/scenarios", json=SCENARIO), 503, "no-database", ())

    state.unlink()
    assert client.get(FIT.format("FRA")).status_code == 200, "made anew"
    ready = client.get("/readyz")
    assert (ready.json["state"], "FRA" in ready.json["missing"]) == ("ok", True)  # one of its two fits is there
    assert client.get(FIT.format("FRA") + "?scenario=trend").status_code == 200
    assert "FRA" not in client.get("/readyz").json["missing"]


def test_a_full_folder_is_told_and_saved_fits_still_answer(alone: Flask) -> None:
    client, past = alone.test_client(), FIT.format("PRT") + "?origin=2020&deadline=2030"
    with files_of_at_most(1000):
        refused = client.get(past)
        ready = client.get("/readyz")
        kept = client.get(FIT.format("PRT"))
    check_problem(refused, 503, "state-unavailable", ())
    assert "File too large" in refused.json["detail"]
    assert (ready.status_code, ready.json["missing"], ready.json["state"]) == (200, [], "File too large")
    assert kept.status_code == 200
    assert client.get(past).status_code == 200
