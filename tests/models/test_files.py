"""What cannot be written whole leaves nothing behind, and the error names the file."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from models.dataset import tables
from models.dataset.vintages import Draft, VintageStore
from models.ensemble import learned_trust
from models.evaluation import frozen, published
from models.evaluation.backtest import Backtest
from models.files import replacing, write_atomically
from models.paths import Paths
from models.series import Panel, Series
from models.simulation.path_store import ABANDONED_S, Fit, FitKey, PathStore, StoreUnavailable
from tests.support.limits import files_of_at_most

KEY = FitKey("figures", "NOR", 2024, trend=False, model_version="t", draws=5, seed=1)
FROZEN = {"date": "2026-01-01", "vintage": "nato-2026", "model_version": "0"}


def _write(path: Path, interruption: BaseException | None = None) -> None:
    with replacing(path) as file:
        file.write(bytes(100_000))
        if interruption:
            raise interruption


def _no_rename(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with files_of_at_most(1000), pytest.raises(OSError, match="File too large") as too_large:
        _write(path)
    with pytest.raises(KeyboardInterrupt):
        _write(path, KeyboardInterrupt())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _no_rename)
        with pytest.raises(OSError, match="No space left") as no_space:
            _write(path)
    assert (too_large.value.filename, no_space.value.filename) == (str(path), str(path))
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file", "old")]


@pytest.mark.parametrize("path", ["missing/file", "a file/file", "a folder"])
def test_a_place_that_takes_no_file_is_named(tmp_path: Path, path: str) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "a folder").mkdir()
    with pytest.raises(OSError, match="director") as refused:
        _write(tmp_path / path)
    assert refused.value.filename == str(tmp_path / path)
    assert {file.name for file in tmp_path.iterdir()} == {"a file", "a folder"}


def _save_fit(folder: Path, failed: str = "") -> None:
    share = np.full((5, 3), 2.0)
    paths = Paths(2024, {"core": share}, share, np.zeros(5, np.uint8))
    PathStore(folder).get(KEY, lambda: Fit(paths, ("theta",), {"theta": 1.0}, {"panel": failed}, 0.0))


def _save_vintage(folder: Path) -> None:
    VintageStore(folder).add(Draft("ours", "nato-2026", {"pledges": tables.read("pledges")}, ()))


def _backtest() -> Backtest:
    """Forecasts of one series from twenty years."""
    rows = [("DEU", origin, 1) for origin in range(2000, 2020)]
    levels = np.array(published.LEVELS)
    series = Series("DEU", 1990, np.ones(40))
    return Backtest(Panel([series]), levels, rows, np.ones((len(rows), levels.size)))


WRITERS: Mapping[str, tuple[int, Callable[[Path], object]]] = {
    "a fit": (100, _save_fit),
    "a fit whose arrays fit": (500, lambda folder: _save_fit(folder, "x" * 1000)),
    "a vintage": (1000, _save_vintage),
    "a frozen forecast": (1000, lambda folder: frozen.save(FROZEN | {"allies": "x" * 2000}, folder)),
    "the list of frozen forecasts": (1000, lambda folder: frozen.save(FROZEN, folder)),
    "a track record": (1000, lambda _: published.save({"x": "y" * 2000})),
    "past forecasts": (500, lambda _: published.save_forecasts(_backtest())),
    "the learned trust": (100, lambda _: learned_trust.save(dict.fromkeys(range(2000, 2020), 0.5), "v", "0")),
    "a text": (1000, lambda folder: write_atomically(folder / "text", "x" * 2000)),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size, write = WRITERS[what]
    monkeypatch.setattr(published, "FILE", tmp_path / "track_record.json")
    monkeypatch.setattr(published, "FORECASTS", tmp_path / "past_forecasts.csv")
    monkeypatch.setattr(learned_trust, "FILE", tmp_path / "learned.json")
    if what.startswith("the list"):
        (tmp_path / frozen.SUMS).write_text("".join(f"{'0' * 64}  {n}.json\n" for n in range(20)))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with files_of_at_most(size), pytest.raises((OSError, StoreUnavailable), match="File too large"):
        write(tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    write(tmp_path)  # once there is space
    assert len(list(tmp_path.iterdir())) > len(before)


def test_what_killed_processes_left_is_deleted_after_an_hour(tmp_path: Path) -> None:
    store = PathStore(tmp_path)
    _save_fit(tmp_path)
    fit = set(tmp_path.iterdir())
    for name, age in (("new.part", 0), ("old.part", ABANDONED_S + 60)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    store.remove_abandoned()
    assert set(tmp_path.iterdir()) == fit | {tmp_path / "new.part"}
