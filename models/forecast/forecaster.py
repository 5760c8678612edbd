"""The one way through: country, scenario, targets -> Forecast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cached_property, lru_cache
from typing import Protocol

from models.dataset.config import SERVED
from models.dataset.countries import OWN_SERIES, Ally, allies, resolve
from models.dataset.gdp import price_index
from models.dataset.observations import Figures
from models.dataset.tables import Tables
from models.forecast.explanation import Explanation, Reference, Waterfall, plausibility
from models.forecast.result import COMPONENTS, CannotForecast, Forecast, TargetAnswer, fans, money, target_answer
from models.paths import MOST_VALUE, Paths, within_range
from models.scenarios.builtin import named_scenario
from models.scenarios.levers import HistoryOverride, Lever
from models.scenarios.scenario import LeverOverflow, Scenario, Watch
from models.scenarios.targets import LAST_DEADLINE, Targets
from models.series import Series
from models.simulation.path_store import Fit, FitKey, PathStore

MODEL_VERSION = "2"
"""Changes whenever the same figures and seed would give other numbers."""

DRAWS, SEED = 10_000, 1
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
FIRST_ORIGIN = 1999
JOINED = "" if SERVED.own else ", and the longer history joined to them"
OVERRIDES_KEPT = 4
"""How many fits on figures of an analyst's own are kept in memory (4 MB each): who changes a lever asks again."""


class MakesFits(Protocol):
    """What makes fits: :class:`models.simulation.fitter.Fitter`, or something that has it made elsewhere."""

    def fit(self, ally: Ally, origin: int, *, pledge: bool) -> Fit:
        """Of an ally's own figures."""

    def fit_overridden(self, ally: Ally, override: HistoryOverride, origin: int, *, pledge: bool) -> Fit:
        """Of an ally's figures with some of an analyst's own among them."""

    def fit_history(self, ally: Ally, history: Series, *, pledge: bool) -> Fit:
        """Of an analyst's own figures for an ally."""

    def fit_series(self, history: Series) -> Fit:
        """Of a series that belongs to no ally."""


class Forecaster:
    """Answers questions about one set of figures; keeps what it fitted in a store.

    Parameters
    ----------
    fitter : makes what is not kept; by default this process does.
    """

    def __init__(
        self,
        figures: Figures,
        store: PathStore,
        draws: int = DRAWS,
        seed: int = SEED,
        fitter: MakesFits | None = None,
    ) -> None:
        self._given_fitter = fitter
        self.figures = figures
        self.store = store
        self.draws = draws
        self.seed = seed
        self._overridden = lru_cache(maxsize=OVERRIDES_KEPT)(self._fit_overridden)

    @cached_property
    def _fitter(self) -> MakesFits:
        if self._given_fitter is not None:
            return self._given_fitter
        # Imported by what fits only: the members bring SciPy and statsmodels with them.
        from models.simulation.fitter import Fitter

        return Fitter(self.figures, self.draws, self.seed)

    def key(self, ally: Ally, origin: int, *, trend: bool = False) -> FitKey:
        """The name of the fit that an answer rests on."""
        return FitKey(self.figures.key, ally.code, origin, trend, MODEL_VERSION, self.draws, self.seed)

    def is_kept(self, ally: Ally, origin: int | None = None) -> bool:
        """Whether the fits of ``ally`` at an origin, the last if None, are in the store, with and without pledges."""
        origin = self.figures.origin if origin is None else origin
        return all(map(self.store.has, self._keys(ally, origin)))

    def _keys(self, ally: Ally, origin: int) -> tuple[FitKey, FitKey]:
        return self.key(ally, origin), self.key(ally, origin, trend=True)

    def has_fits(
        self,
        country: str | None,
        scenario: str | Scenario = "baseline",
        origin: int | None = None,
        history: Series | None = None,
    ) -> bool:
        """Whether :meth:`forecast` finds all fits in the store that the question may need.

        Raises
        ------
        UnknownCountry
        """
        if history is not None or country is None:
            return False
        ally = resolve(country, self.figures.tables)
        own_figures = isinstance(scenario, Scenario) and scenario.override(ally.code) is not None
        return not own_figures and self.is_kept(ally, origin)

    def missing(self, origin: int | None = None) -> list[str]:
        """Codes of the allies whose fits at an origin, by default the last, can be made and are not kept."""
        year = self.figures.origin if origin is None else origin
        every = allies(self.figures.tables).values()
        lacking = (a for a in every if not all(map(self.store.keeps, self._keys(a, year))))
        return [ally.code for ally in lacking if self.figures.reach(ally, year)]

    def unfitted(self, scenario: str | Scenario, targets: Targets | None = None, origin: int | None = None) -> int:
        """How many fits are to be made before every ally can be forecast under ``scenario``.

        Raises
        ------
        UnknownScenario, CannotForecast
        """
        year = self.figures.origin if origin is None else origin
        deadline = (targets or Targets()).deadline
        self.check_years(year, deadline)
        count = 0
        for ally in map(allies(self.figures.tables).__getitem__, self.missing(year)):
            own = named_scenario(scenario, ally, year, deadline) if isinstance(scenario, str) else scenario
            count += not self.store.has(self.key(ally, year, trend=not own.pledge_effect))
        return count

    def fit(self, ally: Ally, origin: int | None = None, *, trend: bool = False) -> Fit:
        """Fitted paths of ``ally`` up to the last deadline, from the store or made now.

        Raises
        ------
        CannotForecast
            if the ally's history up to ``origin`` is too short.
        StoreUnavailable
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
        UnknownCountry, UnknownScenario, ContradictoryLevers, LeverOverflow, CannotForecast
        """
        tables = self.figures.tables
        ally = resolve(country, tables) if country else OWN_SERIES
        targets = targets or Targets()
        origin = self._origin(history, origin)
        self.check_years(origin, targets.deadline)
        if isinstance(scenario, str):
            scenario = named_scenario(scenario, ally, origin, targets.deadline)
        scenario.check()
        trend = not scenario.pledge_effect
        asked = Asked(self, ally, scenario, origin, history)
        fit = asked.fit(trend=trend)
        steps = Waterfall(targets, tuple(lever.type for lever in scenario.levers))
        if trend:
            steps.without_pledges(asked.until(asked.fit(trend=True, overridden=False), targets.deadline))
        paths = asked.bent(fit, targets.deadline, steps)
        core = self._rests_on(asked)
        answers = _answers(ally, targets, paths, core, tables)
        explanation = None
        if not scenario.is_baseline:
            baseline = asked.until(asked.fit(trend=False, overridden=False), targets.deadline)
            references = {
                a.component: Reference(a.outcome, a.required_growth)
                for a in _answers(ally, targets, baseline, core, tables)
            }
            explanation = Explanation(references, tuple(steps.steps), plausibility(paths, baseline))
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
            components=fans(paths, ordered),
            money=money(ally, paths, reported, ordered, tables),
            members=tuple((fit.members[i], fit.weights[fit.members[i]], p) for i, p in by_member.items()),
            left_out=fit.failed,
            credibility=fit.credibility if ally.pledges and ally.has_armed_forces else None,
            explanation=explanation,
            notes=tuple(self.notes(ally, scenario, origin, targets.deadline, history)),
        )

    def bent(self, ally: Ally, scenario: Scenario, deadline: int, origin: int | None = None) -> Paths:
        """The paths of ``ally`` to ``deadline`` as ``scenario`` bends them, from kept fits."""
        asked = Asked(self, ally, scenario, self.figures.origin if origin is None else origin, None)
        return asked.bent(asked.fit(trend=not scenario.pledge_effect), deadline)

    def notes(
        self, ally: Ally, scenario: Scenario, origin: int, deadline: int, history: Series | None = None
    ) -> Iterator[str]:
        """In words, what a reader should know of an answer under ``scenario``."""
        yield from scenario.idle(origin, deadline, ally.code)
        if override := scenario.override(ally.code):
            known = self._known(ally, origin, history)
            if known is None:
                yield f"history_override changes nothing: {ally.name} has no figures of core spending."
            elif unknown := [str(y) for y in sorted(override.points) if y < known.start]:
                yield f"history_override: the figures begin in {known.start}; {', '.join(unknown)} is not used."
        for what, written, now in (
            ("the statistics", scenario.model_version, MODEL_VERSION),
            ("the figures", scenario.vintage, self.figures.vintage),
        ):
            if written not in (None, now):
                yield f"The scenario was written for version {written} of {what}; this answer uses {now}."

    def _known(self, ally: Ally, origin: int, history: Series | None) -> Series | None:
        return history or self.figures.panel(origin).get(ally.code)

    def _rests_on(self, asked: Asked) -> str:
        """In words, what the core paths are fitted to."""
        figures = (
            "the history that was sent"
            if asked.history
            else f"{SERVED.figures}, vintage {self.figures.vintage}{JOINED}"
        )
        if asked.override is None or (known := self._known(asked.ally, asked.origin, asked.history)) is None:
            return figures
        own = ", ".join(str(year) for year in sorted(asked.override.points) if known.start <= year <= known.end)
        return f"{figures}; the analyst's own for {own}" if own else figures

    def _fit_overridden(self, ally: Ally, points: tuple[tuple[int, float], ...], origin: int, trend: bool) -> Fit:
        fit = self._fitter.fit_overridden(ally, HistoryOverride(points=dict(points)), origin, pledge=not trend)
        return fit.as_kept()

    def fit_sent(self, ally: Ally, history: Series, *, trend: bool) -> Fit:
        """Paths from figures that were sent, which are not kept.

        Raises
        ------
        CannotForecast
        """
        if ally is OWN_SERIES:
            return self._fitter.fit_series(history).as_kept()
        if not ally.has_armed_forces:
            raise CannotForecast("history", f"{ally.name} has no core spending that figures could stand in for")
        return self._fitter.fit_history(ally, history, pledge=not trend).as_kept()

    def fit_with(self, ally: Ally, override: HistoryOverride, origin: int, *, trend: bool) -> Fit:
        """Paths from the ally's figures with some of an analyst's own among them; the last few are kept in memory.

        Raises
        ------
        CannotForecast
        """
        points = tuple(sorted((year, share) for year, share in override.points.items() if year <= origin))
        return self._overridden(ally, points, origin, trend)

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
            "fit": _facts(fit),
            "scenario": _facts(scenario)
            | {"levers": [{"type": lever.type} | _facts(lever) for lever in scenario.levers]},
            "targets": _facts(targets),
            "levels": levels,
            "history": history and {"start": history.start, "values": history.values.tolist()},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Asked:
    """The fits that one question needs, each made or read once."""

    def __init__(
        self, forecaster: Forecaster, ally: Ally, scenario: Scenario, origin: int, history: Series | None
    ) -> None:
        self.forecaster = forecaster
        self.ally = ally
        self.scenario = scenario
        self.origin = origin
        self.history = history
        self.override = scenario.override(ally.code) if ally.has_armed_forces else None
        self._fits: dict[tuple[bool, bool], Fit] = {}

    def fit(self, *, trend: bool, overridden: bool = True) -> Fit:
        """With or without the effect of pledges, and the figures that a ``history_override`` replaces."""
        # A series of one's own has no pledges: both are the same.
        key = (trend and self.ally is not OWN_SERIES, overridden and self.override is not None)
        if key not in self._fits:
            self._fits[key] = self._make(self.override if overridden else None, key[0])
        return self._fits[key]

    def _make(self, override: HistoryOverride | None, trend: bool) -> Fit:
        if self.history is not None:
            history = override.replace(self.history) if override else self.history
            return self.forecaster.fit_sent(self.ally, history, trend=trend)
        if override is not None:
            return self.forecaster.fit_with(self.ally, override, self.origin, trend=trend)
        return self.forecaster.fit(self.ally, self.origin, trend=trend)

    def bent(self, fit: Fit, deadline: int, watch: Watch | None = None) -> Paths:
        """The paths of ``fit`` to ``deadline`` as the scenario bends them; raises as both :meth:`until` and it do."""
        return self.scenario.apply(
            self.until(fit, deadline),
            price_index(self.ally.code, fit.paths.origin, deadline, self.forecaster.figures.tables),
            fit.credibility,
            country=self.ally.code,
            trend=lambda: self.until(self.fit(trend=True), deadline),
            watch=watch,
        )

    def until(self, fit: Fit, deadline: int) -> Paths:
        """The paths of ``fit`` to ``deadline``, as it has them.

        Raises
        ------
        LeverOverflow, CannotForecast
            if the figures of the ``history_override``, or those that were sent, vary so much that the models, fitted
            to them, leave the range of numbers.
        """
        paths = fit.paths.until(deadline)
        if paths.once("within range", lambda: within_range(paths.shares)):
            return paths
        detail = f"these figures vary so much that futures fitted to them exceed {MOST_VALUE:g}"
        if self.history is None and self.override is not None:
            raise LeverOverflow(self.scenario.levers.index(self.override), detail)
        raise CannotForecast("vintage" if self.history is None else "history", detail)


def _answers(ally: Ally, targets: Targets, paths: Paths, core: str, tables: Tables) -> tuple[TargetAnswer, ...]:
    return tuple(target_answer(ally, name, targets, paths, core, tables) for name in COMPONENTS)


def _facts(of: FitKey | Scenario | Targets | Lever) -> dict[str, object]:
    """Field to value; not by ``asdict``, which copies every value."""
    return {field.name: getattr(of, field.name) for field in fields(of)}
