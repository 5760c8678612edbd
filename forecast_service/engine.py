"""The statistics as the service holds them: one forecaster for each edition of the figures."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app

from forecast_service.settings import Settings
from models.allies import allies
from models.answer import Forecast
from models.forecast import Forecaster
from models.history import load_figures
from models.path_store import PathStore

EXTENSION = "forecast-engine"


class Engine:
    """Forecasters on a shared store of fitted paths."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = PathStore(settings.state_dir / "fits")
        self._forecasters: dict[str, Forecaster] = {}
        self.current = self.forecaster()

    def forecaster(self, vintage: str | None = None) -> Forecaster:
        """The forecaster on one edition of the figures; on the current one if None."""
        vintage = vintage or self.settings.vintage
        if vintage not in self._forecasters:
            figures = load_figures(vintage, sipri=self.settings.sipri)
            self._forecasters[vintage] = Forecaster(figures, self.store, self.settings.draws, self.settings.seed)
        return self._forecasters[vintage]

    def forecast(self, *, vintage: str | None = None, **question: Any) -> Forecast:
        """The answer to a question as the schemas read it."""
        return self.forecaster(vintage).forecast(**question)

    def missing(self) -> list[str]:
        """Codes of the allies whose fit at the current origin is not kept yet."""
        return [ally.code for ally in allies().values() if not self.current.is_kept(ally)]


def engine() -> Engine:
    """The engine of the running application."""
    return cast(Engine, current_app.extensions[EXTENSION])
