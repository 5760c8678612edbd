"""The database: embedded SQLite, or PostgreSQL where ``FORECAST_DATABASE_URL`` names one.

``database().reading()`` and ``database().writing()`` are the two ways in. Each is one transaction; a
database that cannot be reached, or lacks its tables, is :class:`DatabaseUnavailable` (a 503), never a 500.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from flask import current_app
from sqlalchemy import URL, Engine, create_engine, event, func, select, text
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from forecast_service.errors import ServiceError

EXTENSION = "forecast-database"

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for SQLite's one lock; a write takes milliseconds."""

NOT_APPLIED = "migrations not applied"
UNREACHABLE = "not reachable"
GONE = "its file is gone"

_VERSIONS = Path(__file__).with_name("migrations") / "versions"
# ProgrammingError: tables or rights that are missing. The statements themselves are tested.
_UNAVAILABLE = (OperationalError, InterfaceError, InternalError, ProgrammingError, PoolTimeout)
_log = logging.getLogger(__name__)


class DatabaseUnavailable(ServiceError):
    """The database does not answer, or is not set up; ``cause`` says which, and nothing else."""

    status, kind, retry_after_s = 503, "no-database", 5

    def __init__(self, cause: str) -> None:
        super().__init__(detail=f"The database of scenarios: {cause}. Forecasts work without it.")
        self.cause = cause


def revisions() -> list[str]:
    """The migrations that this code knows, first to last."""
    return sorted(path.name[:4] for path in _VERSIONS.glob("[0-9]*.py"))


class Database:
    """One database. Safe to hand to forked workers: each process opens connections of its own."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.embedded = url.get_backend_name() == "sqlite"
        self._lock = threading.Lock()
        self._engines: dict[int, Engine] = {}
        self._away = False
        self._file: tuple[int, int] | None = None
        self._trying = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        pid = os.getpid()
        engine = self._engines.get(pid)
        if engine is None:
            with self._lock:
                # What was inherited through a fork stays untouched, and referenced: its files and sockets are the
                # parent's, and closing them here would disturb it.
                engine = self._engines[pid] = self._engines.get(pid) or self._open()
        return engine

    def close(self) -> None:
        """Close the connections of this process."""
        engine = self._engines.pop(os.getpid(), None)
        if engine is not None:
            engine.dispose()

    def _open(self) -> Engine:
        if not self.embedded:
            # Without prepared statements it also works behind PgBouncer; the timeouts end what hangs on a dead network.
            return create_engine(
                self.url,
                pool_size=5,
                max_overflow=5,
                pool_timeout=10,
                pool_pre_ping=True,
                pool_recycle=1800,
                connect_args={
                    "connect_timeout": 2,  # the least there is: whoever asks /readyz waits no longer
                    "prepare_threshold": None,
                    "keepalives_idle": 30,
                    "tcp_user_timeout": 5_000,
                    "application_name": "forecast_service",
                },
            )
        path = Path(str(self.url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise DatabaseUnavailable(UNREACHABLE) from None
        engine = create_engine(self.url, max_overflow=-1, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
        try:
            self._set_up_sqlite(engine)
        except DBAPIError:
            engine.dispose()
            raise DatabaseUnavailable(UNREACHABLE) from None
        self._file = self._file or _identity(path)
        return engine

    @staticmethod
    def _set_up_sqlite(engine: Engine) -> None:
        """The embedded database brings itself up to date: nobody else administers it."""
        if _state(engine) == NOT_APPLIED:
            from forecast_service.store.migrate import upgrade

            upgrade(engine)

    @contextmanager
    def reading(self, *, quiet: bool = False) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing; ``quiet`` for what asks every second."""
        with self._guarded(quiet=quiet), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end of the block, or not at all."""
        with self._guarded():
            # The lock is taken at the start: a transaction that read first could not wait for it, it would fail.
            engine = self.engine.execution_options(begins_with="BEGIN IMMEDIATE")
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session

    def state(self) -> str | None:
        """What is wrong with the database; None if nothing is."""
        try:
            with self._guarded():
                return _state(self.engine)
        except DatabaseUnavailable as error:
            return error.cause

    @contextmanager
    def _guarded(self, *, quiet: bool = False) -> Iterator[None]:
        """Turns what a database's absence raises into :class:`DatabaseUnavailable`.

        While it is away one thread at a time finds out whether it is back, and the others are refused at once: on a
        network that swallows everything each attempt takes seconds, and forecasts need those threads.
        """
        if self._file is not None and _identity(Path(str(self.url.database))) != self._file:
            # SQLite would go on writing into a file that nobody finds again, and confirm each write.
            raise DatabaseUnavailable(GONE)
        alone = self._away and not self.embedded
        if alone and not self._trying.acquire(blocking=False):
            raise DatabaseUnavailable(UNREACHABLE)
        try:
            yield
            self._away = False
        except _UNAVAILABLE as error:
            missing = isinstance(error, DBAPIError) and _lacks_table(error)
            self._away = not missing
            if not quiet:
                _log.error("the database does not answer: %s", error.orig if isinstance(error, DBAPIError) else error)
            raise DatabaseUnavailable(NOT_APPLIED if missing else UNREACHABLE) from error
        finally:
            if alone:
                self._trying.release()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file is at ``path``: device and number; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _state(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except (ProgrammingError, OperationalError) as error:
        if _lacks_table(error):
            return NOT_APPLIED
        raise
    # A revision that is not known here was made by a later release, which is rolled out beside this one.
    return NOT_APPLIED if version is None or version in revisions()[:-1] else None


def _lacks_table(error: DBAPIError) -> bool:
    """Whether a statement failed for want of a table or column."""
    state = getattr(error.orig, "sqlstate", None)
    return state in {"42P01", "42703"} or str(error.orig).startswith(("no such table", "no such column"))


def prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # sqlite3 begins no transactions of its own: begin_sqlite does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    # With the write-ahead log, readers and the one writer do not wait for each other ...
    _use_write_ahead_log(connection)
    # ... and FULL syncs it at every commit: what was acknowledged outlives a power cut too.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. While another connection does so, SQLite refuses and does not wait: we do."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begins_with", "BEGIN"))


def now(session: Session) -> datetime:
    """The moment, by the one clock that all replicas share."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(datetime, session.scalar(select(func.clock_timestamp())))
    return datetime.now(UTC)


def database() -> Database:
    """The database of the running application."""
    return cast(Database, current_app.extensions[EXTENSION])
