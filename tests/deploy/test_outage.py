"""The database and Redis stopped and started again under load: what needs neither goes on, and nothing is lost.

``OUTAGE_ROUNDS=10 python -m pytest tests/deploy/test_outage.py`` for more rounds than every run needs.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION, LATE, UNREACHABLE
from tests.deploy.support.gateway import start
from tests.deploy.support.load import Load, load
from tests.deploy.support.servers import PostgreSQL, Redis, postgresql, redis_server
from tests.support.service import DRAWS, Service, environment, free_port

ROUNDS = int(os.environ.get("OUTAGE_ROUNDS", "1"))
FORECASTS = ("/v1/countries/DEU/forecast", "/v1/countries/POL/forecast?scenario=pledge&deadline=2033", "/v1/countries")
LONGEST_S = 5.0
"""No answer may take longer, whatever is away; a refused connection is known at once."""
LEVERS = [{"type": "cap", "share_pct": 3.0}]
SWEEP = {
    "countries": ["DEU", "POL", "NLD"],
    "scenario": {"name": "sweep", "levers": [{"type": "cap", "share_pct": {"from": 1.0, "to": 5.0, "steps": 500}}]},
}


@dataclass
class Site:
    """Two replicas of two workers on a PostgreSQL and a Redis of their own, callers told apart by keys."""

    database: PostgreSQL
    redis: Redis
    replicas: list[Service]
    key: str
    turn: Iterator[int] = field(default_factory=itertools.count)
    wrong: list[str] = field(default_factory=list)
    acknowledged: Counter[str] = field(default_factory=Counter)
    tried: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    """Answers 5xx, by the type of their problem."""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request to the replica whose turn it is; a 5xx is held against the rules that there are for it."""
        sent = {"X-API-Key": self.key} | headers
        if body is not None:
            sent["Content-Type"] = "application/json"
        service = self.replicas[next(self.turn) % len(self.replicas)]
        answer = _ask(service, method, path, None if body is None else json.dumps(body), sent)
        status, kind, retry, document = answer
        if status >= 500 and (status != 503 or kind != "application/problem+json" or not retry):
            self.wrong.append(f"{method} {path}: {answer}")
        if status >= 500:
            self.refused[document["type"].rpartition(":")[2]] += 1
        return status, document

    def forecast(self) -> int:
        """What needs neither database nor Redis."""
        return self.ask("GET", FORECASTS[next(self.turn) % len(FORECASTS)])[0]

    def list_saved(self) -> int:
        """What needs the database."""
        return self.ask("GET", "/v1/scenarios?owner=me&limit=5")[0]

    def writer(self) -> Callable[[], int]:
        """Keeps one scenario after the other, each until it is acknowledged, as a careful client does."""
        number = itertools.count()
        mine = f"writer-{next(self.turn)}"
        name = f"{mine}-{next(number)}"

        def write() -> int:
            nonlocal name
            self.tried.add(name)
            body = {"name": name, "levers": LEVERS}
            status, _ = self.ask("POST", "/v1/scenarios", body, **{"Idempotency-Key": name})
            if status == 201:
                self.acknowledged[name] += 1
                name = f"{mine}-{next(number)}"
            return status

        return write

    def kept(self) -> Counter[str]:
        """The names of all that is kept, and how often."""
        names: Counter[str] = Counter()
        path: str | None = "/v1/scenarios?owner=me&limit=100"
        while path:
            status, page = self.ask("GET", path)
            assert status == 200
            names.update(item["name"] for item in page["items"])
            path = page["next"]
        return names


def _ask(service: Service, method: str, path: str, text: str | None, headers: dict[str, str]) -> tuple[Any, ...]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request(method, path, text, headers)
        response = connection.getresponse()
        body = response.read()
        document = json.loads(body) if body else None
        return response.status, response.headers["Content-Type"], response.headers["Retry-After"], document
    finally:
        connection.close()


def _command(settings: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "forecast_service.cli", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def site(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, ready; what one test has written the next must not lose either."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        redis = stack.enter_context(redis_server(tmp_path_factory.mktemp("redis")))
        more = {
            "FORECAST_DATABASE_URL": database.url,
            "FORECAST_REDIS_URL": redis.url,
            "FORECAST_RATE_LIMIT": "1000000/minute",
            "FORECAST_AUTH": "api-key",
            "FORECAST_SWEEP_PROCESSES": "1",
        }
        settings = environment(state_dir) | more
        _command(settings, "db", "upgrade")
        made = _command(settings, "keys", "create", "--owner", "alice", "--scopes", "read,write", "--name", "test")
        key = next(word for word in made.split() if word.startswith("fs_"))
        replicas: list[Service] = []
        for _ in range(2):
            replicas.append(start(state_dir, free_port(), **more))
            stack.callback(replicas[-1].stop)
        for service in replicas:
            service.wait_until_ready()
        yield Site(database, redis, replicas, key)


@dataclass
class Under:
    """The three loads on a site."""

    forecasts: Load
    reads: Load
    writes: Load

    @property
    def all(self) -> tuple[Load, Load, Load]:
        return self.forecasts, self.reads, self.writes

    def go_on(self, more: int) -> None:
        """Until each has been answered so often again."""
        for one in self.all:
            one.wait_for(more)

    def until_well(self) -> None:
        """Until what failed works again, without anybody's help."""
        before = [one.answers[200] + one.answers[201] for one in self.all]
        end = time.monotonic() + 20
        while any(one.answers[200] + one.answers[201] < n + 20 for one, n in zip(self.all, before, strict=True)):
            assert time.monotonic() < end, [one.answers for one in self.all]
            time.sleep(0.05)

    @property
    def figures(self) -> str:
        """Counts of what came back."""
        names = ("forecasts", "reads", "writes")
        return "; ".join(f"{name} {dict(one.answers)}" for name, one in zip(names, self.all, strict=True))


@contextmanager
def under_load(site: Site) -> Iterator[Under]:
    """Forecasts, reads of the database and writes, from eight clients, until the block ends."""
    with (
        load(site.forecast, clients=3) as forecasts,
        load(site.list_saved, clients=2) as reads,
        load(*(site.writer() for _ in range(3)), clients=1) as writes,
    ):
        running = Under(forecasts, reads, writes)
        running.go_on(30)
        yield running


def _assert_nothing_lost(site: Site, running: Under) -> None:
    kept = site.kept()
    assert set(site.acknowledged) <= set(kept), "acknowledged, and not there"
    assert set(kept) <= site.tried
    assert set(kept.values()) == {1}, "kept twice"
    assert site.wrong == [], site.wrong[:3]
    assert max(wait for one in running.all for wait in one.waits) < LONGEST_S
    assert all(service.process.poll() is None for service in site.replicas)


def test_database_and_redis_stopped_and_started_again(site: Site, tell: Callable[[str], None]) -> None:
    status, sweep = site.ask("POST", "/v1/sweeps", SWEEP)
    assert status == 202
    with under_load(site) as running:
        for _ in range(ROUNDS):
            site.database.stop()
            site.redis.stop()
            running.go_on(100)
            assert running.writes.answers[503] > 0
            for service in site.replicas:
                status, ready = service.ask("GET", "/readyz")
                # Out of service for that, nobody would answer the forecasts.
                assert (status, ready["redis"]) == (200, "not reachable")
                assert ready["database"] in {UNREACHABLE, LATE}
            site.redis.start()
            site.database.start()
            running.until_well()
    assert running.forecasts.failures == {}
    assert set(running.reads.failures) == {503}
    assert set(running.writes.failures) == {503}
    _assert_nothing_lost(site, running)
    for service in site.replicas:
        ready = service.ask("GET", "/readyz")[1]
        assert (ready["database"], ready["redis"], ready["missing"]) == ("ok", "ok", [])
    _until_counted(site)
    # The workers that the replicas bring along have outlived it too.
    end = time.monotonic() + 60
    while (found := site.ask("GET", f"/v1/sweeps/{sweep['id']}")[1])["status"] != "done":
        assert time.monotonic() < end, found
        time.sleep(0.2)
    kept = f"{len(site.acknowledged)} acknowledged, all there once"
    tell(f"database and Redis away, {ROUNDS} times: {running.figures}; {kept}")


def test_an_outage_of_the_database_alone_fails_no_forecast(site: Site, tell: Callable[[str], None]) -> None:
    with under_load(site) as running:
        site.database.stop()
        running.go_on(100)
        site.database.start()
        running.until_well()
    assert running.forecasts.failures == {}
    assert set(running.reads.failures) == set(running.writes.failures) == {503}
    _assert_nothing_lost(site, running)
    tell(f"database away: {running.figures}; {len(site.acknowledged)} acknowledged, all there once")


def test_redis_alone_fails_nothing(site: Site, tell: Callable[[str], None]) -> None:
    site.refused.clear()
    with under_load(site) as running:
        site.redis.stop()
        running.go_on(100)
        site.redis.start()
        running.until_well()
        _until_counted(site)
    assert running.forecasts.failures == {}
    # While other tests hold the disk, PostgreSQL may take half a second; then a reader or writer is told to ask again.
    assert set(site.refused) <= {"no-database"}, site.refused
    assert site.refused.total() <= 0.02 * (running.reads.count + running.writes.count)
    _assert_nothing_lost(site, running)
    tell(f"Redis away: {running.figures}; none failed")


def test_a_worker_of_its_own_outlives_the_database(state_dir: Path) -> None:
    with postgresql() as database:
        settings = environment(state_dir, FORECAST_DATABASE_URL=database.url, FORECAST_SWEEP_PROCESSES="1")
        _command(settings, "db", "upgrade")
        app = create_app(Settings(state_dir=state_dir, draws=DRAWS, database_url=database.url))
        client = app.test_client()
        sweep = client.post("/v1/sweeps", json=SWEEP).get_json()
        with (state_dir / "work.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "forecast_service.cli", "work"], env=settings, stdout=log, stderr=log
            )
        try:
            _wait(client, sweep["id"], lambda found: found["evaluations_done"] > 0)
            database.stop()
            time.sleep(2)
            assert worker.poll() is None
            database.start()
            found = _wait(client, sweep["id"], lambda found: found["status"] == "done")
            assert found["evaluations_done"] == found["evaluations"]
            assert worker.poll() is None
        finally:
            worker.terminate()
            worker.wait(30)
            app.extensions[EXTENSION].close()


def _until_counted(site: Site) -> None:
    """Until callers are counted in Redis again; it is looked for ever more seldom while it is away."""
    end = time.monotonic() + 90
    while site.redis.keys() == 0:
        assert time.monotonic() < end
        assert site.forecast() == 200
        time.sleep(0.1)


def _wait(client: FlaskClient, identifier: str, enough: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + 90
    found: Any = None
    while time.monotonic() < end:
        found = client.get(f"/v1/sweeps/{identifier}").get_json()
        if "status" in found and enough(found):
            return found
        time.sleep(0.2)
    raise AssertionError(found)
