"""Sensitivity: each assumption is moved a little down and up, one at a time (a tornado chart).

Only the probability at the deadline is needed, so each lever acts only on the years on which the deadline's share
depends, and what acts before a moved lever is computed once for all its moves. Values are therefore checked for
overflow only in those years, and the farthest draw that limits a ``shock`` is that of those years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from models.dataset.countries import Ally, Component
from models.errors import CannotForecast
from models.forecast import MODEL_VERSION, Forecaster, Question
from models.forecast.forecaster import FitContext
from models.paths import RULES, Floats, Paths
from models.scenarios.conflicts import find
from models.scenarios.lever_names import NUMBERS
from models.scenarios.levers import (
    LEVER_COMPONENTS,
    Cap,
    CountingRule,
    Floor,
    GdpGrowth,
    HistoryOverride,
    Lever,
    PathEditor,
    PledgeLever,
    Shock,
    SpendingGrowth,
)
from models.scenarios.scenario import Scenario, UnusableLever, act, years_read
from models.scenarios.targets import CORE_TARGET, HAGUE_DEADLINE, RELATED_TARGET, met, proportion

GROWTH_STEP, START_STEP, SPREAD_STEP, LEVER_STEP = 1.0, 0.05, 0.25, 0.10
"""Percentage points of growth; fractions of the origin's share, of the spread, and of a lever's own number."""

MOST_LEVERS = 50
"""Each lever is taken away and each of its numbers moved, and those after it act again each time: the work grows with
the square of their number."""

MOVES = 14
"""At most so many scenarios do not move one of the levers, but what they act on."""

FRACTIONS = frozenset({"credibility", "reversion", "probability"})
"""Numbers of levers that are at most 1."""

AS_IT_IS = "as it is"
Acting = Sequence[tuple[int, Lever]]
Side = tuple[str, float | None]
"""How an assumption was moved, in words, and the probability; None if that makes a scenario that cannot be, because its
floor is above its cap or its futures exceed all bounds."""


@dataclass(frozen=True)
class Bar:
    """One assumption: the probability at the deadline with it moved down and up.

    ``low`` and ``high`` say in words what was changed; ``swing`` is the distance between the two probabilities. An
    assumption that cannot be moved one way, because of the scenario's other levers, stays as it is on that side.
    """

    assumption: str
    low: str
    high: str
    at_low: float
    at_high: float

    @property
    def swing(self) -> float:
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Sensitivity:
    """The bars of one question, the widest first; ``probability`` is that of the unchanged scenario."""

    ally: Ally
    scenario: Scenario
    component: Component
    threshold: float
    origin: int
    deadline: int
    vintage: str
    model_version: str
    probability: float
    bars: tuple[Bar, ...]


def sensitivity(forecaster: Forecaster, question: Question) -> Sensitivity:
    """Which assumption moves the probability of meeting a target at the deadline most.

    Parameters
    ----------
    question : with the component of the target, core if it names none. The numbers of its scenario's levers are moved
        by 10 %, and each lever is taken away. At most :data:`MOST_LEVERS` of them may act on the ally.

    Raises
    ------
    ContradictoryLevers, LeverOverflow, CannotForecast
    """
    question.check_target()
    if (acting := len(question.scenario.acting(question.ally))) > MOST_LEVERS:
        detail = f"moves each of the levers that act on {question.ally.name}, at most {MOST_LEVERS}; here are {acting}"
        raise CannotForecast("scenario", f"a sensitivity {detail}")
    moved = _Moved(forecaster, question)
    standing = moved.standing  # first, to raise the errors of the scenario itself
    bars = sorted(moved.bars(), key=lambda bar: (-bar.swing, bar.assumption))
    return Sensitivity(
        question.ally,
        question.scenario,
        question.target,
        question.targets.threshold(question.target),
        question.origin,
        question.deadline,
        forecaster.figures.vintage,
        MODEL_VERSION,
        standing,
        tuple(bars),
    )


def lever_years(question: Question) -> int:
    """How many years levers change in all scenarios of a sensitivity together: its work is in proportion."""
    origin, work, after = question.origin, 0, 0
    years: Set[int] = {origin, question.deadline}
    for _, lever in reversed(question.scenario.acting(question.ally)):
        years = lever.reads(years, origin)
        after += len(years) - 1  # no lever changes the origin
        work += after * (1 + 2 * len(_numbers(lever)))
    return work + after * MOVES


@dataclass(frozen=True)
class _Moved:
    """One question whose assumptions are moved."""

    forecaster: Forecaster
    question: Question

    @property
    def scenario(self) -> Scenario:
        return self.question.scenario

    @cached_property
    def standing(self) -> float:
        """The probability under the unchanged scenario. Raises the errors of :func:`sensitivity`."""
        return self._proportion(self.forecaster.scenario_paths(self.question).known(self.question.target)[:, -1])

    def bars(self) -> Iterator[Bar]:
        """Every assumption that can be moved, in no particular order."""
        trend = self._probability(self.scenario, trend=True)
        kept = self._probability(self.scenario, self._pledges_kept, trend=True)
        yield self._bar("plans and pledges", ("none: history alone", trend), ("all kept in full", kept))
        yield self._growth_bar("growth of GDP", lambda pp: GdpGrowth(change_pp=pp))
        yield self._growth_bar("growth of core spending", lambda pp: SpendingGrowth(change_pp=pp))
        if self.question.target != "core":
            yield self._growth_bar(
                "growth of related spending", lambda pp: SpendingGrowth(change_pp=pp, component="related")
            )
            yield from self._rule_bar()
        yield self._bar("the share of the origin", *(self._started(sign) for sign in (-START_STEP, START_STEP)))
        yield self._bar("how uncertain the future is", *(self._spread(sign) for sign in (-SPREAD_STEP, SPREAD_STEP)))
        yield from self._bars_of_levers()

    def _rule_bar(self) -> Iterator[Bar]:
        """The narrowest and the broadest counting rule, unless the scenario chooses one or leaves related out."""
        scenario = self.scenario
        if scenario.counting_rule() is None and "related" in (scenario.components or LEVER_COMPONENTS):
            narrow, broad = (
                (rule, self._probability(replace(scenario, levers=(*scenario.levers, CountingRule(rule=rule)))))
                for rule in (RULES[0], RULES[-1])
            )
            yield self._bar("the rule that counts related spending", narrow, broad)

    def _bars_of_levers(self) -> Iterator[Bar]:
        """The bars of all levers. Those that act before a moved one act once, not anew for each of its moves."""
        acting, levers = self.scenario.acting(self.question.ally), self.scenario.levers
        context = FitContext(self.forecaster, self.question)
        editor = context.editor(context.fit(trend=self.question.trend))
        for place, (index, lever) in enumerate(acting):
            self._keep(editor, acting[place:])
            yield from self._lever_bars(index, lever, partial(self._with, editor, acting, place))
            act(editor, index, lever)
        for index in set(range(len(levers))).difference(index for index, _ in acting):
            yield from self._lever_bars(index, levers[index], lambda _: self.standing)

    def _lever_bars(
        self, index: int, lever: Lever, with_instead: Callable[[Lever | None], float | None]
    ) -> Iterator[Bar]:
        """The bars of one lever; ``with_instead`` returns the probability with another lever, or none, in its place."""
        lever_name = self.scenario.name_of(index)
        yield self._bar(lever_name, ("without it", with_instead(None)), (AS_IT_IS, None))
        for name, value in _numbers(lever).items():
            moved = [value * (1 + sign) for sign in (-LEVER_STEP, LEVER_STEP)]
            if name in FRACTIONS:
                moved = [min(x, 1.0) for x in moved]
            changed = (_with_number(lever, name, x) for x in moved)
            low, high = (
                (f"{x:.4g}", None if self._contradicts(index, other) else with_instead(other))
                for x, other in zip(moved, changed, strict=True)
            )
            yield self._bar(f"{lever_name}: {NUMBERS[name]}", low, high)

    def _bar(self, assumption: str, *sides: Side) -> Bar:
        low, high = ((AS_IT_IS, self.standing) if p is None else (how, p) for how, p in sides)
        return Bar(assumption, low[0], high[0], low[1], high[1])

    def _growth_bar(self, assumption: str, lever: Callable[[float], Lever]) -> Bar:
        low, high = (
            (f"{pp:+g} point a year", self._probability(self.scenario, self._underneath(lever(pp))))
            for pp in (-GROWTH_STEP, GROWTH_STEP)
        )
        return self._bar(assumption, low, high)

    def _started(self, change: float) -> Side:
        def moved(paths: Paths) -> Paths:
            shares: dict[str, Floats] = {name: x * np.float32(1 + change) for name, x in paths.shares.items()}
            return replace(paths, shares=shares)

        return f"{change * 100:+g} %", self._probability(self.scenario, moved)

    def _spread(self, change: float) -> Side:
        levers = [Shock(spread_factor=1 + change, component=c) for c in LEVER_COMPONENTS]
        return f"{change * 100:+g} % spread", self._probability(self.scenario, self._underneath(*levers))

    def _pledges_kept(self, paths: Paths) -> Paths:
        """Paths on which the ally keeps all its pledges, the common and its own, from their years on.

        The pledge lever alone would leave half of the draws short: it executes a pledge with an error.
        """
        pledged = {("core", CORE_TARGET, HAGUE_DEADLINE), ("related", RELATED_TARGET, HAGUE_DEADLINE)}
        pledged |= {(p.component, p.target_pct, p.year) for p in self.question.ally.pledges if p.target_pct and p.year}
        levers: list[Lever] = []
        for component in LEVER_COMPONENTS:
            for year, share in sorted((year, share) for name, share, year in pledged if name == component):
                levers.append(PledgeLever(component=component, share_pct=share, year=year))
                levers.append(Floor(component=component, share_pct=share, first_year=year))
        return self._underneath(*levers)(paths)

    def _underneath(self, *levers: Lever) -> Callable[[Paths], Paths]:
        """Applies ``levers`` to the paths before the scenario's own levers."""

        def moved(paths: Paths) -> Paths:
            editor = PathEditor(paths, FitContext(self.forecaster, self.question).prices(), 1.0)
            for lever in levers:
                lever.apply(editor)
            return editor.edited()

        return moved

    def _with(self, editor: PathEditor, acting: Acting, place: int, changed: Lever | None) -> float | None:
        """The probability with ``changed``, or no lever, instead of the one at ``place`` of those that act.

        ``editor`` has the paths on which the levers before it have acted.
        """
        index, lever = acting[place]
        if changed is None and (lever.aims or isinstance(lever, HistoryOverride | CountingRule)):
            # Without it other levers, or the paths that they act on, are not what they were.
            levers = tuple(x for i, x in enumerate(self.scenario.levers) if i != index)
            return self._probability(replace(self.scenario, levers=levers))
        rest = acting[place + 1 :]
        if changed is not None:
            rest = [(index, changed), *rest]
        try:
            return self._at_deadline(editor.branch([x for _, x in (*acting[:place], *rest)]), rest)
        except UnusableLever:
            return None

    def _contradicts(self, index: int, changed: Lever) -> bool:
        """Whether ``changed``, at position ``index`` of the scenario's list, cannot hold beside another lever."""
        if not isinstance(changed, Floor | Cap):
            return False  # a conflict of any others depends on no number
        others = (lever for i, lever in enumerate(self.scenario.levers) if i != index)
        return any(find((changed, other), ()) for other in others)

    def _probability(
        self, scenario: Scenario, moved: Callable[[Paths], Paths] = lambda paths: paths, *, trend: bool = False
    ) -> float | None:
        """The probability at the deadline if ``moved`` changes the paths before ``scenario`` acts, if it can act."""
        question = replace(self.question, scenario=scenario)
        context = FitContext(self.forecaster, question)
        try:
            fit = context.fit(trend=trend or question.trend)
            begun = context.by_rule(fit.paths.until(question.deadline))  # what counts comes before what moves it
            editor = context.editor(replace(fit, paths=moved(begun)))
            return self._at_deadline(editor, scenario.acting(question.ally))
        except UnusableLever:
            return None

    def _at_deadline(self, editor: PathEditor, acting: Acting) -> float:
        """The probability at the deadline after the levers of ``acting``. Raises LeverOverflow."""
        for place, (index, lever) in enumerate(acting):
            self._keep(editor, acting[place:])
            act(editor, index, lever)
        return self._proportion(editor.last_shares(self.question.target))

    def _keep(self, editor: PathEditor, acting: Acting) -> None:
        """Leave out the years on which, after the levers of ``acting``, the deadline's share does not depend."""
        origin = self.question.origin
        editor.keep(years_read([lever for _, lever in acting], {origin, self.question.deadline}, origin))

    def _proportion(self, shares: Floats) -> float:
        reached = met(shares, self.question.targets.threshold(self.question.target))
        return proportion(int(np.count_nonzero(reached)), shares.size)


def _numbers(lever: Lever) -> dict[str, float]:
    """The numbers of ``lever`` that are moved, by field."""
    values = ((each.name, getattr(lever, each.name)) for each in fields(lever))
    return {name: value for name, value in values if isinstance(value, float) and value}


def _with_number(lever: Lever, name: str, value: float) -> Lever:
    """``lever`` with another number in its field ``name``."""
    changed: dict[str, Any] = {name: value}
    return replace(lever, **changed)
