"""The database: embedded SQLite, or PostgreSQL if ``FORECAST_DATABASE_URL`` names one.

``database().reading()`` and ``database().writing()`` each open one transaction. A database that cannot be reached, is
slow or lacks its tables raises :class:`DatabaseUnavailable` (503, never 500). At most two threads of a process wait for
the database (:mod:`forecast_service.store.turns`).
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
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
from forecast_service.settings.database import DatabaseSettings, database_url
from forecast_service.store.turns import NoTurn, Turns

EXTENSION = "forecast-database"

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for SQLite's one lock; a write takes milliseconds."""

LOG_TIMEOUT_S = 0.2
"""How long emptying SQLite's write-ahead log waits for readers; writers wait for it meanwhile."""

NOT_APPLIED = "migrations not applied"
UNREACHABLE = "not reachable"
LATE = "does not answer in time"
GONE = "its file is gone"

_VERSIONS = Path(__file__).with_name("migrations") / "versions"
# ProgrammingError means missing tables or rights: tests run every statement.
_UNAVAILABLE = (OperationalError, InterfaceError, InternalError, ProgrammingError, PoolTimeout)
# PostgreSQL's states of a statement that took too long, and of one that waited too long for a lock.
_ENDED = frozenset({"57014", "55P03"})
_log = logging.getLogger(__name__)


AT_ONCE = 2
"""Most threads of a process that serve requests and use the database at once: gunicorn starts four."""


class DatabaseUnavailable(ServiceError):
    """The database does not answer or is not set up; ``cause`` says which, without secrets."""

    status, kind, retry_after_s = 503, "no-database", 5

    def __init__(self, cause: str) -> None:
        super().__init__(detail=f"The database of scenarios: {cause}. Forecasts work without it.")
        self.cause = cause


class ReadOnly(ServiceError):
    """The service saves nothing now (``FORECAST_READ_ONLY``)."""

    status, kind, retry_after_s = 503, "read-only", 60
    detail = "The service is read-only for now: it saves, changes and deletes nothing. Forecasts and reading go on."


def revisions() -> list[str]:
    """Revisions of the migrations in this release, in order."""
    return sorted(path.name[:4] for path in _VERSIONS.glob("[0-9]*.py"))


class Database:
    """One database. Forked workers may share the object: each process opens its own connections.

    Parameters
    ----------
    timeout_s : longest time of a statement in PostgreSQL (s), half of it for a lock; no limit if None.
    read_only : whether :meth:`writing` refuses.
    """

    def __init__(self, url: URL, timeout_s: float | None = None, *, read_only: bool = False) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self.read_only = read_only
        self.turns = Turns(AT_ONCE)
        self.embedded = url.get_backend_name() == "sqlite"
        self._lock = threading.Lock()
        self._engines: dict[int, Engine] = {}
        self._unreachable = False
        self._file: tuple[int, int] | None = None
        self._probe_lock = threading.Lock()

    @classmethod
    def configured(cls, settings: DatabaseSettings) -> Database:
        """The database of the settings, for answering requests."""
        return cls(database_url(settings), settings.database_timeout_s, read_only=settings.read_only)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine of this process."""
        pid = os.getpid()
        engine = self._engines.get(pid)
        if engine is None:
            with self._lock:
                # Engines inherited through a fork stay referenced and open: closing them would disturb the parent.
                engine = self._engines[pid] = self._engines.get(pid) or self._open()
        return engine

    def close(self) -> None:
        """Close the connections of this process."""
        engine = self._engines.pop(os.getpid(), None)
        if engine is not None:
            engine.dispose()

    def _open(self) -> Engine:
        if not self.embedded:
            # Imported here, because embedded databases do not need psycopg.
            from forecast_service.store.postgresql import postgresql_engine

            return postgresql_engine(self.url, self.timeout_s)
        path = Path(str(self.url.database))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailable(UNREACHABLE) from error
        engine = create_engine(self.url, max_overflow=-1, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
        try:
            self._set_up_sqlite(engine)
        except DBAPIError as error:
            engine.dispose()
            raise DatabaseUnavailable(UNREACHABLE) from error
        self._file = self._file or _identity(path)
        return engine

    @staticmethod
    def _set_up_sqlite(engine: Engine) -> None:
        """Create the tables or run missing migrations: nobody else administers an embedded database."""
        if _state(engine) == NOT_APPLIED:
            from forecast_service.store.migrate import upgrade

            upgrade(engine)

    @contextmanager
    def reading(self, *, turns: Turns | None = None, background: bool = False) -> Iterator[Session]:
        """A session that reads one state of the database.

        Parameters
        ----------
        turns : the turns that count; those that most requests share if None.
        background : whether a thread that serves no request reads, again and again: without a turn or a line in the
            log.
        """
        with (
            self._guarded(turns, background=background),
            Session(self.engine, expire_on_commit=False) as session,
        ):
            yield session

    @contextmanager
    def writing(self, *, turns: Turns | None = None, background: bool = False) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back if the block raises. Raises ReadOnly."""
        if self.read_only:
            raise ReadOnly
        with self._guarded(turns, background=background):
            # Take SQLite's lock at the start: a transaction that read first would fail instead of waiting for it.
            engine = self.engine.execution_options(begins_with="BEGIN IMMEDIATE")
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session

    def empty_log(self) -> None:
        """Empty SQLite's write-ahead log, which may still hold what was deleted.

        It stays while somebody reads from it; the sweep workers try again every few minutes.
        """
        if not self.embedded:
            return
        # On a connection of its own, so that the short timeout is that of no other statement. It creates no file.
        file = f"{Path(str(self.url.database)).resolve().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(file, uri=True, timeout=LOG_TIMEOUT_S)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _log.warning("the write-ahead log cannot be emptied now: %s", error)

    def state(self) -> str | None:
        """What is wrong with the database; None if it is ready. It takes as long as the database."""
        try:
            with self._guarded(background=True):
                return _state(self.engine)
        except DatabaseUnavailable as error:
            return error.cause

    @contextmanager
    def _guarded(self, turns: Turns | None = None, *, background: bool = False) -> Iterator[None]:
        """Turn the errors of an unreachable, slow or incomplete database into :class:`DatabaseUnavailable`.

        While PostgreSQL is unreachable, one thread at a time tries to connect and the others are refused at once: on a
        network that drops packets each attempt takes seconds, and forecasts need those threads.
        """
        if self._file is not None and _identity(Path(str(self.url.database))) != self._file:
            # SQLite would confirm writes to a deleted file.
            raise DatabaseUnavailable(GONE)
        probing = self._unreachable and not self.embedded
        if probing and not self._probe_lock.acquire(blocking=False):
            raise DatabaseUnavailable(UNREACHABLE)
        try:
            with nullcontext() if background else (turns or self.turns).taken():
                yield
            self._unreachable = False
        except NoTurn:
            raise DatabaseUnavailable(LATE) from None
        except _UNAVAILABLE as error:
            cause = _cause(error)
            self._unreachable = cause == UNREACHABLE
            if not background:
                _log.error("the database does not answer: %s", error.orig if isinstance(error, DBAPIError) else error)
            raise DatabaseUnavailable(cause) from error
        finally:
            if probing:
                self._probe_lock.release()


def _cause(error: Exception) -> str:
    """What is wrong with the database, by an error of SQLAlchemy."""
    if isinstance(error, PoolTimeout):
        return LATE
    if isinstance(error, DBAPIError) and _lacks_table(error):
        return NOT_APPLIED
    # Only PostgreSQL's errors have a state.
    return LATE if getattr(getattr(error, "orig", None), "sqlstate", None) in _ENDED else UNREACHABLE


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at ``path``; None if there is none."""
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
    # During a rolling update the database may have a later release's revision, which this release does not know.
    return NOT_APPLIED if version is None or version in revisions()[:-1] else None


def _lacks_table(error: DBAPIError) -> bool:
    """Whether a statement failed because a table or column is missing."""
    state = getattr(error.orig, "sqlstate", None)
    return state in {"42P01", "42703"} or str(error.orig).startswith(("no such table", "no such column"))


def prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # begin_sqlite begins transactions, not sqlite3
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    # With the write-ahead log, readers and the one writer do not wait for each other ...
    _use_write_ahead_log(connection)
    # ... and FULL syncs it at every commit, so that a confirmed write survives a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What is deleted is overwritten with zeros.
    connection.execute("PRAGMA secure_delete = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. Retry while another connection does so: SQLite refuses without waiting."""
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
    """The time by the clock that all replicas share: PostgreSQL's, or this machine's with SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(datetime, session.scalar(select(func.clock_timestamp())))
    return datetime.now(UTC)


def database() -> Database:
    """The database of the running application."""
    return cast(Database, current_app.extensions[EXTENSION])
