"""Fitting ahead: every ally's paths, made in parallel and kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from models.allies import allies, resolve
from models.forecast import Forecaster
from models.history import load_figures
from models.path_store import PathStore


def _fit_one(folder: Path, vintage: str, sipri: bool, draws: int, seed: int, code: str) -> str:
    forecaster = _forecaster(folder, vintage, sipri, draws, seed)
    for trend in (False, True):
        forecaster.fit(resolve(code), trend=trend)
    return code


_kept: dict[tuple[object, ...], Forecaster] = {}


def _forecaster(folder: Path, vintage: str, sipri: bool, draws: int, seed: int) -> Forecaster:
    """One forecaster a process: what is learned from the whole panel is learned once in each."""
    key = (folder, vintage, sipri, draws, seed)
    if key not in _kept:
        _kept[key] = Forecaster(load_figures(vintage, sipri=sipri), PathStore(folder), draws, seed)
    return _kept[key]


def fit_all(forecaster: Forecaster, processes: int, progress: Callable[[str], None] = lambda _code: None) -> int:
    """Fit and keep every ally that is not kept yet; the number of fits made.

    Parameters
    ----------
    forecaster : says which figures, store, draws and seed.
    processes : how many fit at once.
    progress : called with each ally's code once its fit is kept.
    """
    missing = [ally.code for ally in allies().values() if not forecaster.is_kept(ally)]
    if not missing:
        return 0
    figures = forecaster.figures
    arguments = (forecaster.store.folder, figures.vintage, figures.sipri, forecaster.draws, forecaster.seed)
    # Spawned, not forked: a fork of a process with threads may deadlock.
    with ProcessPoolExecutor(min(processes, len(missing)), mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_fit_one, *arguments, code) for code in missing]):
            progress(done.result())
    return len(missing)
