"""Read-only mode: whatever would save, change or delete is refused, all else works, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine

from forecast_service.auth.read_only import SAFE
from forecast_service.auth.scopes import NEEDS
from forecast_service.callers import ADMIN, WRITE
from forecast_service.cli.main import main
from forecast_service.store.database import EXTENSION
from forecast_service.store.tables import Base
from tests.forecast_service.auth.test_scopes import BODIES, SWEEP, operations
from tests.support.callers import SCENARIO, key, keyed
from tests.support.service import environment

pytestmark = pytest.mark.slow


@pytest.fixture
def site(state_dir: Path, tmp_path: Path) -> Iterator[tuple[Flask, dict[str, str], dict[str, str]]]:
    """A read-only application, headers that may do all, and ids of a scenario and a sweep saved before."""
    writable = keyed(state_dir, tmp_path)
    headers = key(writable, "alice", ADMIN)
    client = writable.test_client()
    scenario, sweep = (
        client.post(path, json=body, headers=headers).json["id"]
        for path, body in (("/v1/scenarios", SCENARIO), ("/v1/sweeps", SWEEP))
    )
    app = keyed(state_dir, tmp_path, read_only=True)
    yield app, headers, {"scenario": scenario, "sweep": sweep}
    for one in (writable, app):
        one.extensions[EXTENSION].close()


def written(engine: Engine) -> dict[str, Any]:
    """All rows of all tables."""
    with engine.connect() as connection:
        return {t.name: connection.execute(t.select()).all() for t in Base.metadata.sorted_tables}


def test_what_would_write_is_refused(site: tuple[Flask, dict[str, str], dict[str, str]]) -> None:
    app, headers, ids = site
    before = written(app.extensions[EXTENSION].engine)
    refused = 0
    for rule, method in operations(app):
        if method in SAFE or NEEDS[rule.endpoint] not in (WRITE, ADMIN):
            continue
        identifier = ids["sweep" if "sweeps" in rule.rule else "scenario"]
        path = rule.build(dict.fromkeys(rule.arguments, identifier) | {"number": 1})[1]
        client = app.test_client()
        assert client.open(path, method=method).status_code == 401, "strangers learn nothing"
        response = client.open(path, method=method, json=BODIES.get(rule.endpoint), headers=headers)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "60"), rule
        assert response.json["type"] == "urn:forecast-service:problem:read-only"
        refused += 1
    assert refused >= 10
    assert written(app.extensions[EXTENSION].engine) == before


def test_reading_and_forecasts_work_and_write_nothing(site: tuple[Flask, dict[str, str], dict[str, str]]) -> None:
    app, headers, ids = site
    before, client = written(app.extensions[EXTENSION].engine), app.test_client()
    version = f"/v1/scenarios/{ids['scenario']}/versions/1/forecast?country=DEU"
    for path in (
        f"/v1/countries/DEU/forecast?scenario={ids['scenario']}",
        "/v1/scenarios",
        f"/v1/sweeps/{ids['sweep']}/results",
        "/v1/vintages/current",
    ):
        assert client.get(path, headers=headers).status_code == 200, path
    posted = {"country": "DEU", "scenario": SCENARIO}
    assert client.post("/v1/forecasts", json=posted, headers=headers).status_code == 200
    # A pinned answer is computed each time instead of being saved.
    assert client.get(version, headers=headers).json == client.get(version, headers=headers).json
    assert client.get("/readyz").json["read_only"] is True
    assert written(app.extensions[EXTENSION].engine) == before
    assert before["kept_answers"] == []
    assert before["api_keys"][0].last_used_at is not None, "noted by the application that may write"


def test_commands_save_nothing_unless_told_to(tmp_path: Path) -> None:
    def run(*arguments: str, **more: str) -> Any:
        return CliRunner(env=environment(tmp_path, **more)).invoke(main, [*arguments])

    for command in (("keys", "create", "--owner", "a"), ("callers", "erase", "a", "--yes"), ("work", "--once")):
        refused = run(*command, FORECAST_READ_ONLY="true")
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: FORECAST_READ_ONLY is set, so nothing is saved"), refused.output
    assert run("keys", "create", "--owner", "a", FORECAST_READ_ONLY="false").exit_code == 0
    assert run("keys", "list", FORECAST_READ_ONLY="true").output.count("valid") == 1
