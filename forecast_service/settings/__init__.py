"""Every setting of the service, read from FORECAST_* variables. ``docs/settings.md`` lists them all."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from forecast_service.settings import auth, http
from forecast_service.settings.panel import panel
from models.dataset.vintages import Shelf

SHELF = "vintages"
"""Folder of the editions that were imported, in the state folder, which all replicas share."""


class BadSetting(ValueError):
    """A variable whose value cannot be used; the message names it and says what is allowed."""


def _boolean(name: str, text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}: {text!r} is neither true nor false")


def _integer(name: str, text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise BadSetting(f"{name}: {text!r} is not a whole number") from None
    if value < least:
        raise BadSetting(f"{name}: must be at least {least}")
    return value


def _parse(name: str, text: str, default: object) -> Any:
    """The value that ``text`` stands for, of the same type as the default."""
    if isinstance(default, bool):
        return _boolean(name, text)
    if isinstance(default, int):
        return _integer(name, text, least=min(default, 1))
    return Path(text) if isinstance(default, Path) else text


@dataclass(frozen=True)
class Settings:
    """The settings, each with its default; :meth:`from_environment` reads ``FORECAST_<NAME>``."""

    state_dir: Path = Path("var")
    vintage: str = panel().vintage
    sipri: bool = True
    draws: int = 10_000
    seed: int = 1
    max_body_bytes: int = 1_000_000
    max_import_bytes: int = 10_000_000
    fits_dir: str = ""
    fit_processes: int = 1
    fit_queue: int = 2
    fit_timeout_s: int = 30
    trusted_proxies: int = 0
    database_url: str = ""
    engine: str = "local"
    sweep_processes: int = os.cpu_count() or 1
    open_sweeps: int = 100
    sweep_days: int = 90
    kept_bytes: int = 10_000_000
    cache_bytes: int = 32_000_000
    cache_max_age: int = 300
    cache_stale: int = 86_400
    switch_ahead: int = 60
    cors_origins: str = ""
    rate_limit: str = ""
    auth_failures: str = "60/minute"
    redis_url: str = ""
    log_format: str = "json"
    log_level: str = "info"
    metrics_port: int = 0
    traces: bool = False
    query_method: bool = False
    auth: str = "none"
    auth_none_anywhere: str = ""
    jwt_jwks: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_algorithms: str = "RS256,ES256"
    jwt_leeway_s: int = 30
    identity_header: str = ""
    download_hosts: str = ""
    download_seconds: int = 60
    download_bytes: int = 20_000_000
    refresh: str = ""
    panel: str = ""
    identity_peers: str = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"

    def __post_init__(self) -> None:
        names = Shelf(self.state_dir / SHELF, panel()).names()
        if self.vintage not in names:
            raise BadSetting(f"FORECAST_VINTAGE: {self.vintage!r} is not one of {', '.join(names)}")
        if self.engine != "local" and not re.match(r"(tcp|tls|ws|wss)://[^/:]+:[0-9]+$", self.engine):
            raise BadSetting("FORECAST_ENGINE: must be local or the address of a Dask scheduler, tcp://host:8786")
        if self.database_url:
            from forecast_service.store.database import database_url

            database_url(self)  # raises if it cannot be used
        for entry in self.refresh.split():
            source, _, url = entry.partition("=")
            if source not in ("nato", "sipri", "weo", "worldbank", "csv") or not url.startswith(
                ("https://", "http://")
            ):
                raise BadSetting(f"FORECAST_REFRESH: {entry!r} is not of the form nato=https://host/file.xlsx")
        if wrong := auth.fault(self) or http.fault(self):
            raise BadSetting(wrong)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment asks for.

        Raises
        ------
        BadSetting
        """
        environment = os.environ if environment is None else environment
        read: dict[str, Any] = {}
        for field in fields(cls):
            name = f"FORECAST_{field.name.upper()}"
            if name not in environment:
                continue
            read[field.name] = _parse(name, environment[name], field.default)
        return cls(**read)
