"""Refuses every request that saves, changes or deletes something, while ``FORECAST_READ_ONLY`` is set.

Those are the requests that need the scope ``write`` or ``admin`` and are no reads. A request that only computes, such
as ``POST /v1/forecasts``, needs the scope ``read``.
"""

from __future__ import annotations

from flask import Flask, request

from forecast_service.auth.scopes import NEEDS
from forecast_service.callers import READ
from forecast_service.settings import Settings
from forecast_service.store.database import ReadOnly

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def writes() -> bool:
    """Whether the present request may save, change or delete something."""
    known = NEEDS.get(request.endpoint or "")
    return request.method not in SAFE and known not in (None, READ)


def _refuse() -> None:
    if writes():
        raise ReadOnly


def register(app: Flask, settings: Settings) -> None:
    """Refuse writes to ``app`` if the settings say so. Register it after authentication: strangers get 401."""
    if settings.read_only:
        app.before_request(_refuse)
