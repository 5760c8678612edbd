"""The database: up to date by itself where it is embedded, said to be missing where it is, and never a 500."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, event, text

from forecast_service import create_app
from forecast_service.cli.main import main
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import EXTENSION, Database, prepare_sqlite
from tests.forecast_service.api.test_bad_input import check_problem
from tests.forecast_service.api.test_scenarios import BODY
from tests.support.databases import fresh
from tests.support.service import FIT_TIMEOUT_S

pytestmark = pytest.mark.slow

ROUTES = [
    ("GET", ""),
    ("POST", ""),
    ("GET", f"/{'0' * 26}"),
    ("PUT", f"/{'0' * 26}"),
    ("DELETE", f"/{'0' * 26}"),
    ("POST", f"/{'0' * 26}/fork"),
    ("GET", f"/{'0' * 26}/versions"),
    ("GET", f"/{'0' * 26}/versions/1"),
    ("GET", f"/{'0' * 26}/versions/1/forecast?country=DEU"),
    ("GET", f"/compare?country=DEU&ids=baseline,{'0' * 26}"),
]


@pytest.fixture(params=["refused", "no folder"])
def without(request: pytest.FixtureRequest, state_dir: Path) -> Iterator[Flask]:
    """The application, its database out of reach."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but not listening: whoever connects is refused
        url = f"postgresql://nobody:secret@127.0.0.1:{held.getsockname()[1]}/none"
        if request.param == "no folder":
            url = "sqlite:////proc/none/forecast.sqlite"
        yield create_app(Settings(state_dir=state_dir, draws=500, database_url=url, fit_timeout_s=FIT_TIMEOUT_S))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_outage_is_a_503_where_it_matters(without: Flask, method: str, path: str) -> None:
    body = {"json": BODY} if method in {"POST", "PUT"} and not path.endswith("fork") else {}
    headers = {"If-Match": "*"} if method == "PUT" else {}
    response = without.test_client().open("/v1/scenarios" + path, method=method, headers=headers, **body)
    check_problem(response, 503, "no-database", ())
    assert response.headers["Retry-After"] == "5"
    assert "secret" not in response.text


def test_without_the_database_what_needs_none_is_answered(without: Flask) -> None:
    client = without.test_client()
    for path in ("/v1/countries/ISL/forecast?scenario=stall", "/v1/scenarios?owner=shipped", "/v1/scenarios/baseline"):
        assert client.get(path).status_code == 200
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz").json
    assert ready["database"] == "not reachable"
    assert not [one for one in ready["missing"] if one.startswith("database")]


def test_postgresql_is_upgraded_by_who_is_asked_to(tmp_path: Path, state_dir: Path) -> None:
    with fresh("postgresql", tmp_path) as url:
        app = create_app(Settings(state_dir=state_dir, draws=500, database_url=url, fit_timeout_s=FIT_TIMEOUT_S))
        client = app.test_client()
        response = client.get("/readyz")
        assert (response.status_code, response.json["database"]) == (503, "migrations not applied")
        assert "database: migrations not applied" in response.json["missing"]
        check_problem(client.get("/v1/scenarios"), 503, "no-database", ())
        run = CliRunner(env={"FORECAST_DATABASE_URL": url})
        assert run.invoke(main, ["db", "current"]).output == "Error: database: migrations not applied\n"
        for _ in range(2):
            assert run.invoke(main, ["db", "upgrade"]).output == "the database is up to date\n"
        assert run.invoke(main, ["db", "current"]).exit_code == 0
        assert client.get("/readyz").json["database"] == "ok"
        assert client.post("/v1/scenarios", json=BODY).status_code == 201
        app.extensions[EXTENSION].close()


def test_the_service_recovers_when_the_database_is_back(keeping_app: Flask) -> None:
    database = keeping_app.extensions[EXTENSION]
    client = keeping_app.test_client()
    assert client.post("/v1/scenarios", json=BODY).status_code == 201
    if not database.embedded:  # as after a restart of the server: what the pool holds is dead
        with database.engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
    assert client.post("/v1/scenarios", json=BODY).status_code == 201


def test_sqlite_is_as_durable_as_it_can_be(tmp_path: Path) -> None:
    database = Database(database_url(Settings(state_dir=tmp_path)))
    with database.engine.connect() as connection:
        read = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert read == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    assert (tmp_path / "forecast.sqlite").exists()
    database.close()


def test_a_fork_opens_connections_of_its_own(keeping_app: Flask) -> None:
    database = keeping_app.extensions[EXTENSION]
    parents = database.engine
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # whatever happens, the child must not go on with the parent's tests
        try:
            with database.writing() as session:
                session.execute(text("SELECT 1"))
            os.write(write, b"same" if database.engine is parents else b"own")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(read, 10) == b"own"
    os.close(read)
    os.close(write)
    assert database.state() is None


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:secret@h:port/d", "nonsense"]
)
def test_a_bad_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(BadSetting, match=r"^FORECAST_DATABASE_URL: ") as refused:
        Settings(database_url=url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_driver_is_ours_to_choose(scheme: str) -> None:
    assert database_url(Settings(database_url=f"{scheme}://h/d")).drivername == "postgresql+psycopg"


def test_those_who_open_a_new_file_at_once_all_get_in(tmp_path: Path) -> None:
    """SQLite lets one switch to the write-ahead log, and refuses the others without waiting."""

    def come_in(file: Path, together: Barrier) -> None:
        engine = create_engine(f"sqlite:///{file}")
        event.listen(engine, "connect", prepare_sqlite)
        together.wait()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        engine.dispose()

    with ThreadPoolExecutor(8) as pool:
        for number in range(100):
            together = Barrier(8)
            list(pool.map(come_in, [tmp_path / f"{number}.sqlite"] * 8, [together] * 8))
