"""What more than one test of the service needs."""

from __future__ import annotations

from models.runtime import prepare

prepare()  # before numpy is imported: this process computes with the kernels of those that the tests start

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient
from hypothesis import settings

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.settings.http import UNLIMITED
from forecast_service.store.database import EXTENSION
from forecast_service.store.migrate import upgrade
from tests.support.contract import CheckedClient
from tests.support.databases import KINDS, fresh, stop
from tests.support.service import DRAWS, FIT_TIMEOUT_S, FITS_BYTES, Service, serving

# No test depends on how fast the machine is at the moment.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser or a server of its own is slow."""
    for item in items:
        if not {"chromium", "live_service"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


def pytest_unconfigure() -> None:
    """End what the tests have shared."""
    stop()


@pytest.fixture(scope="session")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fits of this run: each is made once, for all tests in all of pytest's processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "fits"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory, fits: Path) -> Path:
    """The state of the services of this run."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "fits").symlink_to(fits)
    return folder


@pytest.fixture(scope="session")
def app(state_dir: Path) -> Flask:
    """The application, with few draws: its numbers are rough, its contract is whole."""
    settings = Settings(
        state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, fits_bytes=FITS_BYTES, cost_budget=UNLIMITED
    )
    return create_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that calls the application without a socket, and holds each answer to the contract."""
    return CheckedClient(app, app.response_class)


@pytest.fixture(scope="session", params=KINDS)
def keeping_app(request: pytest.FixtureRequest, state_dir: Path) -> Iterator[Flask]:
    """The application on each kind of database."""
    with fresh(request.param, state_dir) as url:
        more = {"database_url": url, "cost_budget": UNLIMITED, "fits_bytes": FITS_BYTES}
        app = create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, **more))
        app.before_request(_take_caller)
        database = app.extensions[EXTENSION]
        upgrade(database.engine)
        yield app
        database.close()


def _take_caller() -> None:
    """Let tests be several callers."""
    if "X-Test-Caller" in request.headers:
        g.caller = request.headers["X-Test-Caller"]


@pytest.fixture
def keeping(keeping_app: Flask) -> FlaskClient:
    """A client of the application on each kind of database, which holds each answer to the contract."""
    return CheckedClient(keeping_app, keeping_app.response_class)


@pytest.fixture(scope="session")
def live_service(state_dir: Path) -> Iterator[Service]:
    """The service as it is deployed: gunicorn in a process of its own, ready."""
    with serving(state_dir) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(scope="session")
def saved_fits(live_service: Service, fits: Path) -> str:
    """A folder with the fits of all allies, for services with a state of their own."""
    return str(fits)
