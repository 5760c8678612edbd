"""What keeps browsers, strangers and readers of logs from more than they should have; and the page that says so."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service.dashboard.assets import digest
from forecast_service.http.security_headers import DATA, HEADERS, PAGE
from forecast_service.store.database import EXTENSION
from tests.support.callers import SCENARIO, key, keyed
from tests.support.service import Service

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "security.md"
CHROMIUM = shutil.which("chromium-headless-shell")


@pytest.fixture
def keys_app(state_dir: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application that takes keys."""
    app = keyed(state_dir, tmp_path)
    yield app
    app.extensions[EXTENSION].close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/countries", 200),
        ("/v1/countries/DEU/forecast", 200),
        ("/v1/countries/XXX", 404),
        ("/nothing", 404),
        ("/v1/countries?what=1", 422),
        ("/openapi.json", 200),
        ("/healthz", 200),
        (f"/assets/{digest()}/page.css", 200),
    ],
)
def test_every_answer_bears_the_headers(client: FlaskClient, path: str, status: int) -> None:
    with client.get(path) as response:
        assert response.status_code == status
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
        assert response.headers["Content-Security-Policy"] == DATA
        assert not {"X-Powered-By", "Set-Cookie"} & set(response.headers.keys())


def test_refusals_and_crashes_bear_them_too(keys_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = keys_app.test_client()
    assert client.get("/v1/countries").headers["X-Content-Type-Options"] == "nosniff"

    def crash(**_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setitem(keys_app.view_functions, "countries.list_countries", crash)
    response = client.get("/v1/countries", headers=key(keys_app, "alice", "read"))
    assert response.status_code == 500
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "hunter2" not in response.text


def test_the_policy_of_pages_is_strict(client: FlaskClient) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert policy == PAGE
    assert "unsafe" not in policy
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy


@pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="install Debian's chromium")
@pytest.mark.slow
def test_the_documentation_works_under_the_policy_in_a_real_browser(live_service: Service, tmp_path: Path) -> None:
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    command += ["--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", f"{live_service.url}/docs"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.count('class="operation"') > 100, "the operations are shown"
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert [line for line in complaints if "Content Security Policy" in line or "Uncaught" in line] == []


def test_no_credential_is_in_any_log(keys_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client, headers = keys_app.test_client(), key(keys_app, "alice", "read")
    secret = headers["X-API-Key"]
    caplog.clear()
    assert client.get("/v1/countries", headers=headers).status_code == 200
    assert client.get("/v1/countries", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert client.post("/v1/scenarios", json=SCENARIO, headers=headers).status_code == 403
    assert client.get("/v1/countries", headers={"X-API-Key": secret[:-1] + "g"}).status_code == 401
    assert secret[-60:-1] not in caplog.text
    assert secret[-60:-1] not in "".join(str(record.__dict__) for record in caplog.records)


def test_what_one_request_costs_is_bounded(keys_app: Flask) -> None:
    client, headers = keys_app.test_client(), key(keys_app, "alice", "read", "write")
    many = [{"country": "DEU"}] * 1001
    assert client.post("/v1/forecasts/batch", json={"items": many}, headers=headers).status_code == 422
    huge = {"name": "x" * 1_100_000, "levers": []}
    assert client.post("/v1/scenarios", json=huge, headers=headers).status_code == 413
    assert client.get("/v1/scenarios?limit=100000", headers=headers).status_code == 422


@pytest.mark.parametrize("name", ["owner", "id", "mine", "version", "created_at", "model_version"])
def test_a_body_cannot_set_what_is_the_services_own(keys_app: Flask, name: str) -> None:
    headers = key(keys_app, "alice", "read", "write")
    response = keys_app.test_client().post("/v1/scenarios", json=SCENARIO | {name: "bob"}, headers=headers)
    if name != "model_version":  # which it may say, about itself only
        assert response.status_code == 422
        assert name in response.json["errors"][0]["pointer"]


def test_a_path_out_of_the_folder_of_assets_is_not_followed(client: FlaskClient) -> None:
    for path in ("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/pyproject.toml", "/etc/passwd"):
        assert client.get(f"/assets/{digest()}/{path}").status_code in {404, 308}


def test_the_threat_model_names_tests_that_exist() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [f"API{number}:2023" in text for number in range(1, 11)] == [True] * 10
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z_0-9]+)`", text)
    assert len(named) >= 10
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:11]:
        assert "::test_" in section, section.splitlines()[0]
