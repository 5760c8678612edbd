"""Forwarding headers, trusted from as many proxies as the settings say."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

import structlog
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from forecast_service.settings import Settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PLAIN = re.compile(r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+/?")
"""A prefix on this host; a browser would take ``//host`` for another host."""
_log = logging.getLogger(__name__)


class PlainPrefix:
    """WSGI middleware right inside ProxyFix: ignores a prefix that is not a plain path.

    Every link, ``Location`` and style sheet of an answer starts with the prefix.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        own, forwarded = environ["werkzeug.proxy_fix.orig"]["SCRIPT_NAME"] or "", environ.get("SCRIPT_NAME", "")
        if forwarded != own:
            if PLAIN.fullmatch(forwarded):
                environ["SCRIPT_NAME"] = forwarded.rstrip("/")
            else:
                environ["SCRIPT_NAME"] = own
                structlog.contextvars.clear_contextvars()  # those of the thread's last request
                _log.warning("X-Forwarded-Prefix is ignored, as it is no plain path: %r", forwarded[:200])
        return self._application(environ, start)


def register(app: Flask, settings: Settings) -> None:
    """Let ``app`` trust as many proxies as the settings say. Register this after middleware that needs the result."""
    if hops := settings.trusted_proxies:
        inside = PlainPrefix(cast(Application, app.wsgi_app))
        app.wsgi_app = ProxyFix(inside, hops, hops, hops, 0, hops)  # type: ignore[method-assign]
