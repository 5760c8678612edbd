"""Has missing fits of this replica's vintages made in the background, after an import or the loss of the folder.

Every worker process calls it each second; one of those that share a state folder, the one that holds its lock, acts.
"""

from __future__ import annotations

import fcntl
import logging
import time
from typing import IO

from forecast_service.forecasting.fit_missing import being_fitted, fit_in_background
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.forecasting.shared_vintages import VintageUnavailable
from models.dataset.observations import UnknownVintage

PATIENCE_S = 5.0
"""How long fits must be missing before they are made (s): another process may have just started to make them."""

_log = logging.getLogger(__name__)


class FitKeeper:
    """Keeps the fits of the vintages that are current, may soon be, or were before."""

    def __init__(self, registry: ForecasterRegistry) -> None:
        self._registry = registry
        self._lock: IO[str] | None = None
        self._missing_since: dict[str, float] = {}

    def look(self) -> None:
        """Start making the fits of the first vintage that has lacked some for a while; one vintage at a time."""
        if not self._acts():
            return
        for vintage in self._registry.current_vintage.needed():
            if not self._lacks_fits(vintage):
                self._missing_since.pop(vintage, None)
                continue
            now = time.monotonic()
            if now - self._missing_since.setdefault(vintage, now) > PATIENCE_S:
                self._missing_since[vintage] = now
                if not being_fitted(self._registry.store.folder, vintage):
                    _log.warning("vintage %s lacks fits: they are made now", vintage)
                    fit_in_background(self._registry.settings, vintage)
            return

    def close(self) -> None:
        """Let another process act."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _lacks_fits(self, vintage: str) -> bool:
        try:
            self._registry.vintage_store.require_copy(vintage)
            return bool(self._registry.missing(vintage))
        except (UnknownVintage, VintageUnavailable):
            return False  # they cannot be made; the registry has logged why

    def _acts(self) -> bool:
        """Whether this process holds the lock of the state folder, until it ends."""
        if self._lock is None:
            folder = self._registry.settings.state_dir
            try:
                folder.mkdir(parents=True, exist_ok=True)
                file = (folder / ".fit-keeper").open("w")
            except OSError:
                return False  # /readyz says that the folder cannot be written
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
            self._lock = file
        return True
