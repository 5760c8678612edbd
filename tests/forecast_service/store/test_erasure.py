"""What was deleted is nowhere: in no row of any table, and in no byte of SQLite's files."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, g, request
from flask.testing import FlaskClient
from sqlalchemy import MetaData, create_engine, func, select, text

from forecast_service import create_app
from forecast_service.cli.main import main
from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store import saved_answers, scenarios
from forecast_service.store.database import EXTENSION, Database, prepare_sqlite
from forecast_service.store.idempotency import DAYS
from forecast_service.store.keys import Keys
from forecast_service.store.migrate import upgrade
from forecast_service.store.sweeps import Sweeps
from forecast_service.store.tables import Base, SavedAnswer, ScenarioRoom
from forecast_service.store.vintage_switches import Switches
from forecast_service.sweeps.worker import Worker
from tests.support.databases import KINDS, fresh
from tests.support.executors import InProcess
from tests.support.service import DRAWS, FIT_TIMEOUT_S

WORDS = ("qunamey", "qudescribedy", "qulatery", "qusweptey", "qukeyedy", "quowney")
"""Words that callers send and the service has no other reason to hold: each begins with qu and ends with y."""
CAP = {"type": "cap", "component": "core", "share_pct": 2.0}
FIRST = {"name": "the qunamey", "description": "qudescribedy, and more", "public": True, "levers": [CAP]}
SECOND = FIRST | {"description": "qulatery " * 200}
SWEEP = {"countries": ["DEU"], "scenario": {"name": "qusweptey", "levers": [CAP]}}
OF_NO_CALLER = {"vintages", "downloads", "refreshes"}
"""Tables of what publishers print."""
OWNER, OTHER = "Ann Quowney", "bob"


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with fresh(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def app(url: str, state_dir: Path) -> Iterator[Flask]:
    """The application on a database of its own, whose clients may be any caller."""
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, database_url=url, fit_timeout_s=FIT_TIMEOUT_S))
    app.before_request(lambda: setattr(g, "caller", request.headers.get("X-Test-Caller", OWNER)))
    upgrade(app.extensions[EXTENSION].engine)
    yield app
    app.extensions[EXTENSION].close()


def tables_with(database: Database) -> dict[str, set[str]]:
    """Which of the words are in which table, or in SQLite's files."""
    found: dict[str, set[str]] = {word: set() for word in WORDS}
    tables = MetaData()
    tables.reflect(database.engine)
    held: dict[str, bytes] = {}
    with database.engine.connect() as connection:
        for name, table in tables.tables.items():
            rows = connection.execute(text(f'SELECT * FROM "{table.name}"')).all()  # noqa: S608
            held[name] = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)
    if database.embedded:
        file = Path(str(database.url.database))
        held |= {
            f"file{end}": Path(f"{file}{end}").read_bytes() for end in ("", "-wal") if Path(f"{file}{end}").exists()
        }
    for name, content in held.items():
        for word in WORDS:
            if word in content.decode("latin-1").lower():
                found[word].add(name)
    return found


def save_and_sweep(app: Flask, client: FlaskClient) -> tuple[str, str]:
    """Save a scenario in two versions and its answer, run a sweep; their addresses."""
    once = {"Idempotency-Key": "qukeyedy"}
    made = client.post("/v1/scenarios", json=FIRST, headers=once)
    where, if_match = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    assert client.get(f"{where}/versions/1/forecast?country=DEU").status_code == 200
    assert client.put(where, json=SECOND, headers=if_match).status_code == 200
    sweep = client.post("/v1/sweeps", json=SWEEP).headers["Location"]
    return where, sweep


def test_what_is_deleted_is_nowhere(app: Flask, state_dir: Path) -> None:
    client, database = app.test_client(), app.extensions[EXTENSION]
    where, sweep = save_and_sweep(app, client)
    Worker(Sweeps(database), InProcess(), state_dir / "fits", keep=timedelta(days=3)).run(once=True)
    database.empty_log()
    before = tables_with(database)
    assert before["qunamey"] >= {"scenarios", "scenario_words", "scenario_versions", "kept_answers"}
    assert before["qulatery"] >= {"scenarios", "scenario_versions"}
    assert before["qusweptey"] >= {"sweeps"}
    assert all(not database.embedded or "file" in found for word, found in before.items() if word != "quowney")
    assert client.delete(where).status_code == client.delete(sweep).status_code == 204
    after = tables_with(database)
    assert {word: found for word, found in after.items() if word not in {"qukeyedy", "quowney"}} == {
        word: set() for word in WORDS[:4]
    }
    # The key and its caller stay for thirty days, and the id of what was deleted.
    assert after["qukeyedy"] - {"file"} == {"idempotency"}
    assert client.get(where).status_code == client.get(sweep).status_code == 404


def test_a_reader_delays_the_end_of_the_log_only(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, database = app.test_client(), app.extensions[EXTENSION]
    where = client.post("/v1/scenarios", json=FIRST).headers["Location"]
    with database.reading() as session:
        session.execute(text("SELECT * FROM scenarios")).all()
        assert client.delete(where).status_code == 204
    monkeypatch.setattr("forecast_service.sweeps.worker.TIDY_S", -1)
    Worker(Sweeps(database), InProcess(), None).tidy()
    assert not any(tables_with(database)[word] for word in WORDS[:3])


def test_deleting_frees_what_it_took(app: Flask) -> None:
    client, database = app.test_client(), app.extensions[EXTENSION]

    def room() -> dict[str, int]:
        with database.reading() as session:
            return {row.owner: row.bytes for row in session.scalars(select(ScenarioRoom))}

    odd = FIRST | {"name": "Ünïcode 🚀", "description": '"\\\n é'}
    for body in (FIRST, odd):
        other = client.post("/v1/scenarios", json=SECOND, headers={"X-Test-Caller": OTHER}).headers["Location"]
        kept = client.post("/v1/scenarios", json=FIRST).headers["Location"]
        before = room()
        made = client.post("/v1/scenarios", json=body)
        client.put(made.headers["Location"], json=SECOND, headers={"If-Match": made.headers["ETag"]})
        assert room()[OWNER] > before[OWNER] + 1_800
        assert client.delete(made.headers["Location"]).status_code == 204
        assert room() == before
        assert client.delete(kept).status_code == 204
        assert room() == {OTHER: before[OTHER]}
        client.delete(other, headers={"X-Test-Caller": OTHER})
        assert room() == {}


def test_an_answer_that_is_being_saved_goes_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deletion waits for the answer, or the answer is not saved; neither fails."""
    database, saving, go_on = app.extensions[EXTENSION], threading.Event(), threading.Event()
    where = app.test_client().post("/v1/scenarios", json=FIRST).headers["Location"]
    original = saved_answers.has_written

    def slow(*arguments: Any) -> bool:
        saving.set()
        assert go_on.wait(30)
        return original(*arguments)

    monkeypatch.setattr(saved_answers, "has_written", slow)
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(lambda: app.test_client().get(f"{where}/versions/1/forecast?country=DEU").status_code)
        assert saving.wait(30)
        deleted = pool.submit(lambda: app.test_client().delete(where).status_code)
        time.sleep(0.2)
        go_on.set()
        assert (asked.result(), deleted.result()) == (200, 204)
    with app.app_context():
        gone = scenarios.ScenarioVersion(
            **{"id": where.rsplit("/", 1)[1], "version": 1, "body": {}, "public": False, "mine": True},
            **{"based_on": None, "model_version": "0", "vintage": "v", "created_at": None, "updated_at": None},  # type: ignore[arg-type]
        )
        saved_answers.save_answer(gone, "q", {})
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SavedAnswer)) == 0


def test_a_command_erases_a_caller(app: Flask, url: str, state_dir: Path) -> None:
    client, database = app.test_client(), app.extensions[EXTENSION]
    where, sweep = save_and_sweep(app, client)
    his = {"X-Test-Caller": OTHER}
    fork = client.post(f"{where}/fork", json={"name": "mine", "description": ""}, headers=his)
    assert fork.status_code == 201
    kept = [
        client.post(path, json=body, headers=his).headers["Location"]
        for path, body in (
            ("/v1/scenarios", {"name": "his", "levers": [CAP]}),
            ("/v1/sweeps", SWEEP | {"scenario": {"name": "his", "levers": [CAP]}}),
        )
    ]
    hers, shown = Keys(database).create(OWNER, ["read"], "qukeyedy")
    _, other_key = Keys(database).create(OTHER, ["read"])
    Keys(database).revoke(hers)
    Keys(database).create(OWNER, ["read"])
    Switches(database, "nato-2026", 3).use("nato-2025", OWNER)
    with database.reading() as session:
        for table in Base.metadata.tables.values():
            if table.name in OF_NO_CALLER:
                continue
            assert session.execute(select(table)).first(), f"this test must look for what {table.name} holds"
    environment = {"FORECAST_STATE_DIR": str(state_dir), "FORECAST_DATABASE_URL": url}
    run = CliRunner(env=environment)
    refused = run.invoke(main, ["callers", "erase", OWNER], input="n\n")
    assert refused.exit_code == 1
    assert client.get(where).status_code == 200
    done = run.invoke(main, ["callers", "erase", OWNER, "--yes"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "API keys: 2 erased",
        "idempotency keys: 1 erased",
        "scenarios: 1 erased",
        "sweeps: 1 erased",
        "names beside switches of vintages: 1 erased",
    ]
    assert tables_with(database) == {word: set() for word in WORDS}
    assert client.get(where).status_code == client.get(sweep).status_code == 404
    assert Keys(database).holder(shown) is None
    assert Keys(database).holder(other_key)
    # What others made of it is theirs.
    assert client.get(fork.headers["Location"], headers=his).json["levers"] == [CAP]
    assert {client.get(one, headers=his).status_code for one in kept} == {200}
    again = run.invoke(main, ["callers", "erase", OWNER, "--yes"])
    assert set(again.output.split()) & set("12345") == set()


@pytest.mark.parametrize("name", ["", " ann", "a\nb", "x" * 201])
def test_a_name_of_no_caller_is_refused(name: str, tmp_path: Path) -> None:
    run = CliRunner(env={"FORECAST_STATE_DIR": str(tmp_path)})
    refused = run.invoke(main, ["callers", "erase", name, "--yes"])
    assert refused.exit_code == 2
    assert "1 to 200 printable characters" in refused.output


def test_the_file_of_an_older_release_is_written_anew(tmp_path: Path) -> None:
    """Earlier releases did not overwrite what they deleted."""
    url = f"sqlite:///{tmp_path}/old.sqlite"
    old = create_engine(database_url(Settings(database_url=url)))
    upgrade(old, "0005")
    with old.begin() as connection:
        connection.execute(text("INSERT INTO scenario_room VALUES ('quowney', 1), ('b', 1)"))
        connection.execute(text("PRAGMA secure_delete = OFF"))
        connection.execute(text("DELETE FROM scenario_room WHERE owner = 'quowney'"))
    old.dispose()
    assert b"quowney" in (tmp_path / "old.sqlite").read_bytes()
    database = Database(database_url(Settings(database_url=url)))
    assert database.state() is None
    database.empty_log()
    assert tables_with(database) == {word: set() for word in WORDS}
    database.close()


def test_connections_overwrite_what_they_delete(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "any.sqlite")) as connection:
        connection.execute("PRAGMA secure_delete = OFF")  # some builds of SQLite have it on by default
        prepare_sqlite(connection, None)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_the_page_on_privacy_names_every_table() -> None:
    page = (Path(__file__).parents[3] / "docs/privacy.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", " ".join(re.findall(r"^\|.*database: ([^|]+)\|", page, re.MULTILINE))))
    assert named == set(Base.metadata.tables)
    assert f"| {DAYS} days" in page
