"""List, import, compare and switch vintages of the figures."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import request
from webargs.flaskparser import abort

from forecast_service.callers import caller
from forecast_service.errors import ServiceError
from forecast_service.forecasting import fit_missing, vintage_change_task, vintage_import_task
from forecast_service.forecasting.registry import forecasters
from forecast_service.http.parsing import refuse_compressed
from forecast_service.http.problems import MAX_ERRORS
from forecast_service.store.tables import SwitchRow
from models.dataset.countries import allies
from models.dataset.diff import difference
from models.dataset.tables import VINTAGES
from models.dataset.vintages import Manifest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = ("text/csv", XLSX, "text/tab-separated-values", "application/octet-stream")
"""Content types that an upload may have; the importer finds the real format from the file itself."""

MOST_BYTES = 10_000_000
"""Size of the largest file that is accepted."""
WORKED_OUT_S = 30
"""Retry-After while the change of the forecasts is being computed (s)."""


def known(name: str) -> str:
    """``name``, if there is a vintage of it; 404 otherwise."""
    if not forecasters().has(name):
        raise ServiceError(404, f"No vintage has this name; there are {', '.join(forecasters().vintages())}.")
    return name


def summary(name: str) -> dict[str, Any]:
    """The facts about a vintage."""
    manifest: Manifest = forecasters().vintage_store.manifest(known(name))
    figures = forecasters().forecaster(name).figures
    facts = {field: getattr(manifest, field) for field in Manifest.__dataclass_fields__}
    return facts | {
        "current": name == forecasters().vintage,
        "bundled": name in VINTAGES,
        "origin": figures.origin,
    }


def detail(name: str) -> dict[str, Any]:
    """The facts about a vintage, and how many of its allies are fitted."""
    facts, count = summary(name), len(allies(forecasters().forecaster(name).figures.tables))
    return facts | {"fits": {"kept": count - len(forecasters().missing(name)), "of": count}}


def summaries() -> dict[str, Any]:
    return {"items": [summary(name) for name in forecasters().vintages()], "next": None}


def take_in(query: dict[str, Any]) -> dict[str, Any]:
    """Import the file in the body as a new vintage and fit it in the background; an operator makes it current later."""
    settings = forecasters().settings
    base = query.get("base", forecasters().vintages()[-1])
    if not forecasters().has(base):
        abort(422, messages={"query": {"base": [f"must be one of {', '.join(forecasters().vintages())}"]}})
    request.max_content_length = MOST_BYTES  # publishers' files are larger than the limit for other requests
    refuse_compressed(request)
    if request.mimetype not in KINDS:
        wrong = {"parameter": "Content-Type", "detail": f"must be one of {', '.join(KINDS)}"}
        raise ServiceError(415, f"Send the file as {', '.join(KINDS)}.", errors=[wrong])
    if (request.content_length or 0) > MOST_BYTES:
        raise ServiceError(413, f"A file may hold at most {MOST_BYTES:,} bytes.")
    data = request.get_data()
    # werkzeug silently cuts a chunked body at the limit.
    if request.content_length is None and len(data) >= MOST_BYTES:
        raise ServiceError(413, f"A file may hold at most {MOST_BYTES:,} bytes.")
    if not data:
        raise ServiceError(400, "The body is empty; a file is expected.")
    try:
        outcome = vintage_import_task.take_in(
            settings, data, query["source"], base, query.get("name"), query["filename"]
        )
    except vintage_import_task.TookTooLong:
        _refuse(["took too much time or memory to read: it is not a file of this source"])
    if "bad" in outcome:
        _refuse([f"{outcome['bad']['where']}: {outcome['bad']['problem']}"])
    if "bad_name" in outcome:
        abort(422, messages={"query": {"name": [outcome["bad_name"]]}})
    if "exists" in outcome:
        raise ServiceError(409, f"There is a vintage {outcome['exists']} already, and vintages are never changed.")
    if "nothing_new" in outcome:
        raise ServiceError(409, f"All its figures are those of {base}: there is nothing to save.")
    if "name" not in outcome:
        _refuse([f"{one['where']}: {one['message']}" for one in outcome["findings"] if one["severity"] == "error"])
    fit_missing.fit_in_background(settings, outcome["name"])
    return detail(outcome["name"])


def compare(a: str, b: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The differences between two vintages, and why forecasts moved once that is computed."""
    tables = forecasters().forecaster(known(b)).figures.tables
    figures = difference(*(forecasters().forecaster(known(name)).figures for name in (a, b)))
    rows = vintage_change_task.saved(forecasters().settings, a, b)
    headers = {}
    if rows is None:
        for name in (a, b):
            forecasters().vintage_store.require_copy(name)  # the process has no database
        vintage_change_task.start(forecasters().settings, a, b)
        headers["Retry-After"] = str(WORKED_OUT_S)
    changes = rows and [row | {"country": allies(tables)[row["code"]]} for row in rows]
    return {"before": a, "after": b, "figures": figures, "probabilities": changes}, 200, headers


def _refuse(details: list[str]) -> NoReturn:
    """Refuse a file; each detail begins with the cell or line at fault."""
    if len(details) > MAX_ERRORS:
        details = [*details[: MAX_ERRORS - 1], f"and {len(details) - MAX_ERRORS + 1} more errors"]
    abort(422, messages={"file": {"file": details}})
    raise AssertionError


def current() -> dict[str, Any]:
    """The current vintage and the latest switches."""
    reading = forecasters().switches.read()
    return {"vintage": forecasters().vintage, "switches": reading.rows if reading else ()}


def use(name: str) -> SwitchRow:
    """Switch to a vintage whose fits are saved; otherwise start fitting it and refuse."""
    if missing := forecasters().missing(name):
        fit_missing.fit_in_background(forecasters().settings, name)
        raise ServiceError(
            409, f"{len(missing)} allies are not fitted yet. The service has begun to fit them: ask again."
        )
    return forecasters().switches.use(name, caller())


def roll_back() -> SwitchRow:
    """Undo the last switch."""
    return forecasters().switches.undo(caller())
