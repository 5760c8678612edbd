"""Fits made ahead in a read-only folder, as an image carries them, are taken over, not made again."""

from __future__ import annotations

from pathlib import Path

from models.dataset.countries import resolve
from models.dataset.observations import load_figures
from models.forecast import Forecaster
from models.simulation.path_store import PathStore


def test_fits_of_another_folder_are_taken_over(tmp_path: Path) -> None:
    ahead = Forecaster(load_figures(), PathStore(tmp_path / "ahead"), draws=200)
    ahead.fit(resolve("PRT"))
    before = {file.name: file.stat().st_mtime_ns for file in ahead.store.folder.iterdir()}
    store = PathStore(tmp_path / "own")
    for _ in range(2):  # a second start finds the links there
        store.adopt(tmp_path / "ahead")
    key = ahead.basis.key(resolve("PRT"), 2026)
    assert store.has(key)

    def never() -> None:
        raise AssertionError("a fit that was there was made again")

    assert store.get(key, never).paths.shares["core"].shape[0] == 200  # type: ignore[arg-type]
    Forecaster(load_figures(), store, draws=200).fit(resolve("ISL"))  # what is missing is made, beside it
    assert {file.name: file.stat().st_mtime_ns for file in ahead.store.folder.iterdir()} == before
