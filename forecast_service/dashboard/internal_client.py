"""Asks the public API from inside the process: what a page shows is what anyone may fetch, from the same cache."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, json, request, url_for

JSON = "application/json"


class Refused(Exception):
    """The API answered with a problem; ``problem`` is its document (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__()
        self.problem = problem

    @property
    def status(self) -> int:
        return int(self.problem["status"])


def ask(endpoint: str, query: dict[str, Any] | None = None, body: Any = None, accept: str = JSON, **path: Any) -> Any:
    """What the route ``endpoint`` answers to the caller of the present request.

    Parameters
    ----------
    query, body : as a client would send them; a body makes it a POST.
    accept : the form that is wanted.
    path : the parts of the address.

    Returns
    -------
    flask.Response, of whatever status.
    """
    address = url_for(endpoint, **path).removeprefix(request.script_root)
    how: dict[str, Any] = {"base_url": request.url_root, "query_string": query or {}, "headers": {"Accept": accept}}
    if body is not None:
        how |= {"method": "POST", "json": body}
    who = {name: g.get(name) for name in ("caller", "caller_known") if name in g}
    # A context of its own, so that what is noted of the question inside does not mix with the page's own line.
    with current_app.app_context(), current_app.test_request_context(address, **how):
        for name, value in who.items():
            setattr(g, name, value)
        return _dispatch()


def _dispatch() -> Response:
    try:
        return current_app.make_response(current_app.dispatch_request())
    except Exception as error:  # noqa: BLE001  whatever is wrong is said as the API would say it
        return current_app.make_response(current_app.handle_user_exception(error))


def document(endpoint: str, query: dict[str, Any] | None = None, body: Any = None, **path: Any) -> dict[str, Any]:
    """The JSON that the route answers.

    Raises
    ------
    Refused
    """
    response = ask(endpoint, query, body, **path)
    read: dict[str, Any] = json.loads(response.get_data())
    if response.status_code >= 400:
        raise Refused(read)
    return read
