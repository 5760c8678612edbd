"""Making a fit: from the figures known at an origin to the paths of one ally."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from models.dataset.countries import Ally
from models.dataset.observations import MINIMUM_HISTORY, Figures
from models.ensemble.commitments import promises
from models.ensemble.learned_trust import trust_at
from models.ensemble.members.registry import NAMES
from models.ensemble.pool import Ensemble
from models.errors import CannotForecast
from models.paths import Paths, exponential
from models.scenarios.levers import HistoryOverride
from models.scenarios.targets import HAGUE_DEADLINE, LAST_DEADLINE
from models.series import Array, Panel, Series
from models.simulation.gdp_paths import simulate_gdp
from models.simulation.path_store import ALONE_LEVELS, Fit
from models.simulation.related import drawn_rules, simulate_related
from models.simulation.revisions import learn, simulate

ENSEMBLES_CACHED = 2
"""Origins of which a fitter keeps what it has learned from the panel: each takes megabytes."""


@dataclass(frozen=True)
class Known:
    """The years up to which a fit knows projected growth, promises and the trust in them; None is the origin.

    :mod:`models.analysis.vintage_change` sets other years, to ask what a forecast would have been with them.
    """

    growth: int | None = None
    plans: int | None = None
    trust: int | None = None


class Fitter:
    """Fits on one set of figures; learns from a whole panel once for each origin.

    Parameters
    ----------
    ensembles : fitted ensembles by origin, shared by fitters on the same panel and plans; the last ones of this fitter
        alone if None.
    """

    def __init__(
        self,
        figures: Figures,
        draws: int,
        seed: int,
        known: Known = Known(),
        ensembles: MutableMapping[int, Ensemble] | None = None,
    ) -> None:
        self.figures = figures
        self.draws = draws
        self.seed = seed
        self.known = known
        self._ensembles = LRUCache[int, Ensemble](ENSEMBLES_CACHED) if ensembles is None else ensembles

    def fit(self, ally: Ally, origin: int, *, pledge: bool) -> Fit:
        """Paths of ``ally`` from ``origin`` to the last deadline; ``pledge`` says whether the pledge member counts.

        Raises
        ------
        CannotForecast
            if the history up to ``origin`` is too short.
        """
        horizon = LAST_DEADLINE - origin
        related = self._related(ally, origin)
        if not ally.has_armed_forces:
            gdp = self._gdp(ally, origin, horizon, None)
            no_member = np.full(self.draws, -1, dtype=np.int8)
            return Fit(Paths(origin, related, gdp, no_member, rule=self._rules), NAMES, {}, {}, 0.0)
        series = self.series(ally, origin)
        ensemble = self._ensembles.get(origin)
        if ensemble is None:
            ensemble = self._ensembles[origin] = self._ensemble(self.figures.panel(origin))
        return self._paths(ally, series, ensemble, related, self._revision(ally, origin), pledge=pledge)

    def series(self, ally: Ally, origin: int) -> Series:
        """The ally's own figures up to ``origin``.

        Raises
        ------
        CannotForecast
            if there are too few for a forecast.
        """
        series = self.figures.panel(origin).get(ally.code)
        if series is None or not self.figures.reach(ally, origin):
            known = 0 if series is None else series.values.size
            detail = f"{ally.name} has {known} figures in a row up to {origin}; a forecast needs {MINIMUM_HISTORY}"
            raise CannotForecast("origin", detail)
        return series

    def fit_overridden(self, ally: Ally, override: HistoryOverride, origin: int, *, pledge: bool) -> Fit:
        """Paths fitted on the ally's figures, some of them replaced by an analyst's own.

        Raises
        ------
        CannotForecast
            if the history up to ``origin`` is too short.
        """
        series = override.replace(self.series(ally, origin))
        others = (s for s in self.figures.panel(origin).values() if s.name != ally.code)
        # The analyst's figures are final; an estimate that they do not replace may still be revised.
        revision = np.zeros(self.draws) if origin in override.points else self._revision(ally, origin)
        related = self._related(ally, origin)
        return self._paths(ally, series, self._ensemble(Panel([*others, series])), related, revision, pledge=pledge)

    def fit_history(self, ally: Ally, history: Series, *, pledge: bool) -> Fit:
        """Paths fitted on an analyst's own figures instead of the ally's; they count as final.

        Raises
        ------
        CannotForecast
            if there are fewer than 8 figures, or they end outside the years that a forecast may start from.
        """
        self._long_enough(history)
        origin = history.end
        others = (s for s in self.figures.panel(origin).values() if s.name != ally.code)
        ensemble = self._ensemble(Panel([*others, Series(ally.code, history.start, history.values)]))
        related = self._related(ally, origin)
        return self._paths(ally, history, ensemble, related, np.zeros(self.draws), pledge=pledge)

    def fit_series(self, history: Series) -> Fit:
        """Paths of a series of no ally, fitted alone: without a panel, pledges or GDP.

        Raises
        ------
        CannotForecast
            if there are fewer than 8 values.
        """
        self._long_enough(history)
        horizon = LAST_DEADLINE - history.end
        mixture = Ensemble(Panel([history])).simulate(history.name, horizon, self.draws, self.seed, pledge=False)
        levels = exponential(np.hstack([np.full((self.draws, 1), history.log[-1]), mixture.logs]))
        paths = Paths(history.end, {"core": levels}, np.ones_like(levels), mixture.member)
        return Fit(paths, NAMES, dict(mixture.weights), dict(mixture.failed), 0.0)

    @staticmethod
    def _long_enough(history: Series) -> None:
        if history.values.size < MINIMUM_HISTORY:
            raise CannotForecast("history", f"needs {MINIMUM_HISTORY} figures in a row, has {history.values.size}")

    def _ensemble(self, panel: Panel) -> Ensemble:
        last = max(series.end for series in panel.values())
        return Ensemble(panel, promises(self.figures.tables, last, self.known.plans, self.figures.source))

    @property
    def _rules(self) -> NDArray[np.int8]:
        return drawn_rules(self.draws, self.seed)

    def _related(self, ally: Ally, origin: int) -> dict[str, Array]:
        horizon = LAST_DEADLINE - origin
        return {"related": simulate_related(ally.code, origin, horizon, self.draws, self.seed, self.figures.tables)}

    def _gdp(self, ally: Ally, origin: int, horizon: int, logs: Array | None) -> Array:
        figures, growth = self.figures, self.known.growth
        return simulate_gdp(
            ally.code, origin, horizon, logs, self.draws, self.seed, figures.tables, growth, sipri=figures.sipri
        )

    def _revision(self, ally: Ally, origin: int) -> Array:
        """Log revisions of the origin's figure, array (draws,); zeros if it is final."""
        seen = next(o for o in self.figures.observations[ally.code] if o.year == origin)
        if not seen.estimate:
            return np.zeros(self.draws)
        figures = self.figures
        revision = learn(figures.source, figures.edition - origin, figures.tables)
        return simulate(revision, ally.code, self.draws, self.seed)

    def _paths(
        self,
        ally: Ally,
        series: Series,
        ensemble: Ensemble,
        related: dict[str, Array],
        revision: Array,
        *,
        pledge: bool,
    ) -> Fit:
        origin, horizon = series.end, LAST_DEADLINE - series.end
        trust = trust_at(origin if self.known.trust is None else self.known.trust)
        mixture = ensemble.simulate(ally.code, horizon, self.draws, self.seed, trust, revision, pledge=pledge)
        start = np.full((self.draws, 1), series.log[-1]) + revision[:, None]
        logs = np.hstack([start, mixture.logs])
        gdp = self._gdp(ally, origin, horizon, logs)
        paths = Paths(origin, {"core": exponential(logs), **related}, gdp, mixture.member, rule=self._rules)
        alone = _quantiles({part: np.hstack([start, x]) for part, x in mixture.alone.items()})
        credibility = ensemble.credibility(ally.code, HAGUE_DEADLINE)
        return Fit(paths, NAMES, dict(mixture.weights), dict(mixture.failed), credibility, alone)


def _quantiles(logs: Mapping[str, Array]) -> dict[str, Array]:
    """By part, quantiles of log paths as :attr:`Fit.alone` has them, as shares, array (years, levels)."""
    levels = np.linspace(0, 1, ALONE_LEVELS + 1)
    return {part: np.asarray(exponential(np.quantile(x, levels, axis=0).T), np.float64) for part, x in logs.items()}
