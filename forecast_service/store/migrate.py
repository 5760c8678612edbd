"""Runs migrations. Import this only to run them: it imports Alembic."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

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
    config = configuration()
    with engine.execution_options(begins_with="BEGIN IMMEDIATE").begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    if engine.dialect.name == "sqlite" and before is not None and before < ERASES:
        _rewrite(engine)


def _rewrite(engine: Engine) -> None:
    """Write SQLite's file anew: earlier releases did not overwrite what they deleted."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
    except sqlite3.Error as error:
        _log.warning("what was deleted earlier may still be in the file (%s): run VACUUM on it", error)
    finally:
        connection.close()
