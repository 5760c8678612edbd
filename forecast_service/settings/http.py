"""Settings: sizes, proxies, caching, origins, rate limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forecast_service.settings.section import BadSetting, Section

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
ADDRESS = re.compile(rf"(?:{ORIGIN.pattern})(/[A-Za-z0-9._~-]+)*/?")

UNLIMITED = "0"
"""The value of a limit that sets none."""


@dataclass(frozen=True)
class HttpSettings(Section):
    """How requests are received and answered."""

    max_body_bytes: int = 1_000_000
    client_timeout_s: int = 10
    trusted_proxies: int = 0
    cache_bytes: int = 32_000_000
    cache_max_age: int = 300
    gateway_cache: bool = False
    cors_origins: str = ""
    rate_limit: str = ""
    auth_failures: str = "60/minute"
    cost_budget: str = "10000/minute"
    costly_per_caller: int = 1
    costly_at_once: int = 2
    redis_url: str = ""
    public_address: str = ""

    def __post_init__(self) -> None:
        """Refuse invalid origins, limits and Redis addresses."""
        for origin in origins(self):
            if not ORIGIN.fullmatch(origin):
                raise BadSetting(
                    f"FORECAST_CORS_ORIGINS: {origin!r} is no origin such as https://dashboard.example.org"
                )
        if self.public_address and not ADDRESS.fullmatch(self.public_address):
            raise BadSetting(
                f"FORECAST_PUBLIC_ADDRESS: {self.public_address!r} is no address such as https://api.example.org/forecasting"
            )
        from limits import parse, parse_many

        for name, limit, none, read in (
            ("FORECAST_RATE_LIMIT", self.rate_limit, "", parse_many),
            ("FORECAST_AUTH_FAILURES", self.auth_failures, UNLIMITED, parse_many),
            ("FORECAST_COST_BUDGET", self.cost_budget, UNLIMITED, parse),
        ):
            try:
                if limit != none:
                    read(limit)
            except ValueError:
                raise BadSetting(f"{name}: {limit!r} is no limit such as 600/minute") from None
        if self.redis_url and not re.match(r"rediss?://[^/]", self.redis_url):
            # Not repeated: it may hold a password.
            raise BadSetting("FORECAST_REDIS_URL: must be redis://host:6379/0 or rediss://...")
        super().__post_init__()


def origins(settings: HttpSettings) -> tuple[str, ...]:
    """The web origins whose pages may read answers."""
    return tuple(settings.cors_origins.replace(",", " ").split())
