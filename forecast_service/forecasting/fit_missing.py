"""Fits of a vintage, made beside the running service: never by what answers requests."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forecast_service.forecasting.fit_pool import FIT_S, RETRY_S, FitUnavailable
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.processes import spawn_once
from forecast_service.settings import Settings

# What determines where and how it is fitted; all else the process takes from this one's environment.
_SETTINGS = ("state_dir", "fits_dir", "vintage", "sipri", "draws", "seed")


def fit_missing(
    registry: ForecasterRegistry,
    vintage: str,
    processes: int,
    progress: Callable[[str], None] = lambda _code: None,
    origin: int | None = None,
) -> int:
    """Fit and keep what is missing of a vintage at an origin, by default its last year; the number of allies fitted.

    One process does so at a time, for each vintage and origin.

    Raises
    ------
    UnknownVintage
    """
    from models.forecast.fit_all import fit_all

    forecaster = registry.forecaster(vintage)
    if not registry.missing(vintage, origin):
        return 0
    with _alone(registry.store.folder, vintage if origin is None else f"{vintage}-{origin}"):
        return fit_all(forecaster, processes, progress, origin)


def require_affordable_fits(registry: ForecasterRegistry, vintage: str, origin: int, unfitted: int) -> None:
    """Have the fits of all allies made beside the service if a request could not wait for as many.

    Raises
    ------
    FitUnavailable
        if so: it is to be asked again.
    """
    settings = registry.settings
    if unfitted * FIT_S <= settings.fit_timeout_s:
        return
    past = origin != registry.forecaster(vintage).figures.origin
    fit_in_background(settings, vintage, origin if past else None)
    detail = f"{unfitted} fits that this needs are not kept. They are made beside the service: ask again."
    raise FitUnavailable("being-fitted", detail, max(RETRY_S, unfitted))


@contextmanager
def _alone(folder: Path, what: str) -> Iterator[None]:
    """Wait until nobody else fits the same into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".fitting-{what}").open("w") as file:
        with suppress(OSError):  # on a file system without locks two may do the same work, and the same comes of it
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fit_in_background(settings: Settings, vintage: str, origin: int | None = None) -> None:
    """Start a process that fits what is missing of a vintage, and ends then.

    Of fits at another origin than the vintage's last year, which nobody needs to be ready, one process runs at a time.
    """
    given = {f"FORECAST_{name.upper()}": str(getattr(settings, name)) for name in _SETTINGS}
    command = [sys.executable, "-m", "forecast_service.cli", "fit", "--quiet", "--beside", "--vintage", vintage]
    past = [] if origin is None else ["--origin", str(origin)]
    spawn_once(command + past, f"fit {vintage}" if origin is None else "fit the past", os.environ | given)
