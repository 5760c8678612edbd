"""Vintages of the figures: the bundled ones, and those saved in a folder.

A saved vintage is a folder with all tables, as in ``models/data``, and a ``manifest.json``. Tables that it does
not change are copies of its base's, so a later release with other bundled tables does not change it; only a table
that its release did not have yet is read from the bundled ones. A vintage is written atomically and never changes,
so a reader may cache it. As an archive (a ZIP of its files) it can be stored and sent.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from models.dataset import tables as bundled
from models.dataset.observations import Figures, UnknownVintage, figures_from, load_figures
from models.dataset.tables import BUNDLED, VINTAGES, Row, Tables, Uses
from models.files import naming

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_NAME = 50
"""The width of the database columns."""
MANIFEST = "manifest.json"
_STARTED = ".new-"
"""The prefix of a folder that is still being written; a leftover one is no vintage."""


def is_name(text: str) -> bool:
    """Whether ``text`` is a valid name of a vintage."""
    return len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None


class VintageExists(ValueError):
    """A vintage of this name exists, and vintages never change."""


class BadName(ValueError):
    """Not a valid name of a vintage; the message says what is allowed."""


class DamagedVintage(Exception):
    """Files of a saved vintage are missing or differ from its manifest; the message says which."""


@dataclass(frozen=True)
class Finding:
    """A finding of a check. ``where`` is a cell, a line or a table; errors refuse a vintage, warnings do not."""

    severity: Literal["error", "warning"]
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message}"


@dataclass(frozen=True)
class TableFacts:
    """One table of a vintage. ``changed``: it is not its base's; ``last_year`` is None if it has no years."""

    name: str
    rows: int
    last_year: int | None
    changed: bool


@dataclass(frozen=True)
class SourceFacts:
    """The source of figures and its terms, as in ``sources.csv``."""

    source: str
    title: str
    publisher: str
    date: str
    public_address: str
    terms: str
    confidence: str


@dataclass(frozen=True)
class Manifest:
    """The contents of a vintage.

    Attributes
    ----------
    created_at : when it was imported, ISO 8601 in UTC; None for bundled ones.
    base : the vintage whose tables it copies where it changes none; None for bundled ones.
    uses : which rows of the tables count.
    findings : what the checks of the import warned of.
    sha256 : of ``uses`` and all tables.
    """

    name: str
    created_at: str | None
    base: str | None
    uses: Uses
    tables: tuple[TableFacts, ...]
    sources: tuple[SourceFacts, ...]
    findings: tuple[Finding, ...]
    sha256: str


@dataclass(frozen=True)
class Draft:
    """A vintage before it is saved.

    Attributes
    ----------
    base : name of the vintage that it changes.
    changed : the whole new tables, by name.
    uses : which rows count; the base's if None.
    """

    name: str
    base: str
    changed: Mapping[str, tuple[Row, ...]]
    uses: Uses | None = None
    findings: tuple[Finding, ...] = ()


@dataclass
class SavedVintage:
    """A vintage that was read from its files."""

    manifest: Manifest
    tables: Tables
    figures: dict[bool, Figures] = field(default_factory=dict)


class VintageStore:
    """The bundled vintages and those saved in ``folder``; only the bundled ones if it is None."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._saved: dict[str, SavedVintage] = {}

    def names(self) -> tuple[str, ...]:
        """All vintages, oldest first: the bundled ones, then the others as they were added.

        Damaged ones are left out; see :meth:`damaged`.
        """
        found = []
        for name in self._folders():
            with suppress(DamagedVintage, UnknownVintage):
                found.append((self._read(name).manifest.created_at or "", name))
        return (*VINTAGES, *(name for _, name in sorted(found)))

    def damaged(self) -> dict[str, str]:
        """By name, why a folder that looks like a vintage cannot be used."""
        found = {}
        for name in self._folders():
            try:
                self._read(name)
            except DamagedVintage as error:
                found[name] = str(error)
            except UnknownVintage:
                found[name] = f"{name}: there is no {MANIFEST}"
        return found

    def _folders(self) -> list[str]:
        if self.folder is None or not self.folder.is_dir():
            return []
        names = (entry.name for entry in self.folder.iterdir() if NAME.fullmatch(entry.name) and entry.is_dir())
        # A later release may bundle a vintage that was imported before: the bundled one counts.
        return sorted(name for name in names if name not in VINTAGES)

    def figures(self, name: str, *, sipri: bool = True) -> Figures:
        """The figures of vintage ``name``; they hold all its tables. Raises UnknownVintage or DamagedVintage."""
        if name in VINTAGES:
            return load_figures(name, sipri=sipri)
        saved = self._read(name)
        if sipri not in saved.figures:
            saved.figures[sipri] = figures_from(saved.tables, name, saved.tables.uses.core, sipri=sipri)
        return saved.figures[sipri]

    def tables(self, name: str) -> Tables:
        """All tables of vintage ``name``. Raises UnknownVintage or DamagedVintage."""
        return BUNDLED if name in VINTAGES else self._read(name).tables

    def manifest(self, name: str) -> Manifest:
        """The manifest of vintage ``name``. Raises UnknownVintage or DamagedVintage."""
        return _bundled(name) if name in VINTAGES else self._read(name).manifest

    def add(self, draft: Draft) -> Manifest:
        """Save a vintage, atomically.

        Raises BadName, VintageExists, UnknownVintage (its base), DamagedVintage (its base) or OSError.
        """
        self.check_name(draft.name)
        if self._folder_of(draft.name).exists():
            raise VintageExists(draft.name)
        manifest, files = self.composed(draft)
        self._write_whole(draft.name, files)
        return manifest

    def check_name(self, name: str) -> None:
        """Check that a new vintage may have this name. Raises BadName, or VintageExists for a bundled one's."""
        if self.folder is None:
            raise BadName("there is no folder to keep vintages in")
        if not is_name(name):
            raise BadName(f"{name!r}: lower-case letters, digits and single hyphens, at most {LONGEST_NAME} characters")
        if name in VINTAGES:
            raise VintageExists(name)

    def _folder_of(self, name: str) -> Path:
        assert self.folder is not None  # noqa: S101  for the type checker
        return self.folder / name

    def archive(self, name: str) -> bytes | None:
        """The archive of vintage ``name``; None for bundled ones. Raises UnknownVintage or DamagedVintage."""
        if name in VINTAGES:
            return None
        files = self._files_of(name)
        parsed(name, files)
        return packed(files)

    def restore(self, name: str, archive: bytes) -> SavedVintage:
        """The vintage in an archive. The folder holds it afterwards, in place of a damaged copy.

        An undamaged vintage of this name with other tables is moved to a name that is no vintage's.

        Raises DamagedVintage (the archive) or OSError.
        """
        files = unpacked(name, archive)
        saved = parsed(name, files)
        there = ""
        with suppress(UnknownVintage, DamagedVintage):
            there = parsed(name, self._files_of(name)).manifest.sha256
        if there != saved.manifest.sha256:
            self._move_aside(name, keep=bool(there))
            with suppress(VintageExists):  # another process was quicker
                self._write_whole(name, files)
        return saved

    def _move_aside(self, name: str, *, keep: bool) -> None:
        """Move the folder of a vintage, if there is one, to a name that is no vintage's; delete it unless ``keep``."""
        if not self._folder_of(name).exists():
            return
        aside = Path(tempfile.mkdtemp(prefix=f".other-{name}-", dir=self.folder))
        with suppress(FileNotFoundError):  # another process was quicker
            self._folder_of(name).rename(aside / name)
        if not keep:
            shutil.rmtree(aside, ignore_errors=True)

    def _write_whole(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write the folder of a vintage, atomically. Raises VintageExists or OSError."""
        target = self._folder_of(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        started = Path(tempfile.mkdtemp(prefix=_STARTED, dir=target.parent))
        try:
            with naming(target):
                for file, content in files.items():
                    _write(started / file, content)
            started.chmod(0o755)  # the command line may run as another user
            _sync(started)
            try:
                started.rename(target)
            except OSError as error:
                if not target.exists():
                    raise
                raise VintageExists(name) from error
            _sync(target.parent)
        finally:
            shutil.rmtree(started, ignore_errors=True)

    def preview(self, draft: Draft) -> Figures:
        """The figures that :meth:`add` would save, without saving them.

        Raises UnknownVintage or DamagedVintage (its base).
        """
        tables = self.overlay(draft)
        return figures_from(tables, draft.name, tables.uses.core, sipri=True)

    def overlay(self, draft: Draft) -> Tables:
        """All tables of a draft: its own and its base's. Raises UnknownVintage or DamagedVintage (its base)."""
        base, uses = self.tables(draft.base), draft.uses or self.manifest(draft.base).uses
        changed = {name: draft.changed.get(name, base.read(name)) for name in bundled.NAMES}
        tables = Tables("", uses, changed)
        return replace(tables, key=_digest(uses, _files(tables)))

    def composed(self, draft: Draft) -> tuple[Manifest, dict[str, bytes]]:
        """The manifest of a draft, and its files. Raises UnknownVintage or DamagedVintage (its base)."""
        tables = self.overlay(draft)
        uses = tables.uses
        created = datetime.now(UTC).isoformat(timespec="microseconds")
        manifest = Manifest(
            draft.name,
            created,
            draft.base,
            uses,
            _facts(tables, draft.changed),
            _sources(tables, uses),
            draft.findings,
            tables.key,
        )
        return manifest, _files(tables) | {MANIFEST: (json.dumps(asdict(manifest), indent=1) + "\n").encode()}

    def _read(self, name: str) -> SavedVintage:
        """A saved vintage; cached, as it never changes."""
        if name not in self._saved:
            self._saved[name] = self._load(name)
        return self._saved[name]

    def _load(self, name: str) -> SavedVintage:
        """Read a vintage from the folder. Raises UnknownVintage or DamagedVintage."""
        return parsed(name, self._files_of(name))

    def _files_of(self, name: str) -> dict[str, bytes]:
        if self.folder is None or not is_name(name) or not (self.folder / name / MANIFEST).is_file():
            raise UnknownVintage(name)
        try:
            return {file.name: file.read_bytes() for file in (self.folder / name).iterdir()}
        except OSError as error:
            raise DamagedVintage(f"{name}: {error.filename} cannot be read ({error.strerror})") from error


def parsed(name: str, files: Mapping[str, bytes]) -> SavedVintage:
    """The vintage in ``files``, a manifest and the tables it lists. Raises DamagedVintage."""
    try:
        manifest = _manifest(json.loads(files[MANIFEST]))
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedVintage(f"{name}: {MANIFEST} cannot be read ({error})") from error
    saved = tuple(facts.name for facts in manifest.tables)
    try:
        tables = {f"{table}.csv": files[f"{table}.csv"] for table in saved}
    except KeyError as error:
        raise DamagedVintage(f"{name}: there is no {error.args[0]}") from error
    if _digest(manifest.uses, tables) != manifest.sha256:
        raise DamagedVintage(f"{name}: its tables are not what its manifest says")
    rows = {table: bundled.parsed_rows(tables[f"{table}.csv"].decode()) for table in saved}
    return SavedVintage(manifest, Tables(manifest.sha256, manifest.uses, _completed(rows)))


def packed(files: Mapping[str, bytes]) -> bytes:
    """The archive of a vintage's files; the same files give the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in sorted(files.items()):
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # without times
    return archive.getvalue()


def unpacked(name: str, archive: bytes) -> dict[str, bytes]:
    """The files in the archive of vintage ``name``. Raises DamagedVintage."""
    wanted = {MANIFEST, *(f"{table}.csv" for table in bundled.NAMES)}
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as found:
            return {file: found.read(file) for file in found.namelist() if file in wanted}
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DamagedVintage(f"{name}: its archive cannot be read ({error})") from error


def _completed(rows: dict[str, tuple[Row, ...]]) -> dict[str, tuple[Row, ...]]:
    """The tables of a saved vintage with the bundled ones that its release did not have yet, and their sources."""
    later = {table: bundled.read(table) for table in bundled.NAMES if table not in rows}
    if not later:
        return rows
    known = {row["source"] for row in rows["sources"]}
    named = {row["source"] for table in later.values() for row in table} - known
    sources = (*rows["sources"], *(row for row in bundled.read("sources") if row["source"] in named))
    return rows | later | {"sources": sources}


def _manifest(found: dict[str, Any]) -> Manifest:
    return Manifest(
        found["name"],
        found["created_at"],
        found["base"],
        Uses(**found["uses"]),
        tuple(TableFacts(**facts) for facts in found["tables"]),
        tuple(SourceFacts(**facts) for facts in found["sources"]),
        tuple(Finding(**facts) for facts in found["findings"]),
        found["sha256"],
    )


@cache  # to write all tables out takes a tenth of a second
def _bundled(name: str) -> Manifest:
    """The manifest of a bundled vintage."""
    uses = replace(BUNDLED.uses, core=name.replace("-", "_"))
    return Manifest(
        name, None, None, uses, _facts(BUNDLED, ()), _sources(BUNDLED, uses), (), _digest(uses, _files(BUNDLED))
    )


def _facts(tables: Tables, changed: Mapping[str, object] | tuple[()]) -> tuple[TableFacts, ...]:
    facts = []
    for name in bundled.NAMES:
        rows = tables.read(name)
        years = [int(row["year"]) for row in rows if row.get("year")]
        facts.append(TableFacts(name, len(rows), max(years, default=None), name in changed))
    return tuple(facts)


def _sources(tables: Tables, uses: Uses) -> tuple[SourceFacts, ...]:
    """The sources of the figures in use; pledges name their own."""
    wanted = {uses.core, uses.history, uses.outlook, uses.growth}
    return tuple(SourceFacts(**row) for row in tables.read("sources") if row["source"] in wanted)


def _files(tables: Tables) -> dict[str, bytes]:
    """The files of all tables, by name."""
    return {f"{name}.csv": _written(tables.read(name)) for name in bundled.NAMES}


def _digest(uses: Uses, files: Mapping[str, bytes]) -> str:
    content = hashlib.sha256(json.dumps(asdict(uses), sort_keys=True).encode())
    for name, data in sorted(files.items()):
        content.update(f"{name}:{len(data)}:".encode() + data)
    return content.hexdigest()


def _written(rows: tuple[Row, ...]) -> bytes:
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    return text.getvalue().encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a loss of power loses none."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
