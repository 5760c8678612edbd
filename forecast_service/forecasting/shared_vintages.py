"""The vintages that all replicas share: they are in the database, and each replica has copies of them in its folder.

A copy that is missing, damaged or of other tables is written anew from the database. Vintages that an earlier release
saved in the folder alone are put into the database.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from forecast_service.errors import ServiceError
from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.vintages import SavedName, TooLarge, Vintages
from models.dataset.importers import BadFile
from models.dataset.observations import UnknownVintage
from models.dataset.tables import VINTAGES
from models.dataset.vintages import (
    DamagedVintage,
    Draft,
    Manifest,
    SavedVintage,
    VintageExists,
    VintageStore,
    is_name,
    packed,
    parsed,
    unpacked,
)

_log = logging.getLogger(__name__)


class VintageUnavailable(ServiceError):
    """A vintage has no copy here, and the database does not answer."""

    status, kind, retry_after_s = 503, "no-database", 5

    def __init__(self, name: str) -> None:
        super().__init__(detail=f"The vintage {name} is not here yet, and the database does not answer.")


class SharedVintages(VintageStore):
    """The bundled vintages and those in the database; ``folder`` holds the copies."""

    def __init__(self, folder: Path, vintages: Vintages) -> None:
        super().__init__(folder)
        self._vintages = vintages
        self._known: dict[str, SavedName] | None = None  # replaced whole, so no reader needs a lock

    def names(self) -> tuple[str, ...]:
        """All vintages, oldest first, as last read from the database.

        While it was never reached, those with a copy.
        """
        if self._known is None:
            try:
                self.refresh()
            except DatabaseUnavailable:
                return VintageStore(self.folder).names()
        return (*VINTAGES, *(name for name in self._known or () if name not in VINTAGES))

    def has(self, name: str) -> bool:
        """Whether there is a vintage of this name; asks the database only about names that are new here.

        Raises VintageUnavailable.
        """
        if name in self.names():
            return True
        if not is_name(name):
            return False
        try:
            self.refresh()
        except DatabaseUnavailable as error:
            raise VintageUnavailable(name) from error
        return name in self.names()

    def refresh(self) -> None:
        """Read the names from the database; the first time, put the folder's vintages there if it is writable.

        Raises DatabaseUnavailable.
        """
        found, first = self._vintages.names(), self._known is None
        self._known = {one.name: one for one in found}
        if first and not self._vintages.database.read_only and self.adopt(found):
            self._known = {one.name: one for one in self._vintages.names()}

    def adopt(self, found: Sequence[SavedName]) -> list[str]:
        """Put vintages of the folder that are not among ``found`` into the database; return their names.

        Raises DatabaseUnavailable.
        """
        local = VintageStore(self.folder)
        saved = {one.name: one.sha256 for one in found}
        adopted = []
        for name in local.names()[len(VINTAGES) :]:
            manifest = local.manifest(name)
            if saved.get(name, manifest.sha256) != manifest.sha256:
                _log.error(
                    "vintage %s in %s is not the one in the database, which counts: import it under another name",
                    name,
                    self.folder,
                )
            elif name not in saved and (archive := local.archive(name)) is not None:
                try:
                    added = self._vintages.add(name, manifest.sha256, _moment(manifest), archive)
                except TooLarge as error:
                    _log.error("vintage %s cannot be put into the database: %s", name, error)
                    continue
                if added:
                    _log.warning("vintage %s was put into the database", name)
                    adopted.append(name)
        return adopted

    def add(self, draft: Draft) -> Manifest:
        """Save a vintage in the database.

        Raises BadName, VintageExists, UnknownVintage or DamagedVintage (its base), BadFile (too large) or
        DatabaseUnavailable.
        """
        self.check_name(draft.name)
        if self._known is None:
            self.refresh()  # the folder may hold an older one of this name
        manifest, files = self.composed(draft)
        try:
            added = self._vintages.add(draft.name, manifest.sha256, _moment(manifest), packed(files))
        except TooLarge as error:
            raise BadFile("file", str(error)) from None
        if not added:
            raise VintageExists(draft.name)
        self.refresh()
        return manifest

    def require_copy(self, name: str) -> None:
        """Make sure that the folder holds a vintage, for other processes.

        Raises UnknownVintage, DamagedVintage or VintageUnavailable.
        """
        if name in VINTAGES:
            return
        tables = self.manifest(name).tables
        if not all((self._folder_of(name) / f"{table.name}.csv").is_file() for table in tables):
            self._fetched(name, UnknownVintage(name))

    def _load(self, name: str) -> SavedVintage:
        """Read a vintage from its copy, or from the database if that is missing, damaged or of other tables."""
        if self._known is None:
            with suppress(DatabaseUnavailable):  # then the copy counts
                self.refresh()
        try:
            copy = super()._load(name)
        except (UnknownVintage, DamagedVintage) as error:
            if not is_name(name):
                raise
            return self._fetched(name, error)
        known = (self._known or {}).get(name)
        if known is None or known.sha256 == copy.manifest.sha256:
            return copy
        _log.error("the copy of vintage %s is of other tables than the database's: it was moved aside", name)
        return self._fetched(name, UnknownVintage(name))

    def _fetched(self, name: str, problem: Exception) -> SavedVintage:
        """The vintage in the database, of which the folder then has a copy; raises ``problem`` if it is not there."""
        try:
            row = self._vintages.read(name)
        except DatabaseUnavailable as error:
            raise VintageUnavailable(name) from error
        if row is None:
            raise problem
        try:
            saved = self.restore(name, row.archive)
        except OSError as error:
            _log.warning("no copy of vintage %s can be written: %s", name, error)
            saved = parsed(name, unpacked(name, row.archive))
        if saved.manifest.sha256 != row.sha256:
            raise DamagedVintage(f"{name}: the database has other tables than were saved")
        return saved


def _moment(manifest: Manifest) -> datetime:
    return datetime.fromisoformat(manifest.created_at or "1970-01-01").astimezone(UTC)
