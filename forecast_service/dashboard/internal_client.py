"""Calls the public API's routes within the process, so that the page shows what clients get, from the same cache."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, json, request, url_for
from werkzeug.routing import Rule

JSON = "application/json"


class Refused(Exception):
    """The API answered with ``problem`` (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__()
        self.problem = problem

    @property
    def status(self) -> int:
        return int(self.problem["status"])


def ask(endpoint: str, query: dict[str, Any] | None = None, body: Any = None, accept: str = JSON, **path: Any) -> Any:
    """The answer of the route ``endpoint`` to the caller of the current request.

    Parameters
    ----------
    query, body : as clients send them; a request with a body is a POST.
    accept : media type.
    path : parameters of the path.

    Returns
    -------
    flask.Response, with any status.
    """
    address = url_for(endpoint, **path).removeprefix(request.script_root)
    how: dict[str, Any] = {"base_url": request.url_root, "query_string": query or {}, "headers": {"Accept": accept}}
    if address_of := request.remote_addr:
        how["environ_overrides"] = {"REMOTE_ADDR": address_of}  # whose budget is spent
    if body is not None:
        how |= {"method": "POST", "json": body}
    who = {name: g.get(name) for name in ("caller", "caller_known") if name in g}
    # A separate context, so that annotations of this request do not get into the page's log line.
    with current_app.app_context(), current_app.test_request_context(address, **how):
        for name, value in who.items():
            setattr(g, name, value)
        # Not by the address: a slash in a parameter would lead it to another route.
        request.url_rule, request.view_args, request.routing_exception = _rule(endpoint), path, None
        return _dispatch()


def _rule(endpoint: str) -> Rule:
    return next(current_app.url_map.iter_rules(endpoint))


def _dispatch() -> Response:
    try:
        return current_app.make_response(current_app.dispatch_request())
    except Exception as error:  # noqa: BLE001  the API's own handler answers
        return current_app.make_response(current_app.handle_user_exception(error))


def document(endpoint: str, query: dict[str, Any] | None = None, body: Any = None, **path: Any) -> dict[str, Any]:
    """The JSON answer of the route ``endpoint``.

    Raises
    ------
    Refused
    """
    response = ask(endpoint, query, body, **path)
    read: dict[str, Any] = json.loads(response.get_data())
    if response.status_code >= 400:
        raise Refused(read)
    return read
