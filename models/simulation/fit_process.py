"""The answers of a process that fits for others: only it loads statsmodels, and it can be ended during a fit."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.dataset.observations import UnknownVintage
from models.dataset.vintages import DamagedVintage, VintageStore
from models.errors import CannotForecast
from models.simulation.fitter import Fitter
from models.simulation.path_store import Fit

Refused = tuple[str, str]
"""The field and the detail of a :class:`CannotForecast`."""
Reply = Fit | Refused | None
"""The answer to a question; None if the models failed, with the traceback on standard error."""


@lru_cache(2)
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
    except (UnknownVintage, DamagedVintage):
        raise  # its folder was lost just now: the next process finds it again
    except Exception:  # noqa: BLE001  a failed question must not end the process
        sys.excepthook(*sys.exc_info())
        return None
