"""Every setting of the service, read from FORECAST_* variables (docs/settings.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from forecast_service.settings.auth import AuthSettings
from forecast_service.settings.database import DatabaseSettings
from forecast_service.settings.downloads import DownloadSettings
from forecast_service.settings.http import HttpSettings
from forecast_service.settings.observability import ObservabilitySettings
from forecast_service.settings.section import BadSetting
from forecast_service.settings.sweeps import SweepSettings
from models.dataset.tables import NEWEST

__all__ = ["BadSetting", "Settings"]


_OLD_NAMES = {"FORECAST_SWEEP_EXECUTOR": "FORECAST_ENGINE"}
"""Deprecated names of settings, read if the new name is not set."""


def _parse(name: str, text: str, default: object) -> Any:
    """The value of ``text``, in the type of the default."""
    if not isinstance(default, int):
        return Path(text) if isinstance(default, Path) else text
    # Imported here, because most commands do not need marshmallow.
    from marshmallow import ValidationError, fields, validate

    number = fields.Integer(validate=validate.Range(min=min(default, 1)))
    try:
        return (fields.Boolean() if isinstance(default, bool) else number).deserialize(text)
    except ValidationError as error:
        raise BadSetting(f"{name}: {text!r}: {error.messages[0]}") from None


@dataclass(frozen=True)
class Settings(SweepSettings, DatabaseSettings, DownloadSettings, AuthSettings, HttpSettings, ObservabilitySettings):
    """The settings with their defaults; :meth:`from_environment` reads ``FORECAST_<NAME>``.

    Each section checks its own fields, in the order of the base classes.
    :class:`forecast_service.forecasting.registry.ForecasterRegistry` checks that the vintage exists.
    """

    vintage: str = NEWEST
    sipri: bool = True
    draws: int = 10_000
    seed: int = 1
    switch_ahead: int = 60
    fits_dir: str = ""
    fit_timeout_s: int = 30
    kept_bytes: int = 10_000_000

    def __post_init__(self) -> None:
        """Refuse invalid values and combinations."""
        super().__post_init__()
        if self.identity_header and not self.trusted_proxies:
            raise BadSetting(
                "FORECAST_IDENTITY_HEADER: needs FORECAST_TRUSTED_PROXIES, the number of proxies that set it"
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings in the environment. Raises BadSetting."""
        environment = os.environ if environment is None else environment
        read: dict[str, Any] = {}
        for field in fields(cls):
            new = f"FORECAST_{field.name.upper()}"
            name = new if new in environment else _OLD_NAMES.get(new, new)
            if name in environment:
                read[field.name] = _parse(name, environment[name], field.default)
        return cls(**read)
