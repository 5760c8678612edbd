"""Databases to test on: a file of SQLite, and a database of our own on a PostgreSQL server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

SERVER = os.environ.get("TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
KINDS = ("sqlite", "postgresql")


def _server() -> Engine:
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except OperationalError:
        missing = f"no PostgreSQL at {make_url(SERVER).host}:{make_url(SERVER).port}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}: CI must test on it")
        pytest.skip(f"{missing}: start one there (trust authentication), or name one in TEST_POSTGRESQL_URL")
    return engine


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database, removed at the end."""
    name = f"forecast_test_{secrets.token_hex(6)}"
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{name}.sqlite"
        return
    server = _server()
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
