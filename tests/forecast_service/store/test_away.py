"""A database on a network that swallows everything: one thread waits for it, the others are needed elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from forecast_service.store.database import LATE, UNREACHABLE, Database, DatabaseUnavailable
from tests.support.databases import fresh


def _attempt(database: Database) -> float:
    """How long a refusal takes, in seconds."""
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable), database.reading() as session:
        session.connection()
    return time.monotonic() - begun


@pytest.mark.slow
def test_one_thread_at_a_time_waits() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        port = silent.getsockname()[1]
        database = Database(make_url(f"postgresql+psycopg://somebody@127.0.0.1:{port}/nothing"))
        first = _attempt(database)
        assert 1 < first < 10, "it is waited for, but not for long"
        waits: list[float] = []
        threads = [threading.Thread(target=lambda: waits.append(_attempt(database))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(waits) == 8
        assert sum(wait > 1 for wait in waits) == 1
        assert database.state() == UNREACHABLE
        database.close()


@pytest.mark.slow
@pytest.mark.parametrize("limits", [1, None])
def test_a_statement_and_a_lock_have_their_time(limits: int | None, tmp_path: Path) -> None:
    with fresh("postgresql", tmp_path) as url:
        database = Database(make_url(url), limits)
        with database.writing() as session:
            shown = [session.scalar(text(f"SHOW {name}_timeout")) for name in ("statement", "lock")]
            session.execute(text("CREATE TABLE t (n int)"))
        assert shown == (["1s", "500ms"] if limits else ["0", "0"])
        if limits:
            with pytest.raises(DatabaseUnavailable) as late, database.reading() as session:
                session.execute(text("SELECT pg_sleep(60)"))
            assert late.value.cause == LATE
            with database.writing() as session:
                session.execute(text("LOCK TABLE t"))
                with pytest.raises(DatabaseUnavailable) as waited, database.reading() as other:
                    other.execute(text("SELECT n FROM t"))
            assert waited.value.cause == LATE
        with database.reading() as session:
            assert session.scalar(text("SELECT 1")) == 1, "it is reachable, so nobody is refused"
        database.close()
