"""forecast_service: the statistics of :mod:`models` over HTTP. Contains no statistics of its own."""

from __future__ import annotations

from flask import Flask

from forecast_service.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application.

    Parameters
    ----------
    settings : read from the environment if None.

    Raises
    ------
    BadSetting
        if a variable of the environment cannot be used.
    """
    from forecast_service import api, engine, openapi, problems

    settings = settings or Settings.from_environment()
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the answer keeps the order of the contract
    app.json.compact = True  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.extensions[engine.EXTENSION] = engine.Engine(settings)
    problems.register(app)
    contract = openapi.make_api(app)
    api.register(contract)
    openapi.serve_contract(app)
    return app
