"""The state folder, which all replicas share: what lies where in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateDir:
    """A state folder; nothing in it need be there yet."""

    path: Path

    @property
    def fits(self) -> Path:
        """The folder of fitted paths."""
        return self.path / "fits"

    @property
    def vintages(self) -> Path:
        """The folder of the vintages that were imported."""
        return self.path / "vintages"

    @property
    def changes(self) -> Path:
        """The folder of what was worked out about why forecasts moved from one vintage to another."""
        return self.path / "changes"

    @property
    def downloads(self) -> Path:
        """The folder of what servers said of the files that were fetched."""
        return self.path / "downloads"

    @property
    def switches(self) -> Path:
        """The file of the switches between vintages, as they were read last."""
        return self.path / "vintage-switches.json"

    @property
    def database(self) -> Path:
        """The file of the embedded database."""
        return self.path / "forecast.sqlite"
