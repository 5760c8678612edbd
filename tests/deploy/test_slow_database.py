"""A slow database: what needs none is answered as before, and all recovers by itself.

Clients list saved scenarios all the time, which the database does not answer; others ask for health, readiness and
forecasts.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from forecast_service.store.database import LATE, UNREACHABLE
from tests.deploy.support.cable import Cable
from tests.deploy.support.gateway import start
from tests.deploy.support.load import load
from tests.deploy.support.servers import PostgreSQL, postgresql
from tests.support.processes import within
from tests.support.service import Service, environment, free_port

LISTS = 8
ANSWERS_S = 15.0
"""No answer may take longer, however busy the machine is."""
FORECAST = "/v1/countries/DEU/forecast"


@dataclass
class Site:
    """One replica of one worker, which has four threads, and its database at the end of a cable."""

    database: PostgreSQL
    cable: Cable
    service: Service
    settings: dict[str, str]
    keys: list[str]

    def status(self, path: str, key: int = 0) -> int:
        """The status of a GET."""
        return self.service.ask("GET", path, headers={"X-API-Key": self.keys[key]})[0]

    def says(self) -> object:
        """What /readyz says of the database."""
        return self.service.ask("GET", "/readyz")[1]["database"]


def _command(settings: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "forecast_service.cli", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def site(state_dir: Path) -> Iterator[Site]:
    """The site, ready."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        cable = Cable("127.0.0.1", database.port)
        stack.callback(cable.pull)
        stack.callback(cable.speak)
        more = {
            "FORECAST_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{cable.port}/postgres",
            "FORECAST_DATABASE_TIMEOUT_S": "2",
            "FORECAST_AUTH": "api-key",
            "WEB_CONCURRENCY": "1",
        }
        settings = environment(state_dir) | more
        _command(settings, "db", "upgrade")
        keys = [_command(settings, "keys", "create", "--owner", "alice") for _ in range(2)]
        service = start(state_dir, free_port(), **more)
        stack.callback(service.stop)
        service.wait_until_ready()
        yield Site(database, cable, service, settings, keys)


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """The table of scenarios locked against everyone."""
    with psycopg.connect(site.database.url) as connection:
        connection.execute("LOCK TABLE scenarios IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def silent(site: Site) -> Iterator[None]:
    """The database accepts and keeps connections, and says nothing."""
    site.cable.silence()
    try:
        yield
    finally:
        site.cable.speak()


@pytest.mark.parametrize("trouble", [locked, silent])
def test_what_needs_no_database_is_answered(
    site: Site, trouble: Callable[[Site], AbstractContextManager[None]], tell: Callable[[str], None]
) -> None:
    assert site.status(FORECAST) == 200
    assert site.status("/v1/scenarios?owner=me") == 200
    with trouble(site):
        with (
            load(lambda: site.status("/v1/scenarios?owner=me"), clients=LISTS) as lists,
            load(lambda: site.status("/healthz"), clients=1) as health,
            load(lambda: site.status("/readyz"), clients=1) as readiness,
            load(lambda: site.status(FORECAST), lambda: site.status("/v1/countries/ESP/forecast"), clients=1) as known,
        ):
            for one in (health, readiness, known):
                one.wait_for(60, patience=120)
            lists.wait_for(20, patience=120)
        assert set(lists.answers) == {503}
        assert set(health.answers) == set(readiness.answers) == set(known.answers) == {200}
        assert max(wait for one in (lists, health, readiness, known) for wait in one.waits) < ANSWERS_S
        if trouble is locked:
            assert site.status(FORECAST, key=1) == 200, "a key never seen: its table is not locked"
            assert site.says() == "ok"
        else:
            answer = site.service.ask("GET", FORECAST, headers={"X-API-Key": "fs_" + "0" * 12 + "_" + "0" * 64})
            assert (answer[0], answer[1]["type"]) == (503, "urn:forecast-service:problem:callers-unknown")
            assert site.says() in (UNREACHABLE, LATE)
    assert within(60, lambda: site.status("/v1/scenarios?owner=me") == 200)
    assert within(60, lambda: site.says() == "ok")
    loads = {"health": health, "readiness": readiness, "forecasts": known, "lists": lists}
    tell(f"database {trouble.__name__}, longest: " + ", ".join(f"{n} {max(o.waits):.2f} s" for n, o in loads.items()))


def test_a_revoked_key_ends_although_it_is_remembered(site: Site) -> None:
    assert site.status(FORECAST, key=1) == 200
    _command(site.settings, "keys", "revoke", site.keys[1].split("_")[1])
    assert within(60, lambda: site.status(FORECAST, key=1) == 401)
    assert site.status(FORECAST) == 200
