"""The statistics as the service holds them: one forecaster for each edition of the figures."""

from __future__ import annotations

from typing import cast

from flask import current_app

from forecast_service.settings import Settings
from models.allies import allies
from models.forecast import Forecaster
from models.history import load_figures
from models.path_store import PathStore

EXTENSION = "forecast-engine"


class Engine:
    """Forecasters on a shared store of fitted paths."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = PathStore(settings.state_dir / "fits")
        self.current = self.forecaster(settings.vintage)

    def forecaster(self, vintage: str) -> Forecaster:
        """The forecaster on one edition of the figures."""
        return Forecaster(
            load_figures(vintage, sipri=self.settings.sipri), self.store, self.settings.draws, self.settings.seed
        )

    def missing(self) -> list[str]:
        """Codes of the allies whose fit at the current origin is not kept yet."""
        return [ally.code for ally in allies().values() if not self.current.is_kept(ally)]


def engine() -> Engine:
    """The engine of the running application."""
    return cast(Engine, current_app.extensions[EXTENSION])
