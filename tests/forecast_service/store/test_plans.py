"""Lists stay fast however many scenarios there are: every query walks an index, and sorts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.idempotency import forget_keys
from forecast_service.store.tables import IdempotencyKey

SLOW = ("SCAN", "USE TEMP B-TREE")


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = create_app(Settings(state_dir=tmp_path_factory.mktemp("plans"), draws=500))
    yield app
    app.extensions[EXTENSION].close()


@pytest.mark.parametrize(
    "query",
    [
        "owner=me",
        "owner=public",
        "owner=me&based_on=baseline",
        "owner=public&based_on=baseline",
        "owner=me&q=half",
        "owner=public&q=half",
        "q=half&based_on=baseline",
        "limit=200",
    ],
)
def test_a_list_walks_an_index(embedded: Flask, query: str, tmp_path: Path) -> None:
    engine, asked = embedded.extensions[EXTENSION].engine, []

    def listen(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert embedded.test_client().get(f"/v1/scenarios?{query}").status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert asked
    with engine.connect() as connection:
        for statement, parameters in asked:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            # A scan of an index is in its order, and ends with the page; one of a table does not.
            slow = [step for step in steps if step.startswith(SLOW) and "USING INDEX scenario" not in step]
            assert not slow, (statement, steps)
            assert [step for step in steps if "INDEX scenario" in step], (statement, steps)


def test_old_keys_are_found_by_an_index(embedded: Flask) -> None:
    database, asked = embedded.extensions[EXTENSION], []

    def listen(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "idempotency" in statement:
            asked.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    with database.writing() as session:
        old = {"owner": "a", "request_hash": "h", "created_id": "i", "created_at": datetime(2000, 1, 1, tzinfo=UTC)}
        session.add_all([IdempotencyKey(key=key, **old) for key in "xyz"])
    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        assert forget_keys(database) == 3
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)
    assert [statement.split()[0] for statement, _ in asked] == ["SELECT", "DELETE"]
    with database.engine.connect() as connection:
        for statement, parameters in asked:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert [step for step in steps if step.startswith("SEARCH idempotency USING")], (statement, steps)
