"""Imported vintages, in SQL. A row is never changed or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from forecast_service.store.database import Database
from forecast_service.store.inserts import has_written, insert
from forecast_service.store.tables import VintageRow

MOST_BYTES = 20_000_000
"""Size of the largest archive that is saved; the bundled tables would take 65 kB."""


@dataclass(frozen=True)
class SavedName:
    """An imported vintage without its files; ``sha256`` is the hash of its tables."""

    name: str
    sha256: str
    created_at: datetime


class TooLarge(ValueError):
    """The archive of a vintage is larger than :data:`MOST_BYTES`."""


class Vintages:
    """The imported vintages of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def names(self) -> tuple[SavedName, ...]:
        """All vintages, oldest first; none if the embedded database does not exist. Raises DatabaseUnavailable."""
        if not self.database.exists():  # reading does not create it
            return ()
        columns = VintageRow.name, VintageRow.sha256, VintageRow.created_at
        with self.database.reading(background=True) as session:
            rows = session.execute(select(*columns).order_by(VintageRow.created_at, VintageRow.name))
            return tuple(SavedName(*row) for row in rows)

    def read(self, name: str) -> VintageRow | None:
        """One vintage with its archive; None if there is none of this name. Raises DatabaseUnavailable."""
        if not self.database.exists():
            return None
        with self.database.reading() as session:
            return session.get(VintageRow, name)

    def archive(self, name: str) -> bytes | None:
        """The archive of a vintage; None if there is none of this name. Raises DatabaseUnavailable."""
        row = self.read(name)
        return None if row is None else row.archive

    def add(self, name: str, sha256: str, created_at: datetime, archive: bytes) -> bool:
        """Save a vintage; returns False, and changes nothing, if there is one of this name.

        Raises TooLarge or DatabaseUnavailable.
        """
        if len(archive) > MOST_BYTES:
            raise TooLarge(f"its archive has {len(archive):,} bytes; at most {MOST_BYTES:,} are saved")
        row = {"name": name, "sha256": sha256, "size": len(archive), "created_at": created_at, "archive": archive}
        with self.database.writing() as session:
            return has_written(session, insert(session, VintageRow).values(row).on_conflict_do_nothing())
