"""Fits of an edition, made beside the running service: never by what answers requests."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forecast_service.engine import Engine
from forecast_service.settings import Settings

_NICENESS = 10
# What determines where and how it is fitted; all else the process takes from this one's environment.
_SETTINGS = ("state_dir", "fits_dir", "vintage", "sipri", "draws", "seed")


def fit_missing(
    engine: Engine, vintage: str, processes: int, progress: Callable[[str], None] = lambda _code: None
) -> int:
    """Fit and keep what is missing of an edition, one process at a time for each; the number of allies fitted.

    Raises
    ------
    UnknownVintage
    """
    from models.fitting import fit_all

    forecaster = engine.forecaster(vintage)
    if not engine.missing(vintage):
        return 0
    with _alone(engine.store.folder, vintage):
        return fit_all(forecaster, processes, progress)


@contextmanager
def _alone(folder: Path, vintage: str) -> Iterator[None]:
    """Wait until nobody else fits the edition into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".fitting-{vintage}").open("w") as file:
        with suppress(OSError):  # on a file system without locks two may do the same work, and the same comes of it
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def be_beside() -> None:
    """As a process that was started beside others: give way to them, and end with the one that started it."""
    os.nice(_NICENESS)
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    # The group, in which are the processes of the pool too: they would wait for work for ever.
    os.killpg(os.getpgrp(), signal.SIGTERM)


def start_beside(settings: Settings, vintage: str) -> None:
    """Start a process that fits what is missing of an edition, and end with it."""
    given = {f"FORECAST_{name.upper()}": str(getattr(settings, name)) for name in _SETTINGS}
    command = [sys.executable, "-m", "forecast_service.cli", "fit", "--quiet", "--beside", "--vintage", vintage]
    launch(command, os.environ | given)


def launch(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Start a process beside this one, in a group of its own; it is to call :func:`be_beside`."""
    process = subprocess.Popen(  # noqa: S603  no shell, and names that were checked
        command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays
