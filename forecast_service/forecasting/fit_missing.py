"""Makes the missing fits of a vintage, in a background process and not in one that answers requests."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from forecast_service.forecasting.fit_pool import FIT_S, RETRY_S, FitUnavailable
from forecast_service.forecasting.registry import ForecasterRegistry
from forecast_service.observability import log_lines
from forecast_service.processes import spawn_once
from forecast_service.settings import Settings

# The settings that decide where and how to fit; the background process takes all others from the environment.
_SETTINGS = ("state_dir", "fits_dir", "vintage", "sipri", "draws", "seed")


def fit_missing(
    registry: ForecasterRegistry,
    vintage: str,
    processes: int,
    progress: Callable[[str], None] = lambda _code: None,
    origin: int | None = None,
) -> int:
    """Make and save the missing fits of a vintage at an origin (its last year if None); return how many allies.

    One process at a time fits the same vintage and origin. Raises UnknownVintage.
    """
    from models.forecast.fit_all import fit_all

    forecaster = registry.forecaster(vintage)
    registry.store.remove_abandoned()
    if not registry.missing(vintage, origin):
        return 0
    with _alone(registry.store.folder, vintage if origin is None else f"{vintage}-{origin}"):
        made = fit_all(forecaster, processes, progress, origin, _log_likewise())
    registry.prune()
    return made


def _log_likewise() -> Callable[[], None]:
    return partial(log_lines.set_up_like, log_lines.process_facts().get("process"))


def require_affordable_fits(registry: ForecasterRegistry, vintage: str, origin: int, unfitted: int) -> None:
    """Start fitting in the background and raise if ``unfitted`` fits take longer than a request can wait.

    Raises FitUnavailable.
    """
    settings = registry.settings
    if unfitted * FIT_S <= settings.fit_timeout_s:
        return
    past = origin != registry.forecaster(vintage).figures.origin
    fit_in_background(settings, vintage, origin if past else None)
    detail = f"This needs {unfitted} fits that are not made yet. The service has begun to make them: ask again."
    raise FitUnavailable("being-fitted", detail, max(RETRY_S, unfitted))


@contextmanager
def _alone(folder: Path, what: str) -> Iterator[None]:
    """Wait until no other process makes the same fits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".fitting-{what}").open("w") as file:
        with suppress(OSError):  # without file locks two processes may do the same work, with the same result
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fit_in_background(settings: Settings, vintage: str, origin: int | None = None) -> None:
    """Start a process that makes the missing fits of a vintage.

    At most one process makes fits at an earlier ``origin`` than the vintage's last year; readiness does not need them.
    """
    variables = {f"FORECAST_{name.upper()}": str(getattr(settings, name)) for name in _SETTINGS}
    # One process, without a pool, so that a replica's memory suffices.
    fit = ["fit", "--quiet", "--beside", "--processes", "1", "--vintage", vintage]
    command = [sys.executable, "-m", "forecast_service.cli", *fit]
    past = [] if origin is None else ["--origin", str(origin)]
    what = f"fits of {vintage}" if origin is None else "fits of past origins"
    spawn_once(command + past, what, settings.state.turn, os.environ | variables)
