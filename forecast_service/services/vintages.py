"""What is done with vintages of the figures: between the views, the vintage store, the registry and the store."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import request
from webargs.flaskparser import abort

from forecast_service.callers import caller
from forecast_service.errors import ServiceError
from forecast_service.forecasting import fit_missing, vintage_change_task, vintage_import_task
from forecast_service.forecasting.registry import forecasters
from forecast_service.http.problems import MAX_ERRORS
from forecast_service.store.tables import SwitchRow
from models.dataset.countries import allies
from models.dataset.diff import difference
from models.dataset.tables import VINTAGES
from models.dataset.vintages import Manifest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = ("text/csv", XLSX, "text/tab-separated-values", "application/octet-stream")
"""What a file may be sent as; what it is, is read off the file."""

MOST_BYTES = 10_000_000
"""Largest file that is taken."""
WORKED_OUT_S = 30
"""When to ask again why forecasts moved."""


def known(name: str) -> str:
    """``name``, if there is a vintage of it; 404 otherwise."""
    if name not in forecasters().vintages():
        raise ServiceError(404, f"No vintage goes by this name; there are {', '.join(forecasters().vintages())}.")
    return name


def standing(name: str) -> dict[str, Any]:
    """A vintage as the service has it."""
    manifest: Manifest = forecasters().vintage_store.manifest(known(name))
    figures = forecasters().forecaster(name).figures
    facts = {field: getattr(manifest, field) for field in Manifest.__dataclass_fields__}
    return facts | {
        "current": name == forecasters().vintage,
        "bundled": name in VINTAGES,
        "origin": figures.origin,
    }


def detail(name: str) -> dict[str, Any]:
    """A vintage with how far it is fitted."""
    found, every = standing(name), len(allies(forecasters().forecaster(name).figures.tables))
    return found | {"fits": {"kept": every - len(forecasters().missing(name)), "of": every}}


def all_standing() -> dict[str, Any]:
    """All vintages."""
    return {"items": [standing(name) for name in forecasters().vintages()], "next": None}


def take_in(query: dict[str, Any]) -> dict[str, Any]:
    """Make a new vintage of the file that is the body; it is fitted beside, and current only when it is asked for."""
    settings, vintages = forecasters().settings, forecasters().vintages()
    base = query.get("base", vintages[-1])
    if base not in vintages:
        abort(422, messages={"query": {"base": [f"must be one of {', '.join(vintages)}"]}})
    request.max_content_length = MOST_BYTES  # the largest of the publishers' files exceeds a question
    if request.mimetype not in KINDS:
        raise ServiceError(415, f"Send the file as {', '.join(KINDS)}.")
    if (request.content_length or 0) > MOST_BYTES:
        raise ServiceError(413, f"A file may hold at most {MOST_BYTES:,} bytes.")
    data = request.get_data()
    # Of a chunked body werkzeug hands over what fits, and the rest is lost without a word.
    if request.content_length is None and len(data) >= MOST_BYTES:
        raise ServiceError(413, f"A file may hold at most {MOST_BYTES:,} bytes.")
    if not data:
        raise ServiceError(400, "The body is empty; a file is expected.")
    try:
        found = vintage_import_task.take_in(settings.state_dir, data, query["source"], base, query.get("name"))
    except vintage_import_task.TookTooLong:
        _refuse(["took too long to read, or too much memory: it is no file of this source"])
    if "bad" in found:
        _refuse([f"{found['bad']['where']}: {found['bad']['problem']}"])
    if "bad_name" in found:
        abort(422, messages={"query": {"name": [found["bad_name"]]}})
    if "exists" in found:
        raise ServiceError(409, f"There is a vintage {found['exists']} already, and vintages are never changed.")
    if "nothing_new" in found:
        raise ServiceError(409, f"All its figures are those of {base}: there is nothing to keep.")
    if "name" not in found:
        _refuse([f"{one['where']}: {one['message']}" for one in found["findings"] if one["severity"] == "error"])
    fit_missing.fit_in_background(settings, found["name"])
    return detail(found["name"])


def compare(a: str, b: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What differs between two vintages; why forecasts moved, once that is worked out."""
    tables = forecasters().forecaster(known(b)).figures.tables
    figures = difference(*(forecasters().forecaster(known(name)).figures for name in (a, b)))
    rows = vintage_change_task.kept(forecasters().settings, a, b)
    headers = {}
    if rows is None:
        vintage_change_task.start(forecasters().settings, a, b)
        headers["Retry-After"] = str(WORKED_OUT_S)
    changes = rows and [row | {"country": allies(tables)[row["code"]]} for row in rows]
    return {"before": a, "after": b, "figures": figures, "probabilities": changes}, 200, headers


def _refuse(details: list[str]) -> NoReturn:
    """Nothing was kept, and why: each detail begins with the cell or line."""
    abort(422, messages={"file": {"file": details[:MAX_ERRORS]}})
    raise AssertionError


def current() -> dict[str, Any]:
    """Which vintage is current, and the switches that led there."""
    found = forecasters().switches.read()
    return {"vintage": forecasters().vintage, "switches": found.rows if found else ()}


def use(name: str) -> SwitchRow:
    """Switch to a vintage, if its fits are kept; otherwise have them made."""
    if missing := forecasters().missing(name):
        fit_missing.fit_in_background(forecasters().settings, name)
        raise ServiceError(
            409, f"{len(missing)} allies are not fitted yet; that has begun beside the service. Ask again."
        )
    return forecasters().switches.use(name, caller())


def roll_back() -> SwitchRow:
    """Undo the last switch."""
    return forecasters().switches.undo(caller())
