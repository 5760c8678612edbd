"""The settings of the Redis client, and whether Redis answers."""

from __future__ import annotations

from typing import Any, Protocol

from flask import current_app

EXTENSION = "forecast-redis"


def patience() -> dict[str, Any]:
    """Time limits of the Redis client: short and without retries, since every request waits for it."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}


class Pings(Protocol):
    """The Redis client, which is imported only where the settings name a Redis."""

    def ping(self) -> object:
        """Ask whether Redis is there."""


def answers(client: Pings) -> bool:
    """Whether Redis answers."""
    from redis.exceptions import RedisError

    try:
        client.ping()
    except RedisError:
        return False
    return True


def redis_state() -> str:
    """``ok``, ``not reachable``, or ``unused`` where the settings name no Redis."""
    client = current_app.extensions.get(EXTENSION)
    if client is None:
        return "unused"
    return "ok" if answers(client) else "not reachable"
