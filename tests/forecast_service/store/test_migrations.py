"""Migrations: first to last on both databases with data in them, and to what the code expects."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, create_engine, event, inspect, text

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import (
    EXTENSION,
    NOT_APPLIED,
    Database,
    begin_sqlite,
    prepare_sqlite,
    revisions,
)
from forecast_service.store.migrate import configuration, upgrade
from forecast_service.store.tables import Base
from tests.support.databases import KINDS, fresh
from tests.support.service import FIT_TIMEOUT_S

ID = "01jd3k8v2xq4t6r9m0n5p7s8yb"
DELETED = "01jd3k8v2xq4t6r9m0n5p7s8yc"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    with fresh(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def engine(empty: str) -> Iterator[Engine]:
    """An engine on it that does not bring it up to date by itself."""
    engine = create_engine(database_url(Settings(database_url=empty)))
    yield engine
    engine.dispose()


def test_the_numbers_are_alembics_order() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert [script.revision for script in scripts.walk_revisions()][::-1] == revisions()


def fill_first_schema(engine: Engine) -> None:
    """What release 0001 would have written, by that schema's own tables: a scenario, and one that was deleted."""
    tables = MetaData()
    tables.reflect(engine)
    moment = NOW.replace(tzinfo=None) if engine.dialect.name == "sqlite" else NOW
    for identifier, name, deleted_at in ((ID, "old one", None), (DELETED, "deleted", moment)):
        _fill(engine, tables, identifier, name, moment, deleted_at)


def _fill(
    engine: Engine, tables: MetaData, identifier: str, name: str, moment: datetime, deleted_at: datetime | None
) -> None:
    body = {"name": name, "description": "d", "levers": [{"type": "cap", "component": "core", "share_pct": 2.0}]}
    shared = {"scenario_id": identifier, "created_at": moment}
    written_for = {"model_version": "0", "vintage": "nato-2025"}
    rows = {
        "scenarios": {
            **{"id": identifier, "owner": "local", "name": name, "description": "d", "public": True, "based_on": None},
            **{"current_version": 1, "created_at": moment, "updated_at": moment, "deleted_at": deleted_at},
        },
        "scenario_words": {"scenario_id": identifier, "position": 0, "tail": name, "owner": "local", "public": True},
        "scenario_versions": shared | written_for | {"number": 1, "body": body, "public": True},
        "idempotency": shared | {"owner": "local", "key": name, "request_hash": "h", "version": 1, "status": 201},
        "kept_answers": shared | written_for | {"number": 1, "question_hash": "q", "body": {"id": "answer"}},
    }
    with engine.begin() as connection:
        for table, row in rows.items():
            connection.execute(tables.tables[table].insert().values(row))


@pytest.mark.slow
def test_from_the_first_to_the_last_with_data(empty: str, engine: Engine, state_dir: Path) -> None:
    upgrade(engine, "0001")
    fill_first_schema(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == revisions()[-1]
        for table in ("scenarios", "scenario_words", "scenario_versions", "kept_answers"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert len(rows) == 1, "the deleted one is erased"
        keys = connection.execute(text("SELECT key, created_id FROM idempotency ORDER BY key")).all()
        assert keys == [("deleted", DELETED), ("old one", ID)]
        kept = connection.execute(text("SELECT LENGTH(CAST(body AS TEXT)) FROM scenario_versions")).scalar()
        assert connection.execute(text("SELECT owner, bytes FROM scenario_room")).all() == [("local", kept)]
    app = create_app(Settings(state_dir=state_dir, draws=500, database_url=empty, fit_timeout_s=FIT_TIMEOUT_S))
    client = app.test_client()
    read = client.get(f"/v1/scenarios/{ID}").json
    assert (read["name"], read["version"], read["model_version"]) == ("old one", 1, "0")
    assert read["created_at"] == NOW.isoformat()
    assert [one["id"] for one in client.get("/v1/scenarios?q=old&owner=me").json["items"]] == [ID]
    assert client.get(f"/v1/countries/DEU/forecast?scenario={ID}").status_code == 200
    body = {"name": "new", "levers": []}
    assert client.put(f"/v1/scenarios/{ID}", json=body, headers={"If-Match": f'"{ID}-1"'}).status_code == 200
    assert [one["version"] for one in client.get(f"/v1/scenarios/{ID}/versions").json["items"]] == [2, 1]
    app.extensions[EXTENSION].close()


def test_they_make_the_tables_that_the_code_expects(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    indexes = {index["name"] for table in Base.metadata.tables for index in inspect(engine).get_indexes(table)}
    assert indexes == {index.name for table in Base.metadata.tables.values() for index in table.indexes}


def test_several_upgrades_at_once_apply_each_revision_once(empty: str) -> None:
    def go(_: int) -> str | None:
        database = Database(database_url(Settings(database_url=empty)))
        try:
            upgrade(database.engine)
            return database.state()
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(go, range(8))) == [None] * 8


def test_a_later_releases_schema_is_no_reason_to_stop(empty: str) -> None:
    database = Database(database_url(Settings(database_url=empty)))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert database.state() is None
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    assert database.state() == NOT_APPLIED
    database.close()


def test_a_revision_that_fails_leaves_nothing_behind(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(RuntimeError):
            upgrade(engine)
    assert inspect(engine).get_table_names() == []
    upgrade(engine)
    assert "scenarios" in inspect(engine).get_table_names()
