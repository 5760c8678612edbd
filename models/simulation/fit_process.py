"""A process that fits for another one: only it loads statsmodels, and it can be ended if a fit takes too long.

``python -m models.simulation.fit_process FD`` reads questions from the socket FD and writes one reply to each
until the other end is closed, or until no question comes for :data:`IDLE_S`. Both are pickled, so the other end must be
the process that started this one.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models.dataset.vintages import VintageStore
from models.errors import CannotForecast
from models.runtime import prepare
from models.simulation.fitter import Fitter
from models.simulation.path_store import Fit

NICENESS = 5
"""The niceness of the process, so that fits yield to requests."""
IDLE_S = 120
"""The process ends, and so frees its memory, after this many seconds without a question."""

Refused = tuple[str, str]
"""The field and the detail of a :class:`CannotForecast`."""
Reply = Fit | Refused | None
"""The answer to a question; None if the models failed, with the traceback on standard error."""


@cache
def fitter(vintages: Path | None, vintage: str, sipri: bool, draws: int, seed: int) -> Fitter:
    """The fitter on a vintage of the figures; cached, so that it learns from the panel once."""
    return Fitter(VintageStore(vintages).figures(vintage, sipri=sipri), draws, seed)


def reply(figures: tuple[Any, ...], method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Reply:
    """The result of a method of :class:`models.simulation.fitter.Fitter`, in the store's form."""
    try:
        fit: Fit = getattr(fitter(*figures), method)(*arguments, **options)
        return fit.as_saved()
    except CannotForecast as refused:
        return refused.field, refused.detail
    except Exception:  # noqa: BLE001  a failed question must not end the process
        sys.excepthook(*sys.exc_info())
        return None


def main() -> None:
    prepare()
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches this process too; its parent ends it
    with Connection(int(sys.argv[1])) as parent:
        while parent.poll(IDLE_S):
            try:
                question = parent.recv()
            except EOFError:  # the parent has ended
                return
            parent.send(reply(*question))


if __name__ == "__main__":
    main()
