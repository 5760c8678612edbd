"""Every error as ``application/problem+json`` (RFC 9457).

``type`` is stable. ``errors`` names each invalid input by a JSON Pointer into the body (``pointer``) or the name of a
parameter or header (``parameter``), and says what is allowed. A pointer always leads to something that was sent: if the
input at fault was not sent, it leads to what lacks it, and the detail begins with its name. The text of an unexpected
exception goes to the log only.
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, current_app, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException

from forecast_service.errors import Errors, ServiceError
from forecast_service.http.parsing import sent_body, sent_in
from forecast_service.schemas.messages import flatten, placed, unknown_country
from models.dataset.countries import UnknownCountry
from models.dataset.observations import UnknownVintage
from models.errors import CannotForecast
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
    416: ("no-such-part", "The answer has no such part"),
    422: ("invalid-input", "Some input is not allowed"),
    428: ("precondition-required", "Say which version you mean to change"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal", "Something went wrong on our side"),
    503: ("not-ready", "The service is not ready"),
}

MAX_ERRORS = 50
"""How many invalid inputs one answer names at most."""
RESTS_ON = {
    "origin": ("history", "vintage", "country", "code"),
    "component": ("country", "code"),
    "rule": ("scenario",),
    "vintage": ("country", "code"),
}
"""An input that has a default -> the inputs on which it depends whether the default is allowed."""


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
    leaves = ((location, *leaf) for location, inner in messages.items() for leaf in flatten(inner))
    errors = [_placed(location, path, detail) for location, path, detail in islice(leaves, MAX_ERRORS)]
    where = [e.get("parameter") or e.get("pointer") or "the body" for e in errors]
    return problem(422, f"Not allowed: {', '.join(dict.fromkeys(where))}.", errors)


def _placed(location: str, path: tuple[str, ...], detail: str) -> dict[str, str]:
    """The error at ``path`` of the body, of the query or of the object that the query holds."""
    if location == "json":
        return placed(path, detail, sent_body())
    if path and path[0] == sent_in():
        return placed(path[1:], detail, sent_body())
    return {"parameter": path[0] if path else "", "detail": detail}


def from_http(error: HTTPException) -> Response:
    """The problem of an error that Flask, a view or the parser of requests raised."""
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
        416: "The Range begins beyond the end of the answer; Content-Range says how long that is.",
        500: "The error has been logged. Asking again later may help.",
    }
    response = problem(status, data.get("detail") or details.get(status, HTTPStatus(status).phrase), data.get("errors"))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "content-range", "retry-after"}:
            response.headers[name] = value
    return response


def _input(field: str, detail: str, status: int = 422, kind: str | None = None) -> Response:
    """A problem with the input ``field``: a path into the body, whose last part is the name in the query."""
    return problem(status, f"{field.rsplit('/', 1)[-1]}: {detail}", [_named({"field": field, "detail": detail})], kind)


def _named(error: dict[str, str]) -> dict[str, str]:
    """The error with its ``field``, if any, as a parameter or a pointer."""
    if "field" not in error:
        return error
    detail, path = error["detail"], error["field"].split("/")
    first, name, body = path[0], path[-1], sent_body()
    if not _was_sent(first, body) and (other := next((o for o in RESTS_ON.get(name, ()) if _was_sent(o, body)), None)):
        first, path, detail = other, [other], f"{name}: {detail}"
    if _in_address():
        return {"parameter": first if first in request.args else path[-1], "detail": detail}
    if first in request.args and not (isinstance(body, dict) and first in body):
        return {"parameter": first, "detail": detail}
    return placed(path, detail, body)


def _in_address() -> bool:
    """Whether all input is in the address, as parameters."""
    return request.method in {"GET", "HEAD"} and sent_body() is None


def _was_sent(name: str, body: Any) -> bool:
    """Whether the request has an input of this name."""
    return name in request.args or name in (request.view_args or ()) or (isinstance(body, dict) and name in body)


def _refused(error: ServiceError) -> Response:
    response = problem(error.status, error.detail, [_named(each) for each in error.errors], error.kind)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    response.headers.update(error.headers)
    return response


def _unknown_country(error: UnknownCountry) -> Response:
    detail = unknown_country(error)
    if request.view_args and "code" in request.view_args:
        return problem(404, f"code: {detail}", [{"parameter": "code", "detail": detail}], "unknown-country")
    return _input("country", detail, kind="unknown-country")


def _unknown_vintage(error: UnknownVintage) -> Response:
    return _input(error.field, f"must be one of {', '.join(error.known)}")


def _unknown_scenario(error: UnknownScenario) -> Response:
    return _input("scenario", f"must be one of {', '.join(error.known)}", kind="unknown-scenario")


def _cannot(error: CannotForecast) -> Response:
    return _input(f"targets/{error.field}" if error.field == "deadline" else error.field, error.detail)


def _unusable_lever(error: UnusableLever) -> Response:
    kind = "contradictory-levers" if isinstance(error, ContradictoryLevers) else None
    if _in_address():
        return _input("scenario", f"its lever {error.index + 1} cannot be used: {error.detail}", kind=kind)
    # The body of a request to save a scenario is the scenario itself.
    where = "levers" if request.blueprint == "scenarios" else "scenario/levers"
    return _input(f"{where}/{error.index}", error.detail, kind=kind)


def _no_store(error: StoreUnavailable) -> Response:
    detail = f"A fit that this needs is not saved, and cannot be saved: {error.detail}. /readyz says what is missing."
    response = problem(503, detail, None, "state-unavailable")
    response.headers["Retry-After"] = "30"
    return response


def _bad_http(_error: Exception) -> Response:
    detail = "The body ends too early, or its chunks are not framed as HTTP asks."
    return problem(400, detail, [{"pointer": "", "detail": detail}], "bad-http")


def _crash(error: Exception) -> Response:
    current_app.logger.exception("unhandled error on %s %s", request.method, request.path, exc_info=error)
    return problem(500, "The error has been logged. Asking again later may help.")


def register(app: Flask) -> None:
    """Answer every error of ``app`` with a problem."""
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(ServiceError, _refused)
    app.register_error_handler(UnknownCountry, _unknown_country)
    app.register_error_handler(UnknownVintage, _unknown_vintage)
    app.register_error_handler(UnknownScenario, _unknown_scenario)
    app.register_error_handler(CannotForecast, _cannot)
    app.register_error_handler(UnusableLever, _unusable_lever)
    app.register_error_handler(StoreUnavailable, _no_store)
    # gunicorn raises these while the body is read, and closes the connection after the answer.
    app.register_error_handler(ParseException, _bad_http)
    app.register_error_handler(NoMoreData, _bad_http)
    app.register_error_handler(Exception, _crash)
