"""Runs migrations up and down. Import this only to run them: it imports Alembic."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_log = logging.getLogger(__name__)

# Any number works; every release must use the same.
_LOCK = 4_350_350_150
ERASES = "0006"
"""The first revision whose release overwrites what it deletes."""


def configuration() -> Config:
    """Alembic's configuration; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run missing migrations in one transaction. If several processes do so at once, one runs them, the others wait."""
    with _alone(engine) as connection:
        before = _current(connection)
        command.upgrade(_on(connection), revision)
    if engine.dialect.name == "sqlite" and before is not None and before < ERASES:
        _rewrite(engine)


def losses(engine: Engine, revision: str) -> dict[str, str]:
    """What :func:`downgrade` to ``revision`` loses, by the revision that it undoes, latest first."""
    with engine.connect() as connection:
        current = _current(connection)
    scripts = ScriptDirectory.from_config(configuration())
    undone = [script for script in scripts.walk_revisions() if revision < script.revision <= (current or "")]
    return {script.revision: script.module.downgrade.__doc__ for script in undone}


def downgrade(engine: Engine, revision: str) -> None:
    """Undo all migrations after ``revision``, in one transaction."""
    with _alone(engine) as connection:
        command.downgrade(_on(connection), revision)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that is the only one that migrates."""
    with engine.execution_options(begins_with="BEGIN IMMEDIATE").begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def _on(connection: Connection) -> Config:
    config = configuration()
    config.attributes["connection"] = connection
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _rewrite(engine: Engine) -> None:
    """Write SQLite's file anew: earlier releases did not overwrite what they deleted."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
    except sqlite3.Error as error:
        _log.warning("what was deleted earlier may still be in the file (%s): run VACUUM on it", error)
    finally:
        connection.close()
