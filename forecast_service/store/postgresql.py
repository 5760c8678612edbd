"""Connections to PostgreSQL that wait for a bounded time: for a lock, for a statement, for a server that is silent."""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event

CONNECT_S = 2
"""Time for connecting to one address (s); libpq's minimum."""
GRACE_S = 1.0
"""Time (s) after the server should have ended a statement, until the client gives the server up."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection on which no call waits longer than ``limit_s`` for the server; for ever if None.

    A server that accepts and is silent acknowledges what it receives, so neither keepalives nor ``tcp_user_timeout``
    notice it. psycopg has a time limit for each wait, but no setting for it.
    """

    limit_s: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As the original. Raises OperationalError after ``limit_s``; the connection is closed then."""
        try:
            return super().wait(gen, interval, self.limit_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()  # an answer that comes later would belong to no statement
            raise psycopg.OperationalError(f"no answer within {self.limit_s} s") from error


def postgresql_engine(url: URL, timeout_s: float | None) -> Engine:
    """An engine; a statement gets ``timeout_s`` and a lock half of it. None sets no limits, for migrations."""
    engine = create_engine(
        url,
        pool_size=3,
        max_overflow=3,
        pool_timeout=1,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_S,
            "prepare_threshold": None,  # so that it works behind PgBouncer
            "keepalives_idle": 30,
            "tcp_user_timeout": 5_000,
            "application_name": "forecast_service",
        },
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> psycopg.Connection[Any]:
        connection = BoundedConnection.connect(*arguments, **options)
        connection.limit_s = None if timeout_s is None else timeout_s + GRACE_S
        return connection

    if timeout_s is not None:
        limits = f"set_config('statement_timeout', '{timeout_s * 1000:.0f}', true), "
        limits += f"set_config('lock_timeout', '{timeout_s * 500:.0f}', true)"

        # For each transaction: PgBouncer takes no options of a connection, and shares connections.
        @event.listens_for(engine, "begin")
        def limit(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT {limits}")

    return engine
