"""What Prometheus is told of the sweeps and refreshes in the database."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from forecast_service.store import refreshes, sweep_queue
from forecast_service.store.database import Database, now
from forecast_service.store.sweep_queue import SweepQueue
from forecast_service.store.sweeps import Sweeps
from forecast_service.store.tables import ChunkRow, RefreshRow, SweepRow


def queue(database: Database) -> SweepQueue:
    with database.reading() as session:
        return sweep_queue.read(session)


def test_the_queue_has_depth_and_age_of_unfinished_sweeps_only(database: Database) -> None:
    assert queue(database) == SweepQueue({"queued": 0, "running": 0}, 0, 0.0, 0.0)
    sweeps = Sweeps(database)
    first, second, finished = (sweeps.create("anna", "{}", "3", [10] * size, None) for size in (3, 2, 1))
    sweeps.complete((finished.id, 0), b"result")
    with database.writing() as session:
        ago = now(session) - timedelta(hours=2)
        session.execute(update(SweepRow).where(SweepRow.id.in_([first.id, finished.id])).values(created_at=ago))
    found = queue(database)
    assert (found.sweeps, found.chunks, found.lease_overdue_s) == ({"queued": 2, "running": 0}, 5, 0.0)
    assert 7200 <= found.oldest_s < 7300

    (leased,) = sweeps.lease("worker", 1, 30, "3")
    assert queue(database).sweeps == {"queued": 1, "running": 1}
    assert queue(database).lease_overdue_s == 0
    with database.writing() as session:
        ran_out = now(session) - timedelta(minutes=10)
        session.execute(update(ChunkRow).where(ChunkRow.leased_by == "worker").values(leased_until=ran_out))
    assert 600 <= queue(database).lease_overdue_s < 700
    sweeps.complete(leased.key, b"result")
    sweeps.cancel("anna", second.id if leased.sweep_id == first.id else first.id)
    found = queue(database)
    assert (sum(found.sweeps.values()), found.lease_overdue_s) == (1, 0.0)


def refreshed(database: Database) -> dict[str, RefreshRow]:
    with database.reading() as session:
        return {row.source: row for row in refreshes.read(session)}


def test_a_failed_refresh_keeps_the_time_of_the_last_that_succeeded(database: Database) -> None:
    refreshes.record(database, {"nato": True, "weo": False})
    first = refreshed(database)
    assert (first["nato"].failed_at, first["weo"].succeeded_at) == (None, None)
    assert first["weo"].failed_at
    refreshes.record(database, {"nato": False})
    second = refreshed(database)
    assert list(second) == ["nato"], "another source is no longer refreshed"
    assert second["nato"].succeeded_at == first["nato"].succeeded_at is not None
    assert second["nato"].failed_at
    refreshes.record(database, {"nato": True})
    assert refreshed(database)["nato"].failed_at is None
