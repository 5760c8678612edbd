"""The statistics as the service holds them: one forecaster for each edition of the figures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask import current_app

from forecast_service import metrics, telemetry, tracing
from forecast_service.fit_pool import FitPool, RemoteFitter
from forecast_service.resolving import resolve
from forecast_service.settings import Settings
from models.allies import allies
from models.answer import Forecast
from models.forecast import Forecaster
from models.history import load_figures
from models.named import NAMED
from models.path_store import Fit, FitKey, PathStore

EXTENSION = "forecast-engine"


class CountingStore(PathStore):
    """A store of fits that tells of each that had to be made, in a pool if there is one."""

    pool: FitPool | None = None

    def get(self, key: FitKey, make: Callable[[], Fit]) -> Fit:
        """As the original."""

        def made() -> Fit:
            metrics.FITS.inc()
            with tracing.span("fit", country=key.country, origin=key.origin):
                return make()

        if self.pool is None or self.has(key):
            return super().get(key, made)
        with self.pool.admitted():  # before it waits for others that ask for the same
            return super().get(key, made)


class Engine:
    """Forecasters on a shared store of fitted paths; a ``pool`` makes what is not kept, otherwise this process."""

    def __init__(self, settings: Settings, pool: FitPool | None = None) -> None:
        self.settings = settings
        self.pool = pool
        self.store = CountingStore(settings.state_dir / "fits")
        self.store.pool = pool
        if settings.fits_dir:
            self.store.adopt(Path(settings.fits_dir))
        self._forecasters: dict[str, Forecaster] = {}
        self.current = self.forecaster()

    def forecaster(self, vintage: str | None = None) -> Forecaster:
        """The forecaster on one edition of the figures; on the current one if None."""
        vintage = vintage or self.settings.vintage
        if vintage not in self._forecasters:
            figures = load_figures(vintage, sipri=self.settings.sipri)
            draws, seed = self.settings.draws, self.settings.seed
            fitter = RemoteFitter(self.pool, figures, draws, seed) if self.pool else None
            self._forecasters[vintage] = Forecaster(figures, self.store, draws, seed, fitter)
        return self._forecasters[vintage]

    def forecast(self, *, vintage: str | None = None, **question: Any) -> Forecast:
        """The answer to a question as the schemas read it."""
        if "scenario" in question:
            question["scenario"] = resolve(question["scenario"])
        forecaster = self.forecaster(vintage)
        with tracing.span("forecast"):
            answer = forecaster.forecast(**question)
        named = answer.scenario.name if answer.scenario.name in NAMED else "own"
        telemetry.note(country=answer.ally.code, scenario=named)
        if forecaster is self.current and "history" not in question:
            metrics.forecast_made(answer, question.get("targets"), forecaster.figures.origin)
        return answer

    def observe(self) -> None:
        """Tell Prometheus the headline of every ally, if it will ask: not only of those that somebody asks for."""
        if os.environ.get(metrics.FOLDER):
            for ally in allies().values():
                if self.current.is_kept(ally):
                    metrics.forecast_made(self.current.forecast(ally.code), None, self.current.figures.origin)

    def missing(self) -> list[str]:
        """Codes of the allies whose fit at the current origin is not kept yet."""
        return [ally.code for ally in allies().values() if not self.current.is_kept(ally)]


def engine() -> Engine:
    """The engine of the running application."""
    return cast(Engine, current_app.extensions[EXTENSION])
