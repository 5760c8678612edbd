"""The one way through: country, scenario, targets -> Forecast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from models.allies import OWN_SERIES, Ally, resolve
from models.answer import COMPONENTS, CannotForecast, Fan, Forecast, money, target_answer
from models.growth import price_index
from models.history import Figures
from models.levers import Lever
from models.named import named_scenario
from models.panel import Series
from models.path_store import Fit, FitKey, PathStore
from models.paths import Paths
from models.scenario import Scenario
from models.targets import LAST_DEADLINE, Targets

if TYPE_CHECKING:
    from models.fitter import Fitter

MODEL_VERSION = "2"
"""Changes whenever the same figures and seed would give other numbers."""

DRAWS, SEED = 10_000, 1
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
FIRST_ORIGIN = 1999


class Forecaster:
    """Answers questions about one set of figures; keeps what it fitted in a store."""

    def __init__(self, figures: Figures, store: PathStore, draws: int = DRAWS, seed: int = SEED) -> None:
        self.figures = figures
        self.store = store
        self.draws = draws
        self.seed = seed

    @cached_property
    def _fitter(self) -> Fitter:
        # Imported by what fits only: the members bring SciPy and statsmodels with them.
        from models.fitter import Fitter

        return Fitter(self.figures, self.draws, self.seed)

    def key(self, ally: Ally, origin: int, *, trend: bool = False) -> FitKey:
        """The name of the fit that an answer rests on."""
        return FitKey(self.figures.key, ally.code, origin, trend, MODEL_VERSION, self.draws, self.seed)

    def is_kept(self, ally: Ally) -> bool:
        """Whether the fits of ``ally`` at the figures' origin, with and without pledges, are in the store."""
        return all(self.store.has(self.key(ally, self.figures.origin, trend=trend)) for trend in (False, True))

    def fit(self, ally: Ally, origin: int | None = None, *, trend: bool = False) -> Fit:
        """Fitted paths of ``ally`` up to the last deadline, from the store or made now.

        Raises
        ------
        CannotForecast
            if the ally's history up to ``origin`` is too short.
        """
        origin = self.figures.origin if origin is None else origin
        return self.store.get(
            self.key(ally, origin, trend=trend), lambda: self._fitter.fit(ally, origin, pledge=not trend)
        )

    def forecast(
        self,
        country: str | None,
        scenario: str | Scenario = "baseline",
        targets: Targets | None = None,
        *,
        origin: int | None = None,
        history: Series | None = None,
        levels: Sequence[float] = LEVELS,
    ) -> Forecast:
        """The probability that ``country`` meets ``targets`` under ``scenario``.

        Parameters
        ----------
        country : ISO alpha-2, alpha-3 or English name; None for a ``history`` that belongs to no ally.
        scenario : the name of a shipped scenario, or one's own.
        targets : thresholds in % of GDP and the deadline; the Hague targets if None.
        origin : the last year known to the forecast; the last of the figures if None.
        history : an analyst's own core shares, in the place of the ally's, or any series of positive values; the
            origin is then its last year.
        levels : of the quantiles, between 0 and 1.

        Raises
        ------
        UnknownCountry, UnknownScenario, ContradictoryLevers, CannotForecast
        """
        ally = resolve(country) if country else OWN_SERIES
        targets = targets or Targets()
        origin = self._origin(history, origin)
        self.check_years(origin, targets.deadline)
        if isinstance(scenario, str):
            scenario = named_scenario(scenario, ally, origin, targets.deadline)
        scenario.check()
        trend = not scenario.pledge_effect
        fit = self._fit_sent(ally, history, trend=trend) if history else self.fit(ally, origin, trend=trend)
        paths = self._bent(ally, fit, scenario, targets.deadline)
        shares = {name: x for name in COMPONENTS if (x := paths.component(name)) is not None}
        core = (
            "the history that was sent"
            if history
            else f"NATO's figures, vintage {self.figures.vintage}, and the longer history joined to them"
        )
        answers = tuple(target_answer(ally, name, shares.get(name), targets, paths, core) for name in COMPONENTS)
        by_member = answers[0].outcome.by_member if answers[0].outcome else {}
        ordered = tuple(sorted(set(levels)))
        reported = None if history else self.reported(ally, origin)
        return Forecast(
            id=self.question_id(self.key(ally, origin, trend=trend), scenario, targets, ordered, history),
            ally=ally,
            scenario=scenario,
            origin=origin,
            deadline=targets.deadline,
            vintage=self.figures.vintage,
            model_version=MODEL_VERSION,
            draws=self.draws,
            seed=self.seed,
            levels=ordered,
            targets=answers,
            years=tuple(int(y) for y in paths.years[1:]),
            components={name: Fan.of(x[:, 1:], np.array(ordered)) for name, x in shares.items()},
            money=money(ally, paths, reported, np.array(ordered)),
            members=tuple((fit.members[i], fit.weights[fit.members[i]], p) for i, p in by_member.items()),
            left_out=fit.failed,
            credibility=fit.credibility if ally.pledges and ally.has_armed_forces else None,
            notes=tuple(scenario.idle(origin, targets.deadline)),
        )

    def bent(self, ally: Ally, scenario: Scenario, deadline: int, origin: int | None = None) -> Paths:
        """The paths of ``ally`` to ``deadline`` as ``scenario`` bends them, from kept fits."""
        fit = self.fit(ally, origin, trend=not scenario.pledge_effect)
        return self._bent(ally, fit, scenario, deadline)

    def _fit_sent(self, ally: Ally, history: Series, *, trend: bool) -> Fit:
        if ally is OWN_SERIES:
            return self._fitter.fit_series(history)
        if not ally.has_armed_forces:
            raise CannotForecast("history", f"{ally.name} has no core spending that figures could stand in for")
        return self._fitter.fit_history(ally, history, pledge=not trend)

    @staticmethod
    def _bent(ally: Ally, fit: Fit, scenario: Scenario, deadline: int) -> Paths:
        prices = price_index(ally.code, fit.paths.origin, deadline)
        return scenario.apply(fit.paths.until(deadline), prices, fit.credibility)

    def _origin(self, history: Series | None, origin: int | None) -> int:
        if history is None:
            return self.figures.origin if origin is None else origin
        if origin not in (None, history.end):
            raise CannotForecast(
                "origin", f"is the last year of the history that was sent, {history.end}; leave it out"
            )
        return history.end

    def reported(self, ally: Ally, origin: int) -> float | None:
        """The share that the figures hold for ``origin``, % of GDP; None where there is none."""
        seen = self.figures.observations.get(ally.code, ())
        return next((o.share_pct for o in seen if o.year == origin), None)

    def check_years(self, origin: int, deadline: int) -> None:
        """Raise CannotForecast unless ``origin`` is among the figures and ``deadline`` after it, at most 2060."""
        last = self.figures.origin
        if not FIRST_ORIGIN <= origin <= last:
            raise CannotForecast("origin", f"must be a year from {FIRST_ORIGIN} to {last}")
        if not origin < deadline <= LAST_DEADLINE:
            raise CannotForecast("deadline", f"must be a year from {origin + 1} to {LAST_DEADLINE}")

    @staticmethod
    def question_id(
        fit: FitKey, scenario: Scenario, targets: Targets, levels: tuple[float, ...], history: Series | None
    ) -> str:
        """A hash of all that determines an answer."""
        parts = {
            "fit": asdict(fit),
            "scenario": {"name": scenario.name, "levers": [_lever_facts(lever) for lever in scenario.levers]},
            "targets": asdict(targets),
            "levels": levels,
            "history": history and {"start": history.start, "values": history.values.tolist()},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _lever_facts(lever: Lever) -> dict[str, object]:
    return {"type": lever.type} | asdict(lever)
