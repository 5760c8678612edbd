"""A database on a network that swallows everything: one thread waits for it, the others are needed elsewhere."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from sqlalchemy import make_url

from forecast_service.store.database import UNREACHABLE, Database, DatabaseUnavailable


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
