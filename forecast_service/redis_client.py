"""The settings of the Redis client, and whether Redis answers."""

from __future__ import annotations

from typing import Any

from flask import current_app

EXTENSION = "forecast-redis"


def patience() -> dict[str, Any]:
    """Time limits of the Redis client: short and without retries, since every request waits for it."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}


def redis_state() -> str:
    """``ok``, ``not reachable``, or ``unused`` where the settings name no Redis."""
    client = current_app.extensions.get(EXTENSION)
    if client is None:
        return "unused"
    from redis.exceptions import RedisError

    try:
        client.ping()
    except RedisError:
        return "not reachable"
    return "ok"
