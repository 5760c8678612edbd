"""The registry of forecasters, one for each vintage of the figures."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask import current_app, g, has_request_context

from forecast_service.forecasting.current_vintage import CurrentVintage
from forecast_service.forecasting.fit_pool import FitPool, RemoteFitter
from forecast_service.forecasting.fit_pruning import prune_fits
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
from models.simulation.pruning import note_use

EXTENSION = "forecast-registry"
NOTED_S = 3600.0
"""How often the use of a fit is written down (s)."""
_log = logging.getLogger(__name__)


class CountingStore(PathStore):
    """A store of fits that counts and traces each fit it has to make, in a pool if there is one.

    Parameters
    ----------
    prune : called after the pool has made a fit.
    """

    def __init__(self, folder: Path, pool: FitPool | None, prune: Callable[[], None]) -> None:
        super().__init__(folder)
        self.pool = pool
        self._prune = prune
        self._noted: dict[FitKey, float] = {}  # when each use was written down

    def get(self, key: FitKey, make: Callable[[], Fit]) -> Fit:
        def made() -> Fit:
            metrics.FITS.inc()
            with tracing.span("fit", country=key.country, origin=key.origin):
                return make()

        if self.pool is None or self.has(key):
            self._note_use(key)
            return super().get(key, made)
        with self.pool.admitted():  # before super().get waits for other threads that need the same fit
            fit = super().get(key, made)
        self._prune()
        return fit

    def _note_use(self, key: FitKey) -> None:
        now = time.monotonic()
        if now > self._noted.get(key, -math.inf) + NOTED_S:
            self._noted[key] = now
            note_use(self.folder / f"{key.stem}.json")


class ForecasterRegistry:
    """Forecasters on a shared store of fitted paths, one for each vintage of the figures.

    Parameters
    ----------
    database : holds the switches between vintages; the one in the settings if None.
    pool : makes the fits that are not saved; this process makes them if None.

    Raises
    ------
    BadSetting
        if the vintage in the settings does not exist.
    """

    def __init__(self, settings: Settings, database: Database | None = None, pool: FitPool | None = None) -> None:
        self.settings = settings
        self.pool = pool
        self.store = CountingStore(settings.state.fits, pool, self.prune)
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
            lambda: self.vintages()[len(VINTAGES) :][-1:],  # the latest import
        )
        try:
            self.forecaster(settings.vintage)  # loaded once, before gunicorn forks its workers
        except UnknownVintage as error:
            names = ", ".join(error.known)
            raise BadSetting(f"FORECAST_VINTAGE: {settings.vintage!r} is not one of {names}") from None

    @property
    def vintage(self) -> str:
        """Name of the current vintage. It does not change during a request."""
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

        Raises UnknownVintage also if its files are damaged; the log then has the details.
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
        """Check the name of a vintage without loading it, and return it; ``field`` is the input that holds it.

        Raises UnknownVintage.
        """
        if vintage not in self.vintages():
            raise UnknownVintage(vintage, self.vintages(), field)
        return vintage

    def vintages(self) -> tuple[str, ...]:
        """Names of all vintages, oldest first."""
        return self.vintage_store.names()

    def observe(self) -> str | None:
        """Record the headline of every ally with a saved fit; return the vintage, or None if fits are missing."""
        current = self.current
        complete = not current.missing()  # before the others: fits may be saved meanwhile
        for ally in allies(current.figures.tables).values():
            if current.is_saved(ally):
                metrics.forecast_made(current.forecast(ally.code))
        return current.figures.vintage if complete else None

    def count_vintage(self) -> None:
        """Record for Prometheus which vintage this process answers from."""
        current = self.current_vintage.vintage()
        metrics.answers_from(current, set(self._forecasters) - {current})

    def missing(self, vintage: str | None = None, origin: int | None = None) -> list[str]:
        """Codes of the allies whose fits are not saved: of the current vintage at its last year, by default."""
        return self.forecaster(vintage).missing(origin)

    def lagging(self) -> list[str]:
        """Why this process does not answer from the vintage that is due; empty if it does."""
        due = self.current_vintage.lagging()
        return [f"vintage: {due} is current, but it or its fits are not here"] if due else []

    def prune(self) -> None:
        """Delete fits of past questions beyond the quota."""
        prune_fits(self.settings, self.current_vintage.needed())

    def status(self) -> dict[str, Any]:
        """The current vintage and the next switch."""
        pending = self.current_vintage.pending()
        switch = pending and {"vintage": pending.vintage, "effective_at": pending.effective_at}
        return {"vintage": self.vintage, "switch": switch}

    def _prepare(self, vintage: str) -> bool:
        """Load a vintage; return whether it and its fits exist."""
        try:
            return not self.missing(vintage)
        except UnknownVintage:
            return False


def forecasters() -> ForecasterRegistry:
    """The registry of the running application."""
    return cast(ForecasterRegistry, current_app.extensions[EXTENSION])
