"""Assembles the application: registers the part of every subpackage, in order."""

from __future__ import annotations

from flask import Flask

from forecast_service import api, dashboard
from forecast_service.auth import authentication, read_only
from forecast_service.dashboard import docs
from forecast_service.forecasting import fit_pool, registry
from forecast_service.forecasting.validity import AnswerValidity
from forecast_service.http import (
    addresses,
    answers,
    budget,
    compression,
    cors,
    fast_path,
    parsing,
    problems,
    proxies,
    rate_limits,
    security_headers,
)
from forecast_service.observability import metrics, telemetry
from forecast_service.openapi import spec
from forecast_service.services import admission, operations
from forecast_service.settings import Settings
from forecast_service.store import database


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application, with settings from the environment if None are given.

    Raises BadSetting if a variable of the environment has an invalid value.
    """
    settings = settings or Settings.from_environment()
    app = Flask("forecast_service", static_folder=None)
    # No view is async, so Flask need not check every function of every request.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the answer keeps the order of the contract
    app.json.compact = True  # type: ignore[attr-defined]
    fast_path.register(app, settings, lambda *request: app.extensions[authentication.EXTENSION].allowed(*request))
    proxies.register(app, settings)
    storage = app.extensions[database.EXTENSION] = database.Database.configured(settings)
    forecasters = app.extensions[registry.EXTENSION] = registry.ForecasterRegistry(
        settings, storage, fit_pool.pool_of(settings)
    )
    # Flask runs before_request functions in this order and after_request functions in reverse.
    telemetry.register(app, settings)
    compression.register(app)
    addresses.register(app)
    cors.register(app, settings)
    answers.register(app, settings, AnswerValidity(forecasters))
    problems.register(app)
    security_headers.register(app)
    authentication.register(app, settings)
    budget.register(app, settings)
    admission.register(app, settings)
    rate_limits.register(app, settings)
    read_only.register(app, settings)
    parsing.refuse_unread_queries(app)
    contract = spec.make_api(app)
    api.register(contract)
    app.register_blueprint(dashboard.blp)
    app.register_blueprint(docs.blp)
    docs.serve_contract(app)
    metrics.register(app, settings)
    operations.register(app)
    return app
