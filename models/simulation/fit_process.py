"""A process that makes fits for another one: it pays for statsmodels, and can be ended when a fit takes too long.

``python -m models.simulation.fit_process FD`` reads questions from the socket FD and writes one reply to each
until the other end is closed. Both are pickled, so the other end must be the process that started this one.
"""

from __future__ import annotations

import os
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
"""By how much fitting gives way to the answering of requests."""

Refused = tuple[str, str]
"""The field and the detail of a :class:`CannotForecast`."""
Reply = Fit | Refused | None
"""What came of a question; None where the models failed, which is told on standard error."""


@cache
def fitter(vintages: Path | None, vintage: str, sipri: bool, draws: int, seed: int) -> Fitter:
    """The one fitter on a vintage of the figures: what it learns from the panel it learns once."""
    return Fitter(VintageStore(vintages).figures(vintage, sipri=sipri), draws, seed)


def reply(figures: tuple[Any, ...], method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Reply:
    """What :class:`models.simulation.fitter.Fitter` gives, as the store would hand it over."""
    try:
        fit: Fit = getattr(fitter(*figures), method)(*arguments, **options)
        return fit.as_saved()
    except CannotForecast as refused:
        return refused.field, refused.detail
    except Exception:  # noqa: BLE001  whatever it is, the next question deserves an answer
        sys.excepthook(*sys.exc_info())
        return None


def main() -> None:
    prepare()
    os.nice(NICENESS)
    with Connection(int(sys.argv[1])) as asked:
        while True:
            try:
                question = asked.recv()
            except EOFError:  # whoever asked has ended
                return
            asked.send(reply(*question))


if __name__ == "__main__":
    main()
