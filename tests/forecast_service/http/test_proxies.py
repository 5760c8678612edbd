"""A prefix that a trusted hop sets stands before every link; one that leads elsewhere stands before none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from tests.support.callers import SCENARIO
from tests.support.service import DRAWS, FIT_TIMEOUT_S


@pytest.fixture(scope="module")
def behind(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that believes one hop."""
    url = f"sqlite:///{tmp_path_factory.mktemp('behind')}/kept.sqlite"
    app = create_app(
        Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, database_url=url, trusted_proxies=1)
    )
    yield app
    app.extensions[EXTENSION].close()


def addresses(app: Flask, prefix: str) -> list[str]:
    """Every address that answers name: Location, Link, links in JSON, next pages, and what the page loads."""
    client, headers = app.test_client(), {"X-Forwarded-Prefix": prefix}
    created = [client.post("/v1/scenarios", json=SCENARIO, headers=headers) for _ in range(2)]
    answer = client.get("/v1/countries/DEU/forecast", headers=headers)
    table = client.get("/v1/countries/DEU/forecast.csv", headers=headers)
    links = re.findall(r"<([^>]+)>", answer.headers["Link"] + table.headers["Link"])
    following = client.get("/v1/scenarios?limit=1", headers=headers).json["next"]
    page = client.get("/sources", headers=headers).text
    loaded = re.findall(r'(?:href|src)="([^"#]+)"', page)
    found = [created[0].headers["Location"], *links, *answer.json["links"].values(), following]
    assert len(links) >= 3
    assert len(loaded) > 10
    return [*found, *(address for address in loaded if not address.startswith(("https://", "data:")))]


@pytest.mark.parametrize("prefix", ["/forecasting", "/forecasting/", "/a-1/b_2/c.3~"])
def test_a_plain_path_is_believed(behind: Flask, prefix: str) -> None:
    found = addresses(behind, prefix)
    assert [address for address in found if not address.startswith(prefix.rstrip("/") + "/")] == []
    assert [address for address in found if "//" in address] == []


def test_the_root_is_a_prefix_too(behind: Flask) -> None:
    assert [address for address in addresses(behind, "/") if not re.match(r"/($|[^/])", address)] == []


@pytest.mark.parametrize(
    "prefix",
    [
        "//evil.org",
        "///evil.org",
        "https://evil.org",
        "evil.org",
        "/\\evil.org",
        "/a//evil.org",
        "/../evil",
        "/a/./b",
        '/a"onload="x',
        "/a b",
        "/a%2Fevil.org",
        "/forecasting, //evil.org",
        "/a?x=",
        "/a;x",
    ],
)
def test_anything_else_is_ignored_and_logged(behind: Flask, prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    found = addresses(behind, prefix)
    assert [address for address in found if not re.match(r"/($|[^/])", address) or "evil" in address] == []
    assert "/v1/countries/DEU/history?vintage=nato-2026" in found
    assert "X-Forwarded-Prefix is ignored" in caplog.text
