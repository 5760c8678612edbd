"""The metrics that a worker's threads keep up."""

from __future__ import annotations

import math
import socket
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url

from forecast_service.observability import metrics
from forecast_service.observability.metrics import REGISTRY
from forecast_service.server import observer
from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store import refreshes
from forecast_service.store.database import Database
from forecast_service.store.sweeps import Sweeps


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, name
    return found


def test_the_database_tells_of_sweeps_and_refreshes(tmp_path: Path) -> None:
    database = Database(database_url(Settings(state_dir=tmp_path)))
    Sweeps(database).create("anna", "{}", "3", [10] * 4, None)
    refreshes.record(database, {"nato": True, "weo": False})
    begun = time.time()
    observer.look_at_database(database)
    assert value("forecast_dependency_answered_timestamp_seconds", dependency="database") >= begun
    assert value("forecast_dependency_seconds", dependency="database") > 0
    assert value("forecast_sweeps_unfinished", status="queued") == 1
    assert value("forecast_sweep_chunks_unfinished") == 4
    assert value("forecast_refresh_last_success_timestamp_seconds", source="nato") == pytest.approx(begun, abs=60)
    assert (value("forecast_refresh_failed", source="nato"), value("forecast_refresh_failed", source="weo")) == (0, 1)
    assert value("forecast_database_connections", state="idle") == 1

    refreshes.record(database, {"nato": True})
    observer.look_at_database(database)
    assert math.isnan(value("forecast_refresh_failed", source="weo")), "it is no longer refreshed"
    database.close()


@pytest.mark.slow
def test_while_the_database_is_away_its_sweeps_are_unknown_and_a_silent_one_stops_nothing_else() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        address = f"postgresql+psycopg://somebody@127.0.0.1:{silent.getsockname()[1]}/nothing"
        database = Database(make_url(address))
        metrics.dependency_answered("database", 0.0, at=1.0)
        metrics.sweeps_queued({"queued": 3}, 9, 10.0, 0.0)
        look = threading.Thread(target=observer.look_at_database, args=(database,), daemon=True)
        look.start()
        observer.look_at_redis(Answering())
        assert value("forecast_dependency_answered_timestamp_seconds", dependency="redis") > 1
        look.join(60)
        assert math.isnan(value("forecast_sweep_chunks_unfinished"))
        assert value("forecast_dependency_answered_timestamp_seconds", dependency="database") == 1
        database.close()


class Answering:
    """A Redis that answers."""

    def ping(self) -> bool:
        return True


class Registry:
    """Counts the forecasts of all headlines; fits are complete from the third on."""

    def __init__(self) -> None:
        self.vintage, self.observed = "nato-2026", 0

    def observe(self) -> str | None:
        self.observed += 1
        return self.vintage if self.observed > 2 else None


def test_headlines_are_forecast_until_complete_and_again_after_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    headlines = observer.Headlines(registry)  # type: ignore[arg-type]
    for _ in range(5):
        headlines.look()
    assert registry.observed == 3
    registry.vintage = "nato-2027"
    headlines.look()
    headlines.look()
    assert registry.observed == 4
    monkeypatch.setattr(observer, "HEADLINES_S", 0.0)
    headlines.look()
    assert registry.observed == 5
