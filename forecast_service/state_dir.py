"""The paths in the state folder, which all replicas share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateDir:
    """The paths in a state folder; they need not exist."""

    path: Path

    @property
    def fits(self) -> Path:
        """Folder of the fitted paths."""
        return self.path / "fits"

    @property
    def vintages(self) -> Path:
        """Folder of the imported vintages."""
        return self.path / "vintages"

    @property
    def changes(self) -> Path:
        """Folder of the analyses of why forecasts moved from one vintage to another."""
        return self.path / "changes"

    @property
    def downloads(self) -> Path:
        """Folder of the conditions (ETag, date, hash) of downloaded files."""
        return self.path / "downloads"

    @property
    def turn(self) -> Path:
        """Lock file of the background process whose turn it is."""
        return self.path / ".background"

    @property
    def sweeps(self) -> Path:
        """Folder of the chunks of sweeps that the command line has begun."""
        return self.path / "sweeps"

    @property
    def switches(self) -> Path:
        """File of the switches between vintages that were read last."""
        return self.path / "vintage-switches.json"

    @property
    def database(self) -> Path:
        """File of the embedded database."""
        return self.path / "forecast.sqlite"
