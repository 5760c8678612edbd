"""Fitted paths on disk: fitted once, then memory-mapped by every worker.

All that determines a fit (figures, country, origin, model version, draws, seed) is in its files' names, so files
never change: a new model or vintage adds files. A fit has one ``.npy`` file for each component and for GDP, float32
laid out year by year so that a forecast reads only the years up to its deadline; one for the members' indices; one
for each member's own quantiles; and a JSON file with the members' weights and failures. The fits of an ally with and
without pledges share the files of related spending and of the members' own quantiles, which do not depend on pledges.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Lock

import numpy as np

from models import files
from models.files import replacing
from models.paths import Floats, Paths
from models.simulation.related import drawn_rules

_GDP = "gdp"
_ALONE = "alone"
_SHARED = "related"
ALONE_LEVELS = 400
"""In how many equal parts quantiles divide the distribution of one member alone, its ends included."""
MOST_OPEN = 256
"""How many fits are held open."""
ABANDONED_S = 3600
"""Age from which a file that is still being written belongs to a killed process (s)."""


class StoreUnavailable(Exception):
    """A fit cannot be saved; ``detail`` is the operating system's message."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class FitKey:
    """All that determines a fit."""

    figures: str
    country: str
    origin: int
    trend: bool
    model_version: str
    draws: int
    seed: int

    @property
    def stem(self) -> str:
        """How the names of the files of this fit alone begin."""
        return self._stem("trend" if self.trend else "baseline")

    @property
    def shared_stem(self) -> str:
        """How the name of the file begins that the fits with and without pledges share."""
        return self._stem("both")

    def _stem(self, kind: str) -> str:
        return f"{self.country}-{self.figures}-{self.origin}-{kind}-m{self.model_version}-d{self.draws}-s{self.seed}"


@dataclass(frozen=True)
class Fit:
    """Fitted paths, each member's weight, and why members failed.

    Attributes
    ----------
    credibility : the fraction of its gap to the Hague target that the ally is expected to close.
    alone : by member, or part of one, the core share's quantiles with all draws its own, from the lowest to the
        highest in :data:`ALONE_LEVELS` equal parts, array (1 + horizon, levels); empty for a series without a panel.
    """

    paths: Paths
    members: tuple[str, ...]
    weights: dict[str, float]
    failed: dict[str, str]
    credibility: float
    alone: Mapping[str, Floats] = field(default_factory=dict)

    def as_saved(self) -> Fit:
        """This fit in the store's form, but in memory: float32, year by year."""
        with np.errstate(over="ignore"):  # a user's own figures may overflow: see `within_range`
            arrays = {name: _by_year(x).T for name, x in (*self.paths.shares.items(), (_GDP, self.paths.gdp))}
            alone = {part: x.astype(np.float32) for part, x in self.alone.items()}
        gdp = arrays.pop(_GDP)
        paths = Paths(self.paths.origin, arrays, gdp, self.paths.member, rule=self.paths.rule)
        return replace(self, paths=paths, alone=alone)


def _by_year(values: Floats) -> Floats:
    laid_out = np.ascontiguousarray(values.T, dtype=np.float32).view()
    laid_out.flags.writeable = False  # like a mapped file: many questions read the same fit
    return laid_out


class PathStore:
    """Fits in a folder; a missing one is made once and saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: dict[FitKey, Fit] = {}
        # NumPy parses a file's header with ast.literal_eval, which may fail when threads call it at the same time
        # (python/cpython#106905).
        self._opening = Lock()
        self._making = Lock()

    def has(self, key: FitKey) -> bool:
        """Whether the fit is saved, or held open, even without its files."""
        return key in self._opened or self.keeps(key)

    def keeps(self, key: FitKey) -> bool:
        """Whether the fit is saved in the folder now."""
        return self._meta(key).exists()

    def get(self, key: FitKey, make: Callable[[], Fit]) -> Fit:
        """The fit ``key``; ``make`` makes it if it is not saved or cannot be read.

        Raises
        ------
        StoreUnavailable
            if the new fit cannot be saved.
        """
        fit = self._open(key)
        if fit is None:
            with self._making:  # other threads wait, then open the same fit
                fit = self._open(key) or self._make(key, make)
        return fit

    def trouble(self) -> str | None:
        """The operating system's message if nothing can be saved in the folder; else None."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return error.strerror
        return files.trouble(self.folder)

    def remove_abandoned(self) -> None:
        """Delete the temporary files that killed processes left."""
        for file in self.folder.glob(f"*{files.PART}"):
            with suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > ABANDONED_S:
                    file.unlink()

    def _open(self, key: FitKey) -> Fit | None:
        fit = self._opened.get(key)
        if fit is None:
            with self._opening, suppress(OSError, ValueError, EOFError, KeyError):
                fit = self._opened[key] = self._read(key)
                if len(self._opened) > MOST_OPEN:
                    del self._opened[next(iter(self._opened))]
        return fit

    def _make(self, key: FitKey, make: Callable[[], Fit]) -> Fit:
        made = make()
        try:
            self._write(key, made)
        except OSError as error:
            self._remove_half(key)
            raise StoreUnavailable(error.strerror or "it cannot be written") from error
        fit = self._open(key)
        if fit is None:
            raise StoreUnavailable("what was written cannot be read")
        return fit

    def adopt(self, made_ahead: Path) -> None:
        """Link the fits of another folder into this one, such as the read-only folder of a container image."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # The JSON files last: they mark a fit as complete.
        for file in sorted(made_ahead.iterdir(), key=lambda file: file.suffix == ".json"):
            if file.suffix in {".npy", ".json"}:
                with suppress(FileExistsError):
                    (self.folder / file.name).symlink_to(file.resolve())

    def _meta(self, key: FitKey) -> Path:
        return self.folder / f"{key.stem}.json"

    def _array(self, key: FitKey, name: str) -> Path:
        shared = name == _SHARED or name.startswith(f"{_ALONE}-")
        return self.folder / f"{key.shared_stem if shared else key.stem}.{name}.npy"

    def _write(self, key: FitKey, fit: Fit) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, values in (*fit.paths.shares.items(), (_GDP, fit.paths.gdp)):
            with replacing(self._array(key, name)) as file:
                np.save(file, _by_year(values))
        with replacing(self._array(key, "member")) as file:
            np.save(file, fit.paths.member)
        for part, quantiles in fit.alone.items():
            with replacing(self._array(key, f"{_ALONE}-{part}")) as file:
                np.save(file, quantiles.astype(np.float32))
        meta = asdict(key) | {
            "components": list(fit.paths.shares),
            "members": list(fit.members),
            "weights": fit.weights,
            "failed": fit.failed,
            "credibility": fit.credibility,
            _ALONE: list(fit.alone),
        }
        # Last: it marks the fit as complete.
        with replacing(self._meta(key)) as file:
            file.write(json.dumps(meta, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())

    def _remove_half(self, key: FitKey) -> None:
        """Delete the arrays of a fit that could not be saved whole, unless another process has saved it."""
        if not self.keeps(key):
            other = self.keeps(replace(key, trend=not key.trend))
            for stem in (key.stem, *(() if other else (key.shared_stem,))):
                for file in self.folder.glob(f"{stem}.*.npy"):
                    file.unlink(missing_ok=True)

    def _read(self, key: FitKey) -> Fit:
        meta = json.loads(self._meta(key).read_text())
        shares = {name: self._map(key, name) for name in meta["components"]}
        rule = drawn_rules(key.draws, key.seed) if "related" in shares else None
        paths = Paths(key.origin, shares, self._map(key, _GDP), np.load(self._array(key, "member")), rule=rule)
        return Fit(
            paths, tuple(meta["members"]), meta["weights"], meta["failed"], meta["credibility"],
            self._map_alone(key, meta[_ALONE]),
        )  # fmt: skip

    def _map_alone(self, key: FitKey, parts: list[str]) -> dict[str, Floats]:
        found = [self._array(key, f"{_ALONE}-{part}") for part in parts]
        if all(file.exists() for file in found):
            return {part: np.load(file, mmap_mode="r") for part, file in zip(parts, found, strict=True)}
        together = np.load(self._array(key, _ALONE), mmap_mode="r")  # as version 1.0.0 saved them
        return dict(zip(parts, together, strict=True))

    def _map(self, key: FitKey, name: str) -> Floats:
        file = self._array(key, name)
        if not file.exists():  # version 1.0.0 saved the shared file once for each fit
            file = self.folder / f"{key.stem}.{name}.npy"
        return np.asarray(np.load(file, mmap_mode="r").T)
