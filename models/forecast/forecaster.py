"""The forecaster answers questions from saved fits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

from models.dataset.countries import COMPONENTS, OWN_SERIES, Ally, allies
from models.dataset.gdp import price_index
from models.dataset.observations import Figures
from models.dataset.tables import Tables
from models.errors import CannotForecast
from models.forecast.explanation import Explanation, Reference, Waterfall, plausibility
from models.forecast.question import DRAWS, LEVELS, MODEL_VERSION, SEED, Basis, Question
from models.forecast.result import Forecast, TargetAnswer, fans, money, tail_notes, target_answer
from models.paths import MOST_VALUE, Floats, Paths, Rule, within_range
from models.scenarios.builtin import named_scenario
from models.scenarios.levers import HistoryOverride, PathEditor
from models.scenarios.scenario import LeverOverflow, Scenario, Watch
from models.scenarios.targets import Targets
from models.series import Array, Series
from models.simulation.path_store import Fit, FitKey, PathStore
from models.simulation.related import simulate_under

OVERRIDES_CACHED = 2
"""How many fits on an analyst's own figures are cached (4 MB each), so that a changed lever needs no new fit."""


class MakesFits(Protocol):
    """Makes fits: :class:`models.simulation.fitter.Fitter`, or a class that lets another process make them."""

    def fit(self, ally: Ally, origin: int, *, pledge: bool) -> Fit:
        """Fit an ally's own figures."""

    def fit_overridden(self, ally: Ally, override: HistoryOverride, origin: int, *, pledge: bool) -> Fit:
        """Fit an ally's figures, some of them replaced by an analyst's own."""

    def fit_history(self, ally: Ally, history: Series, *, pledge: bool) -> Fit:
        """Fit an analyst's own figures for an ally."""

    def fit_series(self, history: Series) -> Fit:
        """Fit a series of no ally."""


class Forecaster:
    """Answers questions about one set of figures; saves its fits in a store.

    Parameters
    ----------
    fitter : makes fits that are not saved; this process does if None.
    """

    def __init__(
        self,
        figures: Figures,
        store: PathStore,
        draws: int = DRAWS,
        seed: int = SEED,
        fitter: MakesFits | None = None,
    ) -> None:
        self._custom_fitter = fitter
        self.basis = Basis(figures, draws, seed)
        self.store = store
        self._overridden = lru_cache(maxsize=OVERRIDES_CACHED)(self._fit_overridden)

    @property
    def figures(self) -> Figures:
        return self.basis.figures

    @property
    def draws(self) -> int:
        return self.basis.draws

    @property
    def seed(self) -> int:
        return self.basis.seed

    @cached_property
    def _fitter(self) -> MakesFits:
        if self._custom_fitter is not None:
            return self._custom_fitter
        # Imported only to fit: the members load SciPy and statsmodels.
        from models.simulation.fitter import Fitter

        return Fitter(self.figures, self.draws, self.seed)

    def is_saved(self, ally: Ally, origin: int | None = None) -> bool:
        """Whether the store has the fits of ``ally``, with and without pledges, at ``origin`` (the last if None)."""
        return all(map(self.store.has, self._keys(ally, self.basis.origin(origin))))

    def _keys(self, ally: Ally, origin: int) -> tuple[FitKey, FitKey]:
        return self.basis.key(ally, origin), self.basis.key(ally, origin, trend=True)

    def has_fits(self, question: Question) -> bool:
        """Whether the store holds all fits that the answer may need."""
        return not self.lacks(question)

    def lacks(self, question: Question) -> int:
        """How many fits that the answer may need, with and without pledges, the store does not hold."""
        keys = self._keys(question.ally, question.origin)
        own_figures = question.history is not None or question.override is not None
        return len(keys) if own_figures else sum(not self.store.has(key) for key in keys)

    def missing(self, origin: int | None = None) -> list[str]:
        """Codes of the allies whose fits at ``origin`` (the last if None) can be made and are not saved."""
        year = self.basis.origin(origin)
        every = allies(self.figures.tables).values()
        lacking = (a for a in every if not all(map(self.store.keeps, self._keys(a, year))))
        return [ally.code for ally in lacking if self.figures.reach(ally, year)]

    def unfitted(
        self,
        scenario: str | Scenario,
        targets: Targets | None = None,
        origin: int | None = None,
        countries: Collection[str] | None = None,
    ) -> int:
        """How many fits a forecast of each of ``countries`` (alpha-3 codes; all if None) under ``scenario`` lacks.

        Raises UnknownScenario or CannotForecast.
        """
        year = self.basis.origin(origin)
        deadline = (targets or Targets()).deadline
        self.basis.check_years(year, deadline)
        count = 0
        for ally in map(allies(self.figures.tables).__getitem__, self.missing(year)):
            if countries is not None and ally.code not in countries:
                continue
            own = named_scenario(scenario, ally, year, deadline) if isinstance(scenario, str) else scenario
            count += not self.store.has(self.basis.key(ally, year, trend=not own.pledge_effect))
        return count

    def fit(self, ally: Ally, origin: int | None = None, *, trend: bool = False) -> Fit:
        """Fitted paths of ``ally`` up to the last deadline, from the store or made now.

        Raises
        ------
        CannotForecast
            if the ally's history up to ``origin`` is too short.
        StoreUnavailable
        """
        year = self.basis.origin(origin)
        return self.store.get(
            self.basis.key(ally, year, trend=trend), lambda: self._fitter.fit(ally, year, pledge=not trend)
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
        rule: Rule | None = None,
    ) -> Forecast:
        """The probability that ``country`` meets ``targets`` under ``scenario``.

        Parameters
        ----------
        country : ISO alpha-2, alpha-3 or English name; None for a ``history`` that belongs to no ally.
        scenario : the name of a shipped scenario, or a scenario.
        targets : thresholds in % of GDP and the deadline; The Hague's if None.
        origin : the last year known to the forecast; the last of the figures if None.
        history : an analyst's own core shares instead of the ally's, or any series of positive values; the origin
            is then its last year.
        levels : of the quantiles, between 0 and 1.
        rule : the rule that counts related spending; all three by their weights, or the scenario's, if None.

        Raises
        ------
        UnknownCountry, UnknownScenario, ContradictoryLevers, LeverOverflow, CannotForecast
        """
        question = Question.resolve(
            self.basis, country, scenario, targets, origin=origin, history=history, levels=levels, rule=rule
        )
        return self.answer(question)

    def answer(self, question: Question) -> Forecast:
        """The answer to ``question``. Raises LeverOverflow or CannotForecast."""
        tables, ally, scenario, targets = self.figures.tables, question.ally, question.scenario, question.targets
        context = FitContext(self, question)
        fit = context.fit(trend=question.trend)
        steps = Waterfall(targets, tuple(lever.type for lever in scenario.levers))
        steps.begin(context.until(fit))
        if question.trend:
            steps.without_pledges(context.until(context.fit(trend=True, overridden=False)))
        paths = context.scenario_paths(fit, steps)
        core = self._rests_on(question)
        answers = _answers(ally, targets, paths, core, fit, tables)
        explanation = None
        if not scenario.is_baseline:
            of_baseline = context.fit(trend=False, overridden=False)
            baseline = context.until(of_baseline)
            references = {
                a.component: Reference(a.outcome, a.required_growth)
                for a in _answers(ally, targets, baseline, core, of_baseline, tables)
            }
            explanation = Explanation(references, tuple(steps.steps), plausibility(paths, baseline))
        by_member = answers[0].outcome.by_member if answers[0].outcome else {}
        reported = None if question.history else self.reported(ally, question.origin)
        components = fans(paths, question.levels)
        amounts = money(ally, paths, reported, question.levels, tables)
        return Forecast(
            id=question.id,
            ally=ally,
            scenario=scenario,
            origin=question.origin,
            deadline=targets.deadline,
            vintage=self.figures.vintage,
            model_version=MODEL_VERSION,
            draws=self.draws,
            seed=self.seed,
            levels=question.levels,
            targets=answers,
            years=tuple(int(y) for y in paths.years[1:]),
            components=components,
            money=amounts,
            members=tuple((fit.members[i], fit.weights[fit.members[i]], p) for i, p in by_member.items()),
            left_out=fit.failed,
            credibility=fit.credibility if ally.pledges and ally.has_armed_forces else None,
            explanation=explanation,
            notes=(*self.notes(question, steps.unchanged), *tail_notes(components, amounts, targets.deadline)),
        )

    def scenario_paths(self, question: Question) -> Paths:
        """The ally's paths to the deadline under the scenario. Raises LeverOverflow or CannotForecast."""
        context = FitContext(self, question)
        return context.scenario_paths(context.fit(trend=question.trend))

    def notes(self, question: Question, unchanged: Sequence[int] = ()) -> Iterator[str]:
        """What a reader should know about the answer, in words; ``unchanged`` are levers that changed no path."""
        ally, scenario = question.ally, question.scenario
        if ally is OWN_SERIES:
            yield (
                "No GDP is known for a series of no ally. Its required growth takes GDP as constant, so it is the "
                "growth of the series itself; only a lever gdp_growth changes that."
            )
        idle = dict(scenario.idle(question.origin, question.deadline, ally))
        yield from idle.values()
        for index in unchanged:
            if index not in idle and not isinstance(scenario.levers[index], HistoryOverride):
                yield f"{scenario.name_of(index)} changes nothing: every future is as it would be without it."
        if override := question.override:
            name, known = scenario.name_of(scenario.levers.index(override)), question.known
            if known is None:
                yield f"{name} changes nothing: {ally.name} has no figures of core spending."
            elif unknown := [str(y) for y in sorted(override.points) if y < known.start]:
                yield f"{name}: the figures begin in {known.start}; {', '.join(unknown)} is not used."
        for what, written, now in (
            ("the statistics", scenario.model_version, MODEL_VERSION),
            ("the figures", scenario.vintage, self.figures.vintage),
        ):
            if written not in (None, now):
                yield f"The scenario was written for version {written} of {what}; this answer uses {now}."

    def _rests_on(self, question: Question) -> str:
        """What the core paths are fitted to, in words."""
        figures = f"NATO's figures, vintage {self.figures.vintage}, and the longer history joined to them"
        if question.history:
            figures = "the history that was sent"
        override = question.override
        if override is None or (known := question.known) is None:
            return figures
        own = ", ".join(str(year) for year in sorted(override.points) if known.start <= year <= known.end)
        return f"{figures}; the analyst's own for {own}" if own else figures

    def _fit_overridden(self, ally: Ally, points: tuple[tuple[int, float], ...], origin: int, trend: bool) -> Fit:
        fit = self._fitter.fit_overridden(ally, HistoryOverride(points=dict(points)), origin, pledge=not trend)
        return fit.as_saved()

    def fit_sent(self, ally: Ally, history: Series, *, trend: bool) -> Fit:
        """Paths fitted on figures that were sent; the fit is not saved. Raises CannotForecast."""
        if ally is OWN_SERIES:
            return self._fitter.fit_series(history).as_saved()
        if not ally.has_armed_forces:
            raise CannotForecast("history", f"{ally.name} has no core spending, so it takes no history")
        return self._fitter.fit_history(ally, history, pledge=not trend).as_saved()

    def fit_with(self, ally: Ally, override: HistoryOverride, origin: int, *, trend: bool) -> Fit:
        """Paths fitted on the ally's figures, some of them replaced by an analyst's own; the last few fits are cached.

        Raises CannotForecast.
        """
        points = tuple(sorted((year, share) for year, share in override.points.items() if year <= origin))
        return self._overridden(ally, points, origin, trend)

    def reported(self, ally: Ally, origin: int) -> float | None:
        """The core share of ``origin`` in the figures, % of GDP; None if there is none."""
        seen = self.figures.observations.get(ally.code, ())
        return next((o.share_pct for o in seen if o.year == origin), None)


class FitContext:
    """The fits that one question needs, each made or read once."""

    def __init__(self, forecaster: Forecaster, question: Question) -> None:
        self.forecaster = forecaster
        self.question = question
        self.override = question.override
        self._fits: dict[tuple[bool, bool], Fit] = {}

    def fit(self, *, trend: bool, overridden: bool = True) -> Fit:
        """The fit with or without the effect of pledges, and the figures of a ``history_override``."""
        # A series of no ally has no pledges: both fits are the same.
        key = (trend and self.question.ally is not OWN_SERIES, overridden and self.override is not None)
        if key not in self._fits:
            self._fits[key] = self._make(self.override if overridden else None, key[0])
        return self._fits[key]

    def _make(self, override: HistoryOverride | None, trend: bool) -> Fit:
        ally, origin, history = self.question.ally, self.question.origin, self.question.history
        if history is not None:
            history = override.replace(history) if override else history
            return self.forecaster.fit_sent(ally, history, trend=trend)
        if override is not None:
            return self.forecaster.fit_with(ally, override, origin, trend=trend)
        return self.forecaster.fit(ally, origin, trend=trend)

    def scenario_paths(self, fit: Fit, watch: Watch | None = None) -> Paths:
        """The paths of ``fit`` to the deadline under the scenario; may raise what :meth:`until` and ``apply`` raise."""
        return self.question.scenario.apply(
            self.until(fit),
            self.prices(),
            fit.credibility,
            ally=self.question.ally,
            trend=lambda: self._trend,
            related=self._related,
            watch=watch,
        )

    def editor(self, fit: Fit) -> PathEditor:
        """An editor of the paths of ``fit`` to the deadline, on which no lever has acted. Raises as :meth:`until`."""
        levers = [lever for _, lever in self.question.scenario.acting(self.question.ally)]
        return PathEditor(self.until(fit), self.prices(), fit.credibility, lambda: self._trend, self._related, levers)

    @cached_property
    def _trend(self) -> Paths:
        """The paths by history alone, to the deadline, by the scenario's counting rule."""
        return self.by_rule(self.until(self.fit(trend=True)))

    def prices(self) -> Array:
        """The index of prices from the origin to the deadline, 1 at the origin; array (1 + horizon,)."""
        question, tables = self.question, self.forecaster.figures.tables
        return price_index(question.ally.code, question.origin, question.deadline, tables)

    def by_rule(self, paths: Paths) -> Paths:
        """``paths``, which end in the deadline year, by the scenario's counting rule; as they are if it has none."""
        lever = self.question.scenario.counting_rule(self.question.ally)
        if lever is None:
            return paths
        editor = PathEditor(paths, self.prices(), 0.0, related=self._related)
        lever.apply(editor)
        return editor.edited()

    def _related(self, rule: Rule) -> Floats:
        """The ally's related shares up to the deadline in the same futures, counted by ``rule``."""
        question, forecaster = self.question, self.forecaster
        horizon, tables = question.deadline - question.origin, forecaster.figures.tables
        return simulate_under(
            rule, question.ally.code, question.origin, horizon, forecaster.draws, forecaster.seed, tables
        )

    def until(self, fit: Fit) -> Paths:
        """The paths of ``fit`` to the deadline, before any lever, with what counts of related spending.

        Raises
        ------
        LeverOverflow, CannotForecast
            if the figures of the ``history_override``, or those that were sent, vary so much that the paths fitted to
            them exceed :data:`models.paths.MOST_VALUE`.
        """
        paths = fit.paths.until(self.question.deadline)
        if paths.once("within range", lambda: within_range(paths.shares)):
            return paths.counting(self.question.targets.counted_related)
        detail = f"these figures vary so much that futures fitted to them exceed {MOST_VALUE:g}"
        if self.question.history is None and self.override is not None:
            raise LeverOverflow(self.question.scenario.levers.index(self.override), detail)
        raise CannotForecast("vintage" if self.question.history is None else "history", detail)


def _answers(
    ally: Ally, targets: Targets, paths: Paths, core: str, fit: Fit, tables: Tables
) -> tuple[TargetAnswer, ...]:
    return tuple(target_answer(ally, name, targets, paths, core, fit, tables) for name in COMPONENTS)
