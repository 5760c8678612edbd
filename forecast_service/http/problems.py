"""Errors as RFC 9457 ``application/problem+json``: one shape for everything that goes wrong.

``type`` is stable and may be relied on; ``errors`` names each offending input with a JSON Pointer into
the body (``pointer``) or the name of a parameter (``parameter``), and says what is allowed. No
exception's own text leaves the service.
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, current_app, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException

from forecast_service.charts.renderer import DrawerBusy
from forecast_service.schemas.messages import flatten, pointer
from forecast_service.services.scenario_lookup import ModelGone, OldForm, UnknownKept
from forecast_service.settings.panel import shipped
from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.scenarios import KeyReused, NoRoom, NoSuchScenario, NotTheOwner, Stale
from forecast_service.store.sweeps import TooManyOpen
from models.dataset.countries import UnknownCountry
from models.dataset.observations import UnknownVintage
from models.errors import CannotForecast
from models.evaluation.published import NoTrackRecord
from models.scenarios.builtin import UnknownScenario
from models.scenarios.scenario import ContradictoryLevers, UnusableLever
from models.simulation.path_store import StoreUnavailable

CONTENT_TYPE = "application/problem+json"
PREFIX = "urn:forecast-service:problem:"

# status -> (the last part of the type, title)
KINDS: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("unauthorized", "It is not known who you are"),
    403: ("forbidden", "You may not do that"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method-not-allowed", "This address does not take that method"),
    406: ("not-acceptable", "It is not offered in that form"),
    408: ("too-slow", "The request took too long to arrive"),
    409: ("conflict", "That cannot be done as things stand"),
    410: ("gone", "That is not kept any more"),
    412: ("precondition-failed", "It has changed in the meantime"),
    413: ("too-large", "The body is too large"),
    415: ("unsupported-media-type", "The body is of a type that is not taken here"),
    422: ("invalid-input", "Some input is not allowed"),
    428: ("precondition-required", "Say which version you mean to change"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal", "Something went wrong on our side"),
    503: ("not-ready", "The service is not ready"),
}

Errors = list[dict[str, str]]

MAX_ERRORS = 50
"""How many offending inputs one answer names."""


def problem(status: int, detail: str, errors: Errors | None = None, kind: str | None = None) -> Response:
    """A problem+json response."""
    default_kind, title = KINDS.get(status, ("other", HTTPStatus(status).phrase))
    body: dict[str, Any] = {
        "type": PREFIX + (kind or default_kind),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(request.path),
    }
    if errors:
        body["errors"] = errors
    return Response(json.dumps(body), status=status, content_type=CONTENT_TYPE)


def _invalid(messages: dict[str, Any]) -> Response:
    errors: Errors = []
    leaves = ((location, *leaf) for location, inner in messages.items() for leaf in flatten(inner))
    for location, path, detail in islice(leaves, MAX_ERRORS):
        if location != "json":
            errors.append({"parameter": path[0] if path else "", "detail": detail})
        else:
            errors.append({"pointer": pointer(path), "detail": detail})
    where = [e.get("parameter") or e.get("pointer", "") for e in errors]
    return problem(422, f"Not allowed: {', '.join(dict.fromkeys(where))}.", errors)


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    if status == 422 and isinstance(data.get("messages"), dict):
        return _invalid(data["messages"])
    details = {
        400: "The request could not be understood.",
        404: f"Nothing is served at {request.path}.",
        405: f"{request.method} is not possible here.",
        408: "A request must arrive within seconds of its first byte. Send it again.",
        429: "The limit of requests is reached. Retry-After says when to ask again.",
        413: f"A body may hold at most {current_app.config['MAX_CONTENT_LENGTH']:,} bytes.",
        500: "The error has been logged. Asking again later may help.",
    }
    response = problem(status, data.get("detail") or details.get(status, HTTPStatus(status).phrase), data.get("errors"))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _input(field: str, detail: str, status: int = 422, kind: str | None = None) -> Response:
    """A problem with one input, which the query calls ``field`` and a body holds under it."""
    if request.method in {"GET", "HEAD"}:
        error = {"parameter": field.rsplit("/", 1)[-1], "detail": detail}
    else:
        error = {"pointer": "/" + field, "detail": detail}
    return problem(status, f"{field.rsplit('/', 1)[-1]}: {detail}", [error], kind)


def _unknown_country(_error: UnknownCountry) -> Response:
    detail = "no ally goes by this code or name; GET /v1/countries lists them"
    if request.view_args and "code" in request.view_args:
        return problem(404, f"code: {detail}", [{"parameter": "code", "detail": detail}], "unknown-country")
    return _input("country", detail, kind="unknown-country")


def _unknown_vintage(error: UnknownVintage) -> Response:
    location = "query" if request.method in {"GET", "HEAD"} else "json"
    return _invalid({location: {"vintage": [f"must be one of {', '.join(error.known)}"]}})


def _no_track_record(_error: NoTrackRecord) -> Response:
    return problem(404, "No track record was made of the panel that is served.")


def _unknown_scenario(error: UnknownScenario) -> Response:
    if isinstance(error, UnknownKept):
        detail = "no scenario that ships or that you may read goes by this name or id; GET /v1/scenarios lists them"
        return _input(error.field, detail, kind="unknown-scenario")
    return _input("scenario", f"must be one of {', '.join(shipped())}", kind="unknown-scenario")


def _cannot(error: CannotForecast) -> Response:
    inside_targets = request.method != "GET" and error.field == "deadline"
    return _input(f"targets/{error.field}" if inside_targets else error.field, error.detail)


def _unusable_lever(error: UnusableLever) -> Response:
    kind = "contradictory-levers" if isinstance(error, ContradictoryLevers) else None
    if request.method in {"GET", "HEAD"}:
        return _input("scenario", f"its lever {error.index} cannot be used: {error.detail}", kind=kind)
    # Where scenarios are kept, the body is the scenario itself.
    where = "levers" if request.blueprint == "scenarios" else "scenario/levers"
    return _input(f"{where}/{error.index}", error.detail, kind=kind)


def _no_such_scenario(_error: NoSuchScenario) -> Response:
    return problem(404, "There is no kept scenario, or no version of it, at this address.", kind="no-such-scenario")


def _not_the_owner(_error: NotTheOwner) -> Response:
    return problem(403, "Only its owner may change it. POST to its fork to have a copy of your own.")


def _stale(_error: Stale) -> Response:
    return problem(412, "If-Match names a version that is not current. Read it again, and apply your change to that.")


def _no_room(error: NoRoom) -> Response:
    detail = f"You keep {error.limit:,} bytes of scenarios, with all versions and those deleted: no more is possible."
    return problem(409, detail, kind="no-room")


def _too_many_open(error: TooManyOpen) -> Response:
    detail = f"You have {error.limit} sweeps that have not finished; wait for one, or cancel it."
    response = problem(429, detail, kind="too-many-open-sweeps")
    response.headers["Retry-After"] = "30"
    return response


def _key_reused(_error: KeyReused) -> Response:
    error = {"parameter": "Idempotency-Key", "detail": "belongs to an earlier request that was a different one"}
    return problem(422, "Idempotency-Key: " + error["detail"], [error], "key-reused")


def _model_gone(error: ModelGone) -> Response:
    written = f"model {error.model_version} and {error.vintage}"
    return problem(
        410,
        f"It was written for {written}, and no answer to this was kept then. Ask with model=latest.",
        None,
        "model-gone",
    )


def _old_form(_error: OldForm) -> Response:
    return problem(409, "It uses levers that this release does not have in this form.", kind="old-form")


def _no_database(error: DatabaseUnavailable) -> Response:
    response = problem(
        503, f"The database of scenarios: {error.detail}. Forecasts work without it.", None, "no-database"
    )
    response.headers["Retry-After"] = "5"
    return response


def _no_store(error: StoreUnavailable) -> Response:
    detail = f"A fit that this needs is not kept, and cannot be: {error.detail}. /readyz says what is missing."
    response = problem(503, detail, None, "state-unavailable")
    response.headers["Retry-After"] = "30"
    return response


def _drawer_busy(_error: DrawerBusy) -> Response:
    response = problem(503, "Too many pictures are asked for at once. Their figures are there.", None, "drawing-busy")
    response.headers["Retry-After"] = "2"
    return response


def _bad_http(_error: Exception) -> Response:
    detail = "The body ends too early, or its chunks are not framed as HTTP asks."
    return problem(400, detail, [{"pointer": "", "detail": detail}], "bad-http")


def _crash(error: Exception) -> Response:
    current_app.logger.exception("unhandled error on %s %s", request.method, request.path, exc_info=error)
    return problem(500, "The error has been logged. Asking again later may help.")


def register(app: Flask) -> None:
    """Make every error of ``app`` a problem+json."""
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(UnknownCountry, _unknown_country)
    app.register_error_handler(UnknownVintage, _unknown_vintage)
    app.register_error_handler(UnknownScenario, _unknown_scenario)
    app.register_error_handler(NoTrackRecord, _no_track_record)
    app.register_error_handler(CannotForecast, _cannot)
    app.register_error_handler(UnusableLever, _unusable_lever)
    app.register_error_handler(NoSuchScenario, _no_such_scenario)
    app.register_error_handler(NotTheOwner, _not_the_owner)
    app.register_error_handler(Stale, _stale)
    app.register_error_handler(KeyReused, _key_reused)
    app.register_error_handler(NoRoom, _no_room)
    app.register_error_handler(TooManyOpen, _too_many_open)
    app.register_error_handler(ModelGone, _model_gone)
    app.register_error_handler(OldForm, _old_form)
    app.register_error_handler(DatabaseUnavailable, _no_database)
    app.register_error_handler(DrawerBusy, _drawer_busy)
    app.register_error_handler(StoreUnavailable, _no_store)
    # What gunicorn finds wrong with a body when it is read, after which it closes the connection.
    app.register_error_handler(ParseException, _bad_http)
    app.register_error_handler(NoMoreData, _bad_http)
    app.register_error_handler(Exception, _crash)
