"""forecast_service: the statistics of :mod:`models` over HTTP. Contains no statistics of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported when an application is made: forecast_service.client needs neither
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
    from flask import Flask

    from forecast_service import (
        api,
        auth,
        compression,
        cors,
        engine,
        fit_pool,
        http_cache,
        metrics,
        openapi,
        parsing,
        problems,
        proxies,
        rate_limits,
        security_headers,
        shortcut,
        telemetry,
    )
    from forecast_service.settings import Settings
    from forecast_service.store import database

    settings = settings or Settings.from_environment()
    app = Flask(__name__, static_folder=None)
    # No view is async: Flask would look anew at each function of each request.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the answer keeps the order of the contract
    app.json.compact = True  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    shortcut.register(app, settings)
    proxies.register(app, settings)
    kept = app.extensions[database.EXTENSION] = database.Database(database.database_url(settings))
    app.extensions[engine.EXTENSION] = engine.Engine(settings, kept, fit_pool.register(app, settings))
    # Functions before a request run in this order, those after it in the opposite one.
    telemetry.register(app, settings)
    compression.register(app)
    cors.register(app, settings)
    http_cache.register(app, settings)
    problems.register(app)
    security_headers.register(app)
    auth.register(app, settings)
    rate_limits.register(app, settings)
    parsing.refuse_unread_queries(app)
    contract = openapi.make_api(app)
    api.register(contract)
    if settings.query_method:
        view = "forecasts.post_forecast"
        app.add_url_rule("/v1/forecasts", view, app.view_functions[view], methods=["QUERY"])
    openapi.serve_contract(app)
    metrics.register(app, settings)
    return app
