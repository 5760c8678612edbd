"""Adds to the contract the ways to authenticate and the scope that each operation needs."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask

from forecast_service.auth.authentication import EXTENSION, Auth
from forecast_service.auth.scopes import NEEDS
from forecast_service.openapi.operations import endpoints
from forecast_service.settings.auth import API_KEY, JWT, NONE

SCHEMES = {
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key from the operator: fs_<id>_<secret>.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same key, or a token (JWT) of the issuer that the service trusts. "
        "Scopes: read, write, admin.",
    },
}
RESPONSES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 429: "TOO_MANY_REQUESTS", 503: "SERVICE_UNAVAILABLE"}
# The exported contract is that of a service where callers may authenticate but need not.
WAYS: dict[str, tuple[str | None, ...]] = {
    NONE: (None, "apiKey", "bearer"),
    API_KEY: ("apiKey", "bearer"),
    JWT: ("bearer",),
}


def describe(document: dict[str, Any], app: Flask) -> None:
    """Add security schemes and requirements to ``document``, the contract of ``app``."""
    auth = cast(Auth, app.extensions[EXTENSION])
    document.setdefault("components", {})["securitySchemes"] = SCHEMES
    known = endpoints(app)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            scope = NEEDS.get(known.get((path, method.upper()), ""))
            if scope is None:
                continue
            ways = WAYS[auth.settings.auth]
            operation["security"] = [{} if way is None else {way: [scope]} for way in ways]
            for status, name in RESPONSES.items():
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name}"})
