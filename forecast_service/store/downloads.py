"""The validators of imported files by URL, in SQL, so that no replica imports an unchanged file again."""

from __future__ import annotations

import hashlib

from forecast_service.store.database import Database
from forecast_service.store.inserts import has_written, insert
from forecast_service.store.tables import DownloadRow


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


class Downloads:
    """What one database knows of imported files."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def recall(self, url: str) -> DownloadRow | None:
        """The validators of the file that was last imported from ``url``. Raises DatabaseUnavailable."""
        if not self.database.exists():
            return None
        with self.database.reading() as session:
            return session.get(DownloadRow, _key(url))

    def keep(self, url: str, *, etag: str, last_modified: str, sha256: str) -> None:
        """Save the validators of ``url``, once its file is imported. Raises DatabaseUnavailable."""
        facts = {"etag": etag, "last_modified": last_modified, "sha256": sha256}
        with self.database.writing() as session:
            row = insert(session, DownloadRow).values({"url_sha256": _key(url)} | facts)
            has_written(session, row.on_conflict_do_update(index_elements=["url_sha256"], set_=facts))
