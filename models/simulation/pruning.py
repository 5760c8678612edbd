"""Which saved fits to delete, so that fits of past questions do not fill the disk.

It looks at the names of files only: each begins with the stem of its :class:`models.simulation.path_store.FitKey`,
which ends before the first dot. The fits of an ally with and without pledges share files, so they go together. A
process that holds a deleted fit open keeps it; another makes it again when asked.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from models.files import PART
from models.simulation.path_store import ABANDONED_S

FORMER_S = 86_400
"""A fit of another model version is deleted if it was not used for so long (s): by then no old release runs."""
STEM = re.compile(
    r"(?P<ally>[A-Z]{3})-(?P<figures>.+)-(?P<origin>\d{4})-(?:baseline|trend|both)-m(?P<version>.+)"
    r"-(?P<simulation>d\d+-s\d+)"
)


@dataclass
class _Saved:
    """The files of an ally's fits that are no links, their bytes, and when one of the fits was used last."""

    named: dict[str, str]
    files: list[Path] = field(default_factory=list)
    size: int = 0
    used: float = 0.0

    @property
    def complete(self) -> bool:
        return any(file.suffix == ".json" for file in self.files)

    @property
    def series(self) -> tuple[str, str, str]:
        """All that the fits of a vintage have in common."""
        return self.named["figures"], self.named["version"], self.named["simulation"]

    @property
    def origin(self) -> int:
        return int(self.named["origin"])


def note_use(meta: Path) -> None:
    """Write down, in the file's time, that the fit with this JSON file is used; links and missing files stay as is."""
    with suppress(OSError):
        if not meta.is_symlink():
            os.utime(meta)


def prune(
    folder: Path, most_bytes: int, vintages: Collection[str], version: str, draws: int, seed: int
) -> tuple[int, int]:
    """Delete fits, those not used for longest first, until the ones that may go take at most ``most_bytes``.

    Links, as to the fits of a container image, are kept and count for nothing, unless what they lead to is gone.

    Parameters
    ----------
    vintages : names of vintages whose fits at their last origin are kept, for this version, draws and seed.

    Returns
    -------
    How many allies' fits were deleted, and their bytes.
    """
    fits = _fits(folder)
    last: dict[tuple[str, str, str], int] = {}
    for fit in fits:
        figures, *made_by = fit.series
        # The name of the figures begins with that of their vintage.
        if made_by == [version, f"d{draws}-s{seed}"] and any(f"{figures}-".startswith(f"{name}-") for name in vintages):
            last[fit.series] = max(fit.origin, last.get(fit.series, 0))
    now = time.time()
    may_go = sorted((fit for fit in fits if last.get(fit.series) != fit.origin), key=lambda fit: fit.used)
    left = sum(fit.size for fit in may_go)
    deleted = freed = 0
    for fit in may_go:
        former = fit.named["version"] != version and now - fit.used > FORMER_S
        being_written = not fit.complete and now - fit.used < ABANDONED_S
        if fit.files and (former or (left > most_bytes and not being_written)):
            _delete(fit)
            left -= fit.size
            deleted, freed = deleted + 1, freed + fit.size
    return deleted, freed


def _delete(fit: _Saved) -> None:
    # The JSON file first: it marks a fit as complete.
    for file in sorted(fit.files, key=lambda file: file.suffix != ".json"):
        file.unlink(missing_ok=True)


def _fits(folder: Path) -> Collection[_Saved]:
    """The fits in a folder; links that lead nowhere are deleted."""
    fits: dict[tuple[str | None, ...], _Saved] = {}
    with suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            named = STEM.fullmatch(entry.name.split(".")[0])
            if not named or entry.name.endswith(PART):
                continue
            path = Path(entry.path)
            if entry.is_symlink() and not path.exists():
                path.unlink(missing_ok=True)
                continue
            fit = fits.setdefault(named.groups(), _Saved(named.groupdict()))
            with suppress(FileNotFoundError):  # another process deletes too
                if not entry.is_symlink():
                    facts = entry.stat()
                    fit.files.append(path)
                    fit.size += facts.st_size
                    fit.used = max(fit.used, facts.st_mtime)
    return fits.values()
