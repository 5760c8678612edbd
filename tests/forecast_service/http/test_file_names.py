"""The names under which browsers save charts and tables."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from forecast_service.http.file_names import file_name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/v1/countries/ESP/forecast.svg?scenario=stall", "spain-core-2035-stall-nato-2026.svg"),
        ("/v1/countries/TUR/forecast.png?component=total&deadline=2030", "turkiye-total-2030-baseline-nato-2026.png"),
        ("/v1/countries/DEU/forecast.csv?vintage=nato-2025", "germany-forecast-2035-baseline-nato-2025.csv"),
        ("/v1/countries/DEU/card.png?component=related", "germany-card-related-2035-baseline-nato-2026.png"),
        ("/v1/countries/DEU/waterfall.svg?scenario=stall", "germany-waterfall-core-2035-stall-nato-2026.svg"),
        ("/v1/countries/DEU/sensitivity.svg", "germany-sensitivity-core-2035-baseline-nato-2026.svg"),
        ("/v1/countries/DEU/history.csv", "germany-history-nato-2026.csv"),
        ("/v1/alliance/count.svg?component=total", "alliance-count-total-2035-baseline-nato-2026.svg"),
        ("/v1/alliance/forecast.csv", "alliance-forecast-2035-baseline-nato-2026.csv"),
        ("/v1/track-record/reliability.svg", "track-record-reliability-nato-2026.svg"),
    ],
)
def test_a_saved_file_says_what_it_holds(client: FlaskClient, address: str, name: str) -> None:
    for _ in range(2):  # the second time from the cache, past Flask
        found = client.get(address)
        assert found.headers["Content-Disposition"] == f'inline; filename="{name}"'


@pytest.mark.slow
def test_a_posted_scenario_is_named_and_json_has_no_file_name(client: FlaskClient) -> None:
    body = {"country": "ESP", "scenario": {"name": 'Ça: "half"; way\r\nx', "levers": []}}
    found = client.post("/v1/forecasts", json=body, headers={"Accept": "text/csv"})
    if found.status_code == 422:  # a name of one line is required
        body["scenario"]["name"] = 'Ça: "half"; way'
        found = client.post("/v1/forecasts", json=body, headers={"Accept": "text/csv"})
    assert found.headers["Content-Disposition"].startswith('inline; filename="spain-forecast-2035-ca-half-way')
    assert "Content-Disposition" not in client.get("/v1/countries/ESP/forecast").headers


@pytest.mark.parametrize("name", ["", "سيناريو", "a" * 500, '"; filename="evil.exe', "../../etc/passwd", "a\r\nb: c"])
def test_any_name_gives_letters_of_ascii_and_a_short_name(name: str) -> None:
    document = {"country": {"name": "Spain"}, "scenario": {"name": name}, "deadline": 2035, "vintage": "nato-2026"}
    made = file_name(document, "forecast", "core", "svg")
    assert re.fullmatch(r"spain-core-2035-([a-z0-9-]{1,40}-)?nato-2026\.svg", made)
