"""What one caller may have: open sweeps, bytes of scenarios, wrong credentials; and what is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from forecast_service.store.database import EXTENSION
from forecast_service.store.scenarios import Draft, QuotaExceeded, create
from forecast_service.store.sweeps import Sweeps
from forecast_service.store.tables import ChunkRow, SweepRow
from forecast_service.sweeps.worker import Worker
from tests.support.callers import SCENARIO, key, keyed
from tests.support.executors import InProcess
from tests.support.service import free_port

SWEEP = {"countries": ["DEU"], "scenario": SCENARIO}
WRONG = {"X-API-Key": "fs_000000000000_" + "0" * 64}


@contextmanager
def limited(state_dir: Path, folder: Path, **more: Any) -> Iterator[Flask]:
    """An application that takes keys, with limits."""
    app = keyed(state_dir, folder, **more)
    yield app
    app.extensions[EXTENSION].close()


def test_open_sweeps_are_counted_by_caller(state_dir: Path, tmp_path: Path) -> None:
    with limited(state_dir, tmp_path, open_sweeps=2, rate_limit="1000/minute") as app:
        client, alice, bob = app.test_client(), key(app, "alice", "write", "read"), key(app, "bob", "write")
        once = alice | {"Idempotency-Key": "1"}
        first = client.post("/v1/sweeps", json=SWEEP, headers=once)
        assert client.post("/v1/sweeps", json=SWEEP, headers=alice).status_code == 202
        refused = client.post("/v1/sweeps", json=SWEEP, headers=alice)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"] == "30"
        assert refused.json["type"] == "urn:forecast-service:problem:too-many-open-sweeps"
        assert "2 unfinished sweeps" in refused.json["detail"]
        assert client.post("/v1/sweeps", json=SWEEP, headers=once).json["id"] == first.json["id"], "is not a new one"
        assert client.post("/v1/sweeps", json=SWEEP, headers=bob).status_code == 202
        client.post(f"/v1/sweeps/{first.json['id']}/cancel", headers=alice)
        assert client.post("/v1/sweeps", json=SWEEP, headers=alice).status_code == 202


def test_saved_scenarios_count_against_a_quota(state_dir: Path, tmp_path: Path) -> None:
    with limited(state_dir, tmp_path, kept_bytes=1000) as app:
        client, alice, bob = app.test_client(), key(app, "alice", "write", "read"), key(app, "bob", "write")
        big = SCENARIO | {"description": "x" * 600}
        first = client.post("/v1/scenarios", json=big, headers=alice | {"Idempotency-Key": "1"})
        second = client.post("/v1/scenarios", json=big, headers=alice)
        assert (first.status_code, second.status_code) == (201, 201)
        where, if_match = second.headers["Location"], {"If-Match": second.headers["ETag"]}
        for refused in (
            client.post("/v1/scenarios", json=SCENARIO, headers=alice),
            client.post(f"{where}/fork", headers=alice),
            client.put(where, json=SCENARIO, headers=alice | if_match),
        ):
            assert refused.status_code == 409
            assert refused.json["type"] == "urn:forecast-service:problem:no-room"
            assert "1,000 bytes" in refused.json["detail"]
        again = client.post("/v1/scenarios", json=big, headers=alice | {"Idempotency-Key": "1"})
        assert again.json["id"] == first.json["id"]
        assert client.get(where, headers=alice).headers["ETag"] == second.headers["ETag"]
        assert client.post("/v1/scenarios", json=SCENARIO, headers=bob).status_code == 201


def test_writers_at_once_do_not_share_what_is_left_of_the_quota(keeping_app: Flask) -> None:
    draft = Draft({"name": "big", "description": "x" * 580, "levers": []}, False, None, "2", "nato-2026")

    def write(_: int) -> bool:
        with keeping_app.app_context():
            try:
                create("crowd", draft, quota=1000)
            except QuotaExceeded:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 2  # the second begins while some is left


def test_finished_sweeps_are_forgotten_in_time(
    keeping_app: Flask, keeping: FlaskClient, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast_service.sweeps.worker.TIDY_S", -1)
    database = keeping_app.extensions[EXTENSION]
    worker = Worker(Sweeps(database), InProcess(), state_dir / "fits", keep=timedelta(days=3))
    ids = [keeping.post("/v1/sweeps", json=SWEEP, headers={"X-Test-Caller": "old"}).json["id"] for _ in range(3)]
    worker.run(once=True)
    with database.writing() as session:
        for identifier, days in zip(ids, (4, 2, 4), strict=True):
            finished = datetime.now(UTC) - timedelta(days=days)
            session.execute(update(SweepRow).where(SweepRow.id == identifier).values(finished_at=finished))
        # What has not finished is never old.
        session.execute(update(SweepRow).where(SweepRow.id == ids[2]).values(status="running"))
    worker.tidy()
    left = keeping.get("/v1/sweeps", headers={"X-Test-Caller": "old"}).json["items"]
    assert [one["id"] for one in left] == ids[:0:-1]
    with database.reading() as session:
        assert session.get(ChunkRow, (ids[0], 0)) is None
        assert session.get(ChunkRow, (ids[1], 0)) is not None


@pytest.mark.parametrize("where", ["memory", "a Redis that is away"])
def test_wrong_keys_are_slowed_down(state_dir: Path, tmp_path: Path, where: str) -> None:
    redis = "" if where == "memory" else f"redis://127.0.0.1:{free_port()}/0"
    with limited(state_dir, tmp_path, auth_failures="3/minute", redis_url=redis) as app:
        client, good, unused = app.test_client(), key(app, "alice", "read"), key(app, "bob", "read")
        assert client.get("/v1/countries", headers=good).status_code == 200
        assert [client.get("/v1/countries", headers=WRONG).status_code for _ in range(4)] == [401, 401, 401, 429]
        refused = client.get("/v1/countries", headers=WRONG)
        assert refused.json["type"] == "urn:forecast-service:problem:too-many-wrong-credentials"
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert client.get("/v1/countries", headers=unused).status_code == 429, "it might be a guess"
        assert client.get("/v1/countries", headers=good).status_code == 200, "it was right just now"
        assert client.get("/v1/countries").status_code == 401, "what shows none guesses nothing"
        other = {"REMOTE_ADDR": "192.0.2.7"}
        assert client.get("/v1/countries", headers=unused, environ_base=other).status_code == 200


def test_wrong_keys_are_not_limited_if_so_set(state_dir: Path, tmp_path: Path) -> None:
    with limited(state_dir, tmp_path, auth_failures="0") as app:
        client = app.test_client()
        assert {client.get("/v1/countries", headers=WRONG).status_code for _ in range(100)} == {401}
