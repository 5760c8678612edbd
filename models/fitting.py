"""Fitting ahead: every ally's paths, made in parallel and kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from models.allies import allies, resolve
from models.forecast import Forecaster
from models.history import Figures
from models.path_store import PathStore

_kept: list[Forecaster] = []


def _start(folder: Path, figures: Figures, draws: int, seed: int) -> None:
    """One forecaster a process: what is learned from the whole panel is learned once in each."""
    _kept[:] = [Forecaster(figures, PathStore(folder), draws, seed)]


def _fit_one(code: str) -> str:
    forecaster = _kept[0]
    for trend in (False, True):
        forecaster.fit(resolve(code, forecaster.figures.tables), trend=trend)
    return code


def fit_all(forecaster: Forecaster, processes: int, progress: Callable[[str], None] = lambda _code: None) -> int:
    """Fit and keep every ally that is not kept yet; the number of fits made.

    Parameters
    ----------
    forecaster : says which figures, store, draws and seed.
    processes : how many fit at once.
    progress : called with each ally's code once its fit is kept.
    """
    missing = [ally.code for ally in allies(forecaster.figures.tables).values() if not forecaster.is_kept(ally)]
    if not missing:
        return 0
    arguments = (forecaster.store.folder, forecaster.figures, forecaster.draws, forecaster.seed)
    # Spawned, not forked: a fork of a process with threads may deadlock.
    with ProcessPoolExecutor(min(processes, len(missing)), get_context("spawn"), _start, arguments) as pool:
        for done in as_completed([pool.submit(_fit_one, code) for code in missing]):
            progress(done.result())
    return len(missing)
