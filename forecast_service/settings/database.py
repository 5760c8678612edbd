"""Settings: the state folder and the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forecast_service.settings.section import BadSetting, Section
from forecast_service.state_dir import StateDir

if TYPE_CHECKING:
    from sqlalchemy import URL


@dataclass(frozen=True)
class DatabaseSettings(Section):
    """The places of the state folder and the database, and how the database is used."""

    state_dir: Path = Path("var")
    database_url: str = ""
    database_timeout_s: int = 5
    read_only: bool = False

    def __post_init__(self) -> None:
        """Refuse an invalid database URL."""
        if self.database_url:
            database_url(self)
        super().__post_init__()

    @property
    def state(self) -> StateDir:
        """The paths in the state folder."""
        return StateDir(self.state_dir)


def database_url(settings: DatabaseSettings) -> URL:
    """The URL of the database; of the embedded one if none is set. Raises BadSetting."""
    # Imported here, because most users of the settings do not need SQLAlchemy.
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if not settings.database_url:
        return URL.create("sqlite", database=str(StateDir(settings.state_dir.resolve()).database))
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError):
        raise BadSetting("FORECAST_DATABASE_URL: is no database URL") from None  # it may hold a password: not repeated
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    raise BadSetting("FORECAST_DATABASE_URL: must be postgresql://... or sqlite:///FILE")
