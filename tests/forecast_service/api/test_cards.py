"""Cards over HTTP, and what every picture says about itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from models.dataset.countries import allies
from models.scenarios.builtin import named_scenarios
from tests.support.service import DRAWS, FIT_TIMEOUT_S
from tests.support.vega_lite import check_specification

pytestmark = pytest.mark.slow

WITH_FORCES = [code for code, ally in allies().items() if ally.has_armed_forces]


@pytest.mark.parametrize(
    "path", ["countries/ESP/card", "alliance/card", "countries/ESP/card?component=total&theme=dark"]
)
def test_a_card_has_the_size_that_previews_have(client: FlaskClient, path: str) -> None:
    bare, _, query = path.partition("?")
    found = client.get(f"/v1/{bare}.png?{query}")
    assert struct.unpack(">II", found.data[16:24]) == (1200, 630)
    assert found.headers["Cache-Control"].startswith("public")
    assert found.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path",
    [f"countries/{code}/card.vl.json" for code in WITH_FORCES]
    + [f"countries/DEU/card.vl.json?scenario={name}" for name in named_scenarios()]
    + [f"alliance/card.vl.json?scenario={name}" for name in ("pledge", "stall")],
)
def test_every_ally_and_every_scenario_has_a_card(client: FlaskClient, path: str) -> None:
    found = client.get(f"/v1/{path}")
    assert found.status_code == 200
    check_specification(found.json)


def test_a_card_says_what_the_forecast_says(client: FlaskClient) -> None:
    p = client.get("/v1/countries/NOR/forecast").json["targets"][0]["probability"]["at_deadline"]
    said = unquote(client.get("/v1/countries/NOR/card.svg").headers["X-Alt-Text"])
    assert said.startswith(f"Norway has a probability of {100 * p:.0f} %")
    tally = client.get("/v1/alliance/forecast").json["targets"][0]["at_deadline"]
    said = unquote(client.get("/v1/alliance/card.svg").headers["X-Alt-Text"])
    assert f"{tally['median']} of {tally['allies']} allies" in said


def test_a_card_shows_posted_levers(client: FlaskClient) -> None:
    body = {"country": "POL", "scenario": {"name": "low", "levers": [{"type": "cap", "share_pct": 1.0}]}}
    said = unquote(client.post("/v1/forecasts/card.svg", json=body).headers["X-Alt-Text"])
    assert said.startswith("Poland has a probability of < 1 %")
    assert said.endswith("under the scenario low.")


def test_what_has_no_probability_has_no_card(client: FlaskClient) -> None:
    assert client.get("/v1/countries/ISL/card.png").status_code == 422
    assert client.get("/v1/countries/DEU/card.png?width=500").status_code == 422
    body = {"country": "DEU", "quantiles": [0.5]}
    refused = client.post("/v1/forecasts/card.png", json=body)
    assert refused.status_code == 422
    assert "own quantiles" in refused.text


@pytest.fixture
def known(state_dir: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    """A service that knows its public address."""
    app = create_app(
        Settings(
            state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, database_url=f"sqlite:///{tmp_path}/a.sqlite",
            public_address="https://api.example/forecasting/", sipri=False,
        )
    )  # fmt: skip
    yield app.test_client()
    app.extensions[EXTENSION].close()


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("countries/DEU/forecast.svg?component=core&theme=dark", "api.example/forecasting/countries/DEU"),
        ("countries/DEU/waterfall.svg?scenario=stall", "api.example/forecasting/countries/DEU?scenario=stall"),
        ("alliance/ranking.svg?deadline=2030&measure=share", "api.example/forecasting/?deadline=2030"),
        ("track-record/reliability.svg", "api.example/forecasting/track-record"),
    ],
)
def test_a_picture_names_the_page_that_shows_the_same(known: FlaskClient, path: str, address: str) -> None:
    drawn = known.get(f"/v1/{path}", headers={"Host": "other.example"}).text
    assert f">{address}<" in drawn.replace("&amp;", "&")
    assert "other.example" not in drawn
    assert "published" in drawn
    assert "SIPRI" not in drawn, "its figures are left out"


def test_a_picture_of_posted_levers_names_the_service_alone(known: FlaskClient) -> None:
    body = {"country": "DEU", "scenario": {"name": "x", "levers": [{"type": "cap", "share_pct": 3.0}]}}
    drawn = known.post("/v1/forecasts", json=body, headers={"Accept": "image/svg+xml"}).text
    assert ">api.example/forecasting<" in drawn


def test_without_the_setting_a_picture_names_no_address(client: FlaskClient) -> None:
    drawn = client.get("/v1/countries/DEU/forecast.svg").text.replace("\u00a0", " ")
    assert "localhost" not in drawn
    assert "Source: NATO and SIPRI (vintage nato-2026, published 2026-07-10)" in drawn
