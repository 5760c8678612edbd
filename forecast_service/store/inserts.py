"""INSERT with ON CONFLICT, which each kind of database has in its own dialect."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert(session: Session, table: Any) -> sqlite.Insert | postgresql.Insert:
    """The dialect's INSERT."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    assert isinstance(table.__table__, Table)  # noqa: S101  for the type checker
    return dialect.insert(table.__table__)


def has_written(session: Session, statement: sqlite.Insert | postgresql.Insert) -> bool:
    """Carry out ``statement``; returns whether it inserted or updated a row.

    If two transactions insert the same key at once, PostgreSQL makes the second wait; SQLite has one writer.
    """
    # RETURNING says what was written: not every driver counts the rows of an INSERT.
    return session.connection().execute(statement.returning(literal(1))).first() is not None
