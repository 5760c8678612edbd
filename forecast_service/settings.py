"""Every setting of the service, read from FORECAST_* variables. ``docs/settings.md`` lists them all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from models.history import CURRENT_VINTAGE, VINTAGES


class BadSetting(ValueError):
    """A variable whose value cannot be used; the message names it and says what is allowed."""


def _boolean(name: str, text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}: {text!r} is neither true nor false")


def _integer(name: str, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise BadSetting(f"{name}: {text!r} is not a whole number") from None
    if value < 1:
        raise BadSetting(f"{name}: must be at least 1")
    return value


def _parse(name: str, text: str, default: object) -> Any:
    """The value that ``text`` stands for, of the same type as the default."""
    if isinstance(default, bool):
        return _boolean(name, text)
    if isinstance(default, int):
        return _integer(name, text)
    return Path(text) if isinstance(default, Path) else text


@dataclass(frozen=True)
class Settings:
    """The settings, each with its default; :meth:`from_environment` reads ``FORECAST_<NAME>``."""

    state_dir: Path = Path("var")
    vintage: str = CURRENT_VINTAGE
    sipri: bool = True
    draws: int = 10_000
    seed: int = 1
    max_body_bytes: int = 1_000_000

    def __post_init__(self) -> None:
        if self.vintage not in VINTAGES:
            raise BadSetting(f"FORECAST_VINTAGE: {self.vintage!r} is not one of {', '.join(VINTAGES)}")

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
