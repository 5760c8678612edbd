"""What is allowed in the settings of HTTP and telemetry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast_service.settings import Settings

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
LOG_FORMATS = ("json", "text")
LOG_LEVELS = ("debug", "info", "warning", "error")


def origins(settings: Settings) -> tuple[str, ...]:
    """The origins whose pages may read answers."""
    return tuple(settings.cors_origins.replace(",", " ").split())


def fault(settings: Settings) -> str | None:
    """What is wrong with the settings of HTTP, in words that begin with the variable's name; None if nothing is."""
    for origin in origins(settings):
        if not ORIGIN.fullmatch(origin):
            return f"FORECAST_CORS_ORIGINS: {origin!r} is no origin such as https://dashboard.example.org"
    from limits import parse_many

    for name, limit, none in (
        ("FORECAST_RATE_LIMIT", settings.rate_limit, ""),
        ("FORECAST_AUTH_FAILURES", settings.auth_failures, "0"),
    ):
        try:
            if limit != none:
                parse_many(limit)
        except ValueError:
            return f"{name}: {limit!r} is no limit such as 600/minute"
    if settings.redis_url and not re.match(r"rediss?://[^/]", settings.redis_url):
        return "FORECAST_REDIS_URL: must be redis://host:6379/0 or rediss://..."  # not repeated: it may hold a password
    for name, value, allowed in (
        ("FORECAST_LOG_FORMAT", settings.log_format, LOG_FORMATS),
        ("FORECAST_LOG_LEVEL", settings.log_level, LOG_LEVELS),
    ):
        if value not in allowed:
            return f"{name}: {value!r} is not one of {', '.join(allowed)}"
    if settings.metrics_port > 65535:
        return "FORECAST_METRICS_PORT: must be at most 65535"
    return None
