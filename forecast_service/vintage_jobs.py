"""What is done with editions of the figures: between the views, the shelf, the engine and the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from webargs.flaskparser import abort

from forecast_service import refit
from forecast_service.callers import caller
from forecast_service.engine import engine
from forecast_service.store.switch_tables import SwitchRow
from forecast_service.store.switches import AlreadyCurrent, AtTheSameMoment, NothingBefore
from models.allies import allies
from models.history import VINTAGES
from models.vintages import Manifest


def known(name: str) -> str:
    """``name``, if there is an edition of it; 404 otherwise."""
    if name not in engine().vintages():
        abort(404, detail=f"No edition goes by this name; there are {', '.join(engine().vintages())}.")
    return name


def standing(name: str) -> dict[str, Any]:
    """An edition as the service has it."""
    manifest: Manifest = engine().shelf.manifest(known(name))
    figures = engine().forecaster(name).figures
    every, missing = len(allies(figures.tables)), len(engine().missing(name))
    facts = {field: getattr(manifest, field) for field in Manifest.__dataclass_fields__}
    return facts | {
        "current": name == engine().vintage,
        "bundled": name in VINTAGES,
        "origin": figures.origin,
        "fits": {"kept": every - missing, "of": every},
    }


def all_standing() -> dict[str, Any]:
    """All editions."""
    return {"items": [standing(name) for name in engine().vintages()], "next": None}


def current() -> dict[str, Any]:
    """Which edition is current, and the switches that led there."""
    found = engine().switches.read()
    return {"vintage": engine().vintage, "switches": found.rows if found else ()}


def use(body: dict[str, Any]) -> SwitchRow:
    """Switch to an edition, if its fits are kept; otherwise have them made."""
    name, settings = body["vintage"], engine().settings
    if missing := engine().missing(name):
        refit.start_beside(settings, name)
        abort(409, detail=f"{len(missing)} allies are not fitted yet; that has begun beside the service. Ask again.")
    with _conflicts():
        return engine().switches.use(name, settings.vintage, caller(), body.get("ahead_s", settings.switch_ahead))


def roll_back(body: dict[str, Any]) -> SwitchRow:
    """Undo the last switch."""
    settings = engine().settings
    with _conflicts():
        return engine().switches.undo(settings.vintage, caller(), body.get("ahead_s", settings.switch_ahead))


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except AlreadyCurrent:
        abort(409, detail="It is current already, or will be with a switch that is to come.")
    except NothingBefore:
        abort(409, detail="There is no switch to undo.")
    except AtTheSameMoment:
        abort(409, detail="Somebody else switched at the same moment. Read what is current, and decide anew.")
