"""The statistics as the service holds them: one forecaster for each vintage of the figures."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask import current_app, g, has_request_context

from forecast_service.forecasting.current_vintage import CurrentVintage
from forecast_service.forecasting.fit_pool import FitPool, RemoteFitter
from forecast_service.observability import metrics, tracing
from forecast_service.settings import BadSetting, Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import Database
from forecast_service.store.vintage_switches import Switches
from models.dataset.countries import allies
from models.dataset.observations import Figures, UnknownVintage
from models.dataset.tables import VINTAGES
from models.dataset.vintages import DamagedVintage, VintageStore
from models.forecast import Forecaster
from models.simulation.path_store import Fit, FitKey, PathStore

EXTENSION = "forecast-registry"
_log = logging.getLogger(__name__)


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


class ForecasterRegistry:
    """Forecasters on a shared store of fitted paths, one for each vintage of the figures.

    Parameters
    ----------
    database : says which vintage is current; the one that the settings name if None.
    pool : makes what is not kept; this process if None.

    Raises
    ------
    BadSetting
        if the vintage that the settings name is not there.
    """

    def __init__(self, settings: Settings, database: Database | None = None, pool: FitPool | None = None) -> None:
        self.settings = settings
        self.pool = pool
        self.store = CountingStore(settings.state.fits)
        self.store.pool = pool
        if settings.fits_dir:
            self.store.adopt(Path(settings.fits_dir))
        self.vintage_store = VintageStore(settings.state.vintages)
        self._forecasters: dict[str, Forecaster] = {}
        self.switches = Switches(database or Database(database_url(settings)), settings.vintage, settings.switch_ahead)
        self.current_vintage = CurrentVintage(
            lambda: self.switches.read(quiet=True),
            self._prepare,
            settings.vintage,
            settings.state.switches,
            lambda: self.vintages()[len(VINTAGES) :][-1:],  # the one that was imported last
        )
        try:
            self.forecaster(settings.vintage)  # loaded once, before workers are forked
        except UnknownVintage as error:
            names = ", ".join(error.known)
            raise BadSetting(f"FORECAST_VINTAGE: {settings.vintage!r} is not one of {names}") from None

    @property
    def vintage(self) -> str:
        """Name of the current vintage. One request sees one, whatever happens while it is answered."""
        if not has_request_context():
            return self.current_vintage.vintage()
        if "vintage" not in g:
            g.vintage = self.current_vintage.vintage()
        return str(g.vintage)

    @property
    def current(self) -> Forecaster:
        """The forecaster on the current vintage."""
        return self.forecaster(None)

    def forecaster(self, vintage: str | None = None) -> Forecaster:
        """The forecaster on one vintage of the figures; on the current one if None.

        Raises
        ------
        UnknownVintage
            also if its files are damaged, of which the log says more.
        """
        if vintage is None:
            vintage = self.vintage
            if has_request_context():
                g.depends_on_switch = True
        if vintage not in self._forecasters:
            figures = self._figures(vintage)
            draws, seed = self.settings.draws, self.settings.seed
            fitter = RemoteFitter(self.pool, self.vintage_store.folder, figures, draws, seed) if self.pool else None
            self._forecasters.setdefault(vintage, Forecaster(figures, self.store, draws, seed, fitter))
        return self._forecasters[vintage]

    def _figures(self, vintage: str) -> Figures:
        try:
            return self.vintage_store.figures(vintage, sipri=self.settings.sipri)
        except DamagedVintage as error:
            _log.error("vintage %s cannot be read: %s", vintage, error)
        except UnknownVintage:
            pass
        raise UnknownVintage(vintage, self.vintages())

    def known(self, vintage: str, field: str = "vintage") -> str:
        """``vintage``, which the input ``field`` holds, if there is a vintage of this name; for what loads none.

        Raises
        ------
        UnknownVintage
        """
        if vintage not in self.vintages():
            raise UnknownVintage(vintage, self.vintages(), field)
        return vintage

    def vintages(self) -> tuple[str, ...]:
        """Names of the vintages that there are, oldest first."""
        return self.vintage_store.names()

    def observe(self) -> None:
        """Tell Prometheus the headline of every ally, if it will ask: not only of those that somebody asks for."""
        if os.environ.get(metrics.FOLDER):
            current = self.current
            for ally in allies(current.figures.tables).values():
                if current.is_saved(ally):
                    metrics.forecast_made(current.forecast(ally.code), current.figures.origin)

    def count_vintage(self) -> None:
        """Tell Prometheus which vintage this process answers from."""
        current = self.current_vintage.vintage()
        metrics.answers_from(current, set(self._forecasters) - {current})

    def missing(self, vintage: str | None = None, origin: int | None = None) -> list[str]:
        """Codes of the allies whose fits are not kept yet: of the current vintage at its last year, by default."""
        return self.forecaster(vintage).missing(origin)

    def lagging(self) -> list[str]:
        """What keeps this process from the vintage that is current elsewhere; empty if nothing does."""
        wanted = self.current_vintage.lagging()
        return [f"vintage: {wanted} is current, but it or its fits are not here"] if wanted else []

    def status(self) -> dict[str, Any]:
        """The current vintage, and the switch that is to come."""
        coming = self.current_vintage.pending()
        following = coming and {"vintage": coming.vintage, "effective_at": coming.effective_at}
        return {"vintage": self.vintage, "switch": following}

    def _prepare(self, vintage: str) -> bool:
        """Load a vintage; whether it and its fits are there."""
        try:
            return not self.missing(vintage)
        except UnknownVintage:
            return False


def forecasters() -> ForecasterRegistry:
    """The registry of the running application."""
    return cast(ForecasterRegistry, current_app.extensions[EXTENSION])
