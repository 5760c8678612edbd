"""forecast_service: the statistics of :mod:`models` over HTTP. Contains no statistics of its own.

Every subpackage may import the modules of this folder, and they import no subpackage. The exceptions are ``app.py``,
which assembles the application, and ``sweep_task.py``, which the next release deletes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from forecast_service.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application: see :func:`forecast_service.app.create_app`."""
    # Imported here, because forecast_service.client and the tasks of sweeps do not need Flask.
    from models.runtime import prepare

    prepare()
    from forecast_service import app

    return app.create_app(settings)
