"""Fit every ally ahead of time, in parallel, and save the fits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import as_completed
from pathlib import Path

from models.dataset.countries import resolve
from models.dataset.observations import Figures
from models.forecast.forecaster import Forecaster
from models.processes import computing
from models.runtime import prepare
from models.simulation.path_store import PathStore

_of_process: list[tuple[Forecaster, int]] = []


def _nothing() -> None:
    """What a process of the pool does first, by default."""


def _start(first: Callable[[], None], folder: Path, figures: Figures, draws: int, seed: int, origin: int) -> None:
    """Make the process's only forecaster, so that it learns from the whole panel once."""
    first()
    prepare()
    _of_process[:] = [(Forecaster(figures, PathStore(folder), draws, seed), origin)]


def _fit_one(code: str) -> str:
    return _fit(*_of_process[0], code)


def _fit(forecaster: Forecaster, origin: int, code: str) -> str:
    for trend in (False, True):
        forecaster.fit(resolve(code, forecaster.figures.tables), origin, trend=trend)
    return code


def fit_all(
    forecaster: Forecaster,
    processes: int,
    progress: Callable[[str], None] = lambda _code: None,
    origin: int | None = None,
    first: Callable[[], None] = _nothing,
) -> int:
    """Fit and save every ally that is not saved yet; return how many.

    Parameters
    ----------
    forecaster : says which figures, store, draws and seed.
    processes : how many fit at once; with 1 this process does, which takes less memory than a pool of one.
    progress : called with each ally's code once its fit is saved.
    origin : the last year known; the last of the figures if None.
    first : called first in each process, for what the caller sets in processes, such as a log; it is pickled.
    """
    missing = forecaster.missing(origin)
    if not missing:
        return 0
    year = forecaster.basis.origin(origin)
    if processes == 1:
        for code in missing:
            progress(_fit(forecaster, year, code))
        return len(missing)
    arguments = (first, forecaster.store.folder, forecaster.figures, forecaster.draws, forecaster.seed, year)
    with computing(min(processes, len(missing)), _start, *arguments) as pool:
        for done in as_completed([pool.submit(_fit_one, code) for code in missing]):
            progress(done.result())
    return len(missing)
