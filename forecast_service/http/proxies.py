"""What proxies in front say of a request: believed of as many as the settings name, and never what leads elsewhere."""

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
"""A prefix that stays on this host: not ``//host``, which a browser takes for another one."""
_log = logging.getLogger(__name__)


class PlainPrefix:
    """WSGI middleware, right inside ProxyFix: takes back a prefix that is no plain path.

    The prefix stands before every link, ``Location`` and style sheet of an answer.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        own, said = environ["werkzeug.proxy_fix.orig"]["SCRIPT_NAME"] or "", environ.get("SCRIPT_NAME", "")
        if said != own:
            if PLAIN.fullmatch(said):
                environ["SCRIPT_NAME"] = said.rstrip("/")
            else:
                environ["SCRIPT_NAME"] = own
                structlog.contextvars.clear_contextvars()  # those of the thread's last request
                _log.warning("X-Forwarded-Prefix is ignored, as it is no plain path: %r", said[:200])
        return self._application(environ, start)


def register(app: Flask, settings: Settings) -> None:
    """Let ``app`` believe as many proxies as the settings trust. To be registered after what must see the outcome."""
    if hops := settings.trusted_proxies:
        inside = PlainPrefix(cast(Application, app.wsgi_app))
        app.wsgi_app = ProxyFix(inside, hops, hops, hops, 0, hops)  # type: ignore[method-assign]
