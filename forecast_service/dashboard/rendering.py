"""Renders pages: who may see numbers, pages for refusals and errors, and the variables of all templates."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, make_response, render_template, request
from werkzeug.exceptions import NotFound

from forecast_service import formatting
from forecast_service.auth import authentication
from forecast_service.callers import READ
from forecast_service.dashboard import assets, charts, lever_form, page_state, text
from forecast_service.dashboard.internal_client import Refused
from forecast_service.dashboard.pages import search
from forecast_service.forecasting.registry import forecasters
from forecast_service.http import problems
from forecast_service.http.security_headers import FRAMED, PAGE
from forecast_service.settings import auth
from forecast_service.version import VERSION
from models.forecast import MODEL_VERSION

POLICY = PAGE.replace("form-action 'none'", "form-action 'self'")
EMBEDDED = f"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; {FRAMED}"
"""The policy of a page that others may frame: it has no script and no form, so a click on it can do no harm."""

View = Callable[..., Any]

REASONS = {
    401: "This service asks callers who they are and does not know you yet.",
    403: "Your key is known, but it may not read forecasts.",
    429: "Too many wrong keys came from your address.",
    503: "The service cannot check callers at the moment.",
}


def page(template: str, *, numbers: bool = True, embedded: bool = False) -> Callable[[View], View]:
    """Decorate a view: pass it the state and render ``template`` with the dict that it returns.

    Parameters
    ----------
    numbers : whether the page shows the API's answers. Callers who may not read them get a form for a key instead.
    embedded : whether other sites may frame it. It then says itself what is refused, without a form.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(**path: Any) -> Response:
            state = page_state.read()
            refusal = current_app.extensions[authentication.EXTENSION].refusal(READ) if numbers else None
            if refusal is not None:
                response = _locked(state, refusal, template if embedded else "locked")
            else:
                response = _answer(template, state, lambda: view(state, **path), template if embedded else "error")
            if embedded:
                response.headers["Content-Security-Policy"] = EMBEDDED
                response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            return response

        return wrapper

    return decorator


def _locked(state: page_state.State, refusal: Response, template: str) -> Response:
    """The page for callers who may not see the numbers."""
    status, wait = refusal.status_code, refusal.headers.get("Retry-After")
    # 200 if another key could help: the page has a form for it. If only waiting helps, the refusal's own status.
    locked = _html(template, state, status if wait else 200, reason=REASONS[status], refused=status, wait=wait)
    locked.headers["Cache-Control"] = "no-store"
    if wait:
        locked.headers["Retry-After"] = wait
    return locked


def _answer(template: str, state: page_state.State, view: Callable[[], Any], failed: str) -> Response:
    try:
        found = view()
    except Refused as refused:
        misspelt = failed == "error" and refused.problem["type"].endswith(":unknown-country")
        if misspelt and (found := search.unknown(state)):
            return _html("countries", state, found.pop("status"), **found)
        return _html(failed, state, refused.status, problem=refused.problem)
    except Exception as error:
        current_app.logger.exception("unhandled error on %s", request.path, exc_info=error)
        problem = {"status": 500, "title": "Something went wrong on our side", "detail": "The error has been logged."}
        return _html(failed, state, 500, problem=problem)
    if isinstance(found, dict):
        return _html(template, state, found.pop("status", 200), **found)
    return make_response(found)


def not_found(error: NotFound) -> Response:
    """A problem; outside the API the page that shows it, to a client that asks for HTML."""
    problem = problems.from_http(error)
    wanted = request.accept_mimetypes.best_match([problems.CONTENT_TYPE, "text/html"])
    if request.path.startswith("/v1/") or wanted != "text/html":
        return problem
    response = _html("error", page_state.read(), 404, problem=problem.get_json())
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _html(template: str, state: page_state.State, status: int, **context: Any) -> Response:
    settings, static_site = forecasters().settings, current_app.config.get("STATIC_SITE", False)
    needs_key = settings.auth != auth.NONE or bool(settings.identity_header)
    everywhere = {
        "state": state,
        "text": text,
        "formatting": formatting,
        "charts": charts,
        "asset": assets.address,
        "controls": lever_form.CONTROLS,
        "freezes": lever_form.FREEZES,
        "needs_key": needs_key,
        "static_site": static_site,
        "names_feeds": not (static_site or needs_key),  # a browser that follows a link sends no key
        "credential": "token" if settings.auth == auth.JWT else "key",
        "running": {"service": VERSION, "model": MODEL_VERSION, "vintage": settings.vintage, "sipri": settings.sipri},
    }
    return make_response(render_template(f"dashboard/{template}.html", **everywhere | context), status)
