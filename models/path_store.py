"""Fitted paths on disk: fitted once, then memory-mapped by every worker.

A fit is named by all that determines it (figures, country, origin, model version, draws, seed), so files
are never changed, only added; a new version of the model or the figures has new names. One ``.npy``
file a fit holds the shares as float32, laid out year by year so that a forecast reads only the years up
to its deadline, and a JSON file beside it what the ensemble had to say.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from models.paths import Floats, Paths

_GDP = "gdp"


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
        kind = "trend" if self.trend else "baseline"
        return f"{self.country}-{self.figures}-{self.origin}-{kind}-m{self.model_version}-d{self.draws}-s{self.seed}"


@dataclass(frozen=True)
class Fit:
    """Fitted paths, with each member's weight and those that were left out (and why).

    ``credibility`` is the fraction of its gap to the Hague target that the ally is expected to close.
    """

    paths: Paths
    members: tuple[str, ...]
    weights: dict[str, float]
    failed: dict[str, str]
    credibility: float

    def as_kept(self) -> Fit:
        """The same fit in memory as the store would hand it over: float32, year by year."""
        with np.errstate(over="ignore"):  # on figures of one's own; who reads the paths finds out
            kept = {name: _by_year(x).T for name, x in (*self.paths.shares.items(), (_GDP, self.paths.gdp))}
        gdp = kept.pop(_GDP)
        return replace(self, paths=Paths(self.paths.origin, kept, gdp, self.paths.member))


def _by_year(values: Floats) -> Floats:
    laid_out = np.ascontiguousarray(values.T, dtype=np.float32).view()
    laid_out.flags.writeable = False  # as a mapped file is: many questions read the same fit
    return laid_out


class PathStore:
    """Fits in a folder; what is not there is made once, by ``make``, and kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open = lru_cache(maxsize=256)(self._read)
        self._seen: set[FitKey] = set()
        # numpy reads an array's header by ast.literal_eval, which fails now and then where threads call it at once
        # (python/cpython#106905).
        self._opening = Lock()
        self._making = Lock()

    def has(self, key: FitKey) -> bool:
        """Whether the fit is kept already; files are only added, so what was there once is."""
        if key not in self._seen and self._meta(key).exists():
            self._seen.add(key)
        return key in self._seen

    def get(self, key: FitKey, make: Callable[[], Fit]) -> Fit:
        """The fit ``key``, made by ``make`` if it is not kept yet."""
        if not self.has(key):
            with self._making:  # whoever asks for the same meanwhile waits for it
                if not self.has(key):
                    self._write(key, make())
        with self._opening:
            return self._open(key)

    def adopt(self, made_ahead: Path) -> None:
        """Take over the fits of another folder by symbolic links, such as a container image's, which is read-only."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # The JSON files last, since they say that a fit is whole.
        for file in sorted(made_ahead.iterdir(), key=lambda file: file.suffix == ".json"):
            if file.suffix in {".npy", ".json"}:
                with suppress(FileExistsError):
                    (self.folder / file.name).symlink_to(file.resolve())

    def _meta(self, key: FitKey) -> Path:
        return self.folder / f"{key.stem}.json"

    def _array(self, key: FitKey, name: str) -> Path:
        return self.folder / f"{key.stem}.{name}.npy"

    def _write(self, key: FitKey, fit: Fit) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, values in (*fit.paths.shares.items(), (_GDP, fit.paths.gdp)):
            self._save(self._array(key, name), _by_year(values))
        self._save(self._array(key, "member"), fit.paths.member)
        meta = asdict(key) | {
            "components": list(fit.paths.shares),
            "members": list(fit.members),
            "weights": fit.weights,
            "failed": fit.failed,
            "credibility": fit.credibility,
        }
        # Last, since its presence says that the fit is whole.
        self._replace(self._meta(key), json.dumps(meta, indent=1).encode())

    def _save(self, path: Path, array: np.ndarray) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
            np.save(file, array)
        Path(file.name).replace(path)

    def _replace(self, path: Path, content: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)

    def _read(self, key: FitKey) -> Fit:
        meta = json.loads(self._meta(key).read_text())
        shares = {name: self._map(key, name) for name in meta["components"]}
        paths = Paths(key.origin, shares, self._map(key, _GDP), np.load(self._array(key, "member")))
        return Fit(paths, tuple(meta["members"]), meta["weights"], meta["failed"], meta["credibility"])

    def _map(self, key: FitKey, name: str) -> Floats:
        return np.asarray(np.load(self._array(key, name), mmap_mode="r").T)
