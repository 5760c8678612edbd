"""One address for each thing: the same thing under another spelling of its address is not found."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, request, url_for
from webargs.flaskparser import abort

_ODD_PART = re.compile(r"/\.{0,2}(?:/|$)")
"""An empty part, ``.`` or ``..``; also a slash at the end."""


def hides_slash(environ: dict[str, Any]) -> bool:
    """Whether the address has an encoded slash, which ``PATH_INFO`` does not tell from a plain one."""
    raw: str = environ.get("RAW_URI", "")
    return "%" in raw and "%2f" in raw.partition("?")[0].lower()


def _is_odd(environ: dict[str, Any]) -> bool:
    path = environ.get("PATH_INFO", "")  # not request.path, in which two slashes at the beginning are one
    return hides_slash(environ) or (path != "/" and _ODD_PART.search(path) is not None)


def absolute(endpoint: str, public_address: str, **values: Any) -> str:
    """The address of a route with scheme and host: below ``public_address``, if not "", or the request's own host."""
    address = url_for(endpoint, **values)
    base = public_address or request.url_root
    return base.rstrip("/") + address.removeprefix(request.script_root)


def register(app: Flask) -> None:
    """Refuse odd addresses, which werkzeug would redirect with a page of its own, or answer as if they were right."""
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False

    @app.before_request
    def refuse() -> None:
        if _is_odd(request.environ):
            path = request.environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
            odd = "an address has no empty part, no '.' or '..', no encoded slash, and none at its end"
            abort(404, detail=f"Nothing is served at {path}: {odd}.")
