"""Sensitivity: each assumption is moved a little down and up, one at a time (a tornado chart)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from models.dataset.countries import Ally, Component
from models.dataset.gdp import price_index
from models.errors import CannotForecast
from models.forecast import MODEL_VERSION, Forecaster, Question
from models.forecast.forecaster import FitContext
from models.paths import RULES, Floats, Paths
from models.scenarios.levers import (
    LEVER_COMPONENTS,
    CountingRule,
    Floor,
    GdpGrowth,
    Lever,
    PathEditor,
    PledgeLever,
    Shock,
    SpendingGrowth,
)
from models.scenarios.scenario import Scenario, UnusableLever
from models.scenarios.targets import CORE_TARGET, HAGUE_DEADLINE, RELATED_TARGET, met, proportion
from models.series import Array

GROWTH_STEP, START_STEP, SPREAD_STEP, LEVER_STEP = 1.0, 0.05, 0.25, 0.10
"""Percentage points of growth; fractions of the origin's share, of the spread, and of a lever's own number."""

MOST_LEVERS = 16
"""Each lever is taken away and each of its numbers moved, and all others act again each time: the work grows with the
square of their number. 16 take up to some seconds, 50 would take more than a minute."""

FRACTIONS = frozenset({"credibility", "reversion", "probability"})
"""Numbers of levers that are at most 1."""

AS_IT_IS = "as it is"
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
        return self._computed(self.scenario, lambda paths: paths, trend=False)

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
        for index, lever in enumerate(self.scenario.levers):
            yield from self._lever_bars(index, lever)

    def _rule_bar(self) -> Iterator[Bar]:
        """The narrowest and the broadest counting rule, unless the scenario chooses one or leaves related out."""
        scenario = self.scenario
        if scenario.counting_rule() is None and "related" in (scenario.components or LEVER_COMPONENTS):
            narrow, broad = (
                (rule, self._probability(replace(scenario, levers=(*scenario.levers, CountingRule(rule=rule)))))
                for rule in (RULES[0], RULES[-1])
            )
            yield self._bar("the rule that counts related spending", narrow, broad)

    def _lever_bars(self, index: int, lever: Lever) -> Iterator[Bar]:
        without = tuple(x for i, x in enumerate(self.scenario.levers) if i != index)
        gone = self._probability(replace(self.scenario, levers=without))
        yield self._bar(f"lever {index + 1} ({lever.type})", ("without it", gone), (AS_IT_IS, None))
        for name, value in ((f.name, getattr(lever, f.name)) for f in fields(lever)):
            if isinstance(value, float) and value:
                moved = [value * (1 + sign) for sign in (-LEVER_STEP, LEVER_STEP)]
                if name in FRACTIONS:
                    moved = [min(x, 1.0) for x in moved]
                low, high = ((f"{x:.4g}", self._with(index, _with_number(lever, name, x))) for x in moved)
                yield self._bar(f"lever {index + 1} ({lever.type}): {name}", low, high)

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
            editor = PathEditor(paths, self._prices(), 1.0)
            for lever in levers:
                lever.apply(editor)
            return editor.edited()

        return moved

    def _prices(self) -> Array:
        question, tables = self.question, self.forecaster.figures.tables
        return price_index(question.ally.code, question.origin, question.deadline, tables)

    def _with(self, index: int, lever: Lever) -> float | None:
        levers = tuple(lever if i == index else x for i, x in enumerate(self.scenario.levers))
        return self._probability(replace(self.scenario, levers=levers))

    def _probability(
        self, scenario: Scenario, moved: Callable[[Paths], Paths] = lambda paths: paths, *, trend: bool = False
    ) -> float | None:
        """The probability at the deadline if ``moved`` changes the paths before ``scenario`` acts, if it can act."""
        try:
            return self._computed(scenario, moved, trend=trend)
        except UnusableLever:
            return None

    def _computed(self, scenario: Scenario, moved: Callable[[Paths], Paths], *, trend: bool) -> float:
        question = replace(self.question, scenario=scenario)
        context = FitContext(self.forecaster, question)
        fit = context.fit(trend=trend or question.trend)
        begun = context.by_rule(fit.paths.until(question.deadline))  # what counts comes before what moves it
        paths = context.scenario_paths(replace(fit, paths=moved(begun)))
        shares = paths.component(self.question.target)
        assert shares is not None  # noqa: S101  the component was checked before anything was moved
        reached = met(shares[:, -1], question.targets.threshold(self.question.target))
        return proportion(int(np.count_nonzero(reached)), paths.draws)


def _with_number(lever: Lever, name: str, value: float) -> Lever:
    """``lever`` with another number in its field ``name``."""
    changed: dict[str, Any] = {name: value}
    return replace(lever, **changed)
