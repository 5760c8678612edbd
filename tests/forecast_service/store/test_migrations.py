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
from click.testing import CliRunner, Result
from sqlalchemy import Engine, MetaData, create_engine, event, inspect, text

from forecast_service import create_app
from forecast_service.cli.main import main
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
from forecast_service.store.migrate import configuration, downgrade, upgrade
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


def _tables(engine: Engine) -> dict[str, set[tuple[str, bool]]]:
    """The columns of each table, and whether they may be null."""
    found = inspect(engine)
    return {
        name: {(column["name"], column["nullable"]) for column in found.get_columns(name)}
        for name in found.get_table_names()
    }


def test_down_and_up_again_with_data(engine: Engine) -> None:
    """Down leaves the tables that an earlier release made, and up makes this release's, with what was in them."""
    made = {}
    for revision in revisions():
        upgrade(engine, revision)
        made[revision] = _tables(engine)
        if revision == "0001":
            fill_first_schema(engine)
    with engine.connect() as connection:
        before = connection.execute(text("SELECT key, created_id, request_hash FROM idempotency ORDER BY key")).all()
    for revision in reversed(revisions()[:-1]):
        downgrade(engine, revision)
        assert _tables(engine) == made[revision], revision
    with engine.connect() as connection:
        assert connection.execute(text("SELECT status, version FROM idempotency")).all() == [(201, 1)] * 2
        assert connection.execute(text("SELECT COUNT(*) FROM scenario_versions")).scalar() == 1
    upgrade(engine)
    assert _tables(engine) == made[revisions()[-1]]
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        after = connection.execute(text("SELECT key, created_id, request_hash FROM idempotency ORDER BY key")).all()
        assert connection.execute(text("SELECT COUNT(*) FROM kept_answers")).scalar() == 1
        assert connection.execute(text("SELECT COUNT(*) FROM scenario_room")).scalar() == 1
    assert after == before


def test_down_says_what_is_lost_before_it_does_it(empty: str) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner(env={"FORECAST_DATABASE_URL": empty}).invoke(main, ["db", *arguments])

    assert run("upgrade").exit_code == 0
    for wrong in (revisions()[-1], "0", "base"):
        assert run("downgrade", wrong).exit_code == 2
    refused = run("downgrade", "0001")
    assert refused.exit_code == 1
    for number in revisions()[1:]:
        assert f"{number} undone; lost for good: " in refused.stderr
    assert "0003 undone; lost for good: All API keys" in refused.stderr
    assert "None" not in refused.stderr, "the docstring of each downgrade() says what is lost"
    assert refused.stderr.endswith("Error: nothing was changed; --yes does it\n")
    assert run("current").exit_code == 0
    assert run("downgrade", "0001", "--yes").output.endswith("the database is at 0001\n")
    if empty.startswith("postgresql"):  # the embedded one is upgraded when it is opened
        assert run("downgrade", "0001", "--yes").output == "Error: the database has no migration after 0001\n"
        assert run("current").exit_code == 1
    assert run("upgrade").exit_code == 0
    assert run("downgrade", "--yes").output.endswith(f"the database is at {revisions()[-2]}\n")


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
