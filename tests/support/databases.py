"""Databases to test on: a file of SQLite, and a database of our own on a PostgreSQL server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from tests.deploy.support.servers import postgresql

KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
_running = ExitStack()


@cache
def _server() -> Engine:
    """The server that TEST_POSTGRESQL_URL names, or one of this process, up until :func:`stop`."""
    url = os.environ.get("TEST_POSTGRESQL_URL") or _running.enter_context(postgresql()).url
    driven = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(driven, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def stop() -> None:
    """End the server that this process has started, if it has."""
    _running.close()


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database, removed at the end."""
    name = f"forecast_test_{secrets.token_hex(6)}"
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{name}.sqlite"
        return
    with _server().connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield _server().url.set(database=name).render_as_string(hide_password=False)
    finally:
        with _server().connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
