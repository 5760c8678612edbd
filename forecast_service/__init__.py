"""forecast_service: the statistics of :mod:`models` over HTTP. Contains no statistics of its own.

The front hall: what lies here beside this file is small, may be used by every room, and knows none of them; but
for ``app.py``, which wires the house, and ``sweep_task.py``, which goes with the next release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from forecast_service.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application: see :func:`forecast_service.app.create_app`."""
    # Imported when an application is made: forecast_service.client and tasks of sweeps do without Flask.
    from models.runtime import prepare

    prepare()
    from forecast_service import app

    return app.create_app(settings)
