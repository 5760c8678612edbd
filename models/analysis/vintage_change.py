"""Why a probability changed between two vintages: the parts of figures, growth, plans and model.

A forecast has four inputs, each of which may be the older vintage's or the newer one's:

- **figures**: core shares, their history and revisions, amounts and equipment; with them the origin, which may be
  later in the newer vintage;
- **growth**: the projection of GDP and its errors, as known in the vintage's last year;
- **plans**: pledges and positions in force in that year, and what is claimed of related spending;
- **model**: the trust in pledges, as it was learned by that year.

Every mixture of the two vintages gives a forecast, with the same seed. The part of an input is the change when the
newer one replaces the older one, averaged over all orders of replacement (Shapley 1953). No single order is right: it
would give the joint effect of two inputs to the later one. Parts are fractions of draws and add up exactly.

Growth has no part in core spending under the baseline, since shares are forecast directly. It has one under levers of
growth or money. Prices follow the figures' origin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations

import numpy as np

from models.dataset.countries import Ally, Component, resolve
from models.dataset.observations import Figures
from models.dataset.tables import NAMES, Tables, Uses
from models.ensemble.learned_trust import trust_at
from models.ensemble.pool import Ensemble
from models.forecast import Forecaster, Question
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Targets, met
from models.simulation.fitter import Fitter, Known
from models.simulation.path_store import Fit

INPUTS = ("figures", "growth", "plans", "model")
_FIGURE_TABLES = ("core_share", "core_share_history", "share_vintages", "core_amount", "equipment_share")
_GROWTH_TABLES, _PLAN_TABLES = ("gdp",), ("pledges", "related_share", "plan_record")
_OF_GROWTH = ("outlook", "outlook_from", "outlook_actual", "growth", "growth_from")

Side = tuple[bool, bool, bool, bool]
"""For each of :data:`INPUTS`, whether it is the newer vintage's."""


@dataclass(frozen=True)
class VintageChange:
    """Why the probability of one target at the deadline changed.

    Attributes
    ----------
    before, after : the probability by the older and by the newer vintage.
    parts : by input; they add up to ``after - before``. An input that is the same in both has 0.
    standard_error : Monte-Carlo error of ``after - before`` as if the two shared no draws; the true one is less.
    """

    ally: Ally
    component: Component
    threshold: float
    deadline: int
    scenario: str
    vintages: tuple[str, str]
    origins: tuple[int, int]
    before: float
    after: float
    parts: Mapping[str, float]
    standard_error: float


class Comparison:
    """Two vintages and every mixture of them; all allies share what is learned from the panel.

    Parameters
    ----------
    a, b : forecasters on the older and the newer vintage, of the same draws and seed.
    """

    def __init__(self, a: Forecaster, b: Forecaster) -> None:
        if (a.draws, a.seed) != (b.draws, b.seed):
            raise ValueError("the two forecasters must have the same draws and seed")
        self.a, self.b = a, b
        self._mixed: dict[Side, _Mixed] = {}
        self._ensembles: dict[tuple[bool, bool], dict[int, Ensemble]] = {}

    @cached_property
    def differing(self) -> tuple[int, ...]:
        """Which of :data:`INPUTS` differ, by index."""
        a, b = self.a.figures, self.b.figures
        later = a.origin != b.origin
        figures = a.observations != b.observations or any(a.tables.read(t) != b.tables.read(t) for t in _FIGURE_TABLES)
        plans = later or any(a.tables.read(t) != b.tables.read(t) for t in _PLAN_TABLES)
        growth = (
            later or a.tables.read("gdp") != b.tables.read("gdp") or _differ(a.tables.uses, b.tables.uses, _OF_GROWTH)
        )
        model = trust_at(a.origin) != trust_at(b.origin)
        return tuple(i for i, differs in enumerate((figures, growth, plans, model)) if differs)

    def why(
        self,
        country: str,
        component: Component = "core",
        scenario: str | Scenario = "baseline",
        targets: Targets | None = None,
    ) -> VintageChange:
        """The change of one ally's probability at the deadline, in parts.

        Raises UnknownCountry, UnknownScenario, ContradictoryLevers, LeverOverflow or CannotForecast.
        """
        targets = targets or Targets()
        for forecaster in (self.a, self.b):
            forecaster.basis.check_years(forecaster.figures.origin, targets.deadline)
        hits = {
            frozenset(chosen): self._hits(chosen, country, component, scenario, targets)
            for size in range(len(self.differing) + 1)
            for chosen in combinations(self.differing, size)
        }
        draws = self.a.draws
        parts = {name: float(shapley(i, self.differing, hits) / (draws + 1)) for i, name in enumerate(INPUTS)}
        # As models.scenarios.targets.proportion has it: half a hit more, of one draw more.
        before, after = ((hits[frozenset(c)] + 0.5) / (draws + 1) for c in ((), self.differing))
        return VintageChange(
            resolve(country, self.b.figures.tables),
            component,
            targets.threshold(component),
            targets.deadline,
            scenario if isinstance(scenario, str) else scenario.name,
            (self.a.figures.vintage, self.b.figures.vintage),
            (self.a.figures.origin, self.b.figures.origin),
            before,
            after,
            parts,
            math.sqrt((before * (1 - before) + after * (1 - after)) / draws),
        )

    def _hits(
        self, newer: tuple[int, ...], country: str, component: Component, scenario: str | Scenario, targets: Targets
    ) -> int:
        """How many draws meet the target at the deadline, with the inputs ``newer`` replaced."""
        forecaster = self._forecaster((0 in newer, 1 in newer, 2 in newer, 3 in newer))
        question = Question.resolve(forecaster.basis, country, scenario, targets, component=component)
        shares = forecaster.scenario_paths(question).component(component)
        if isinstance(forecaster, _Mixed):
            forecaster.forget()
        assert shares is not None  # noqa: S101  the component was checked
        return int(np.count_nonzero(met(shares[:, -1], targets.threshold(component))))

    def _forecaster(self, side: Side) -> Forecaster:
        if not any(side):
            return self.a
        if all(side[i] for i in self.differing):
            return self.b
        if side not in self._mixed:
            self._mixed[side] = self.mix(side)
        return self._mixed[side]

    def mix(self, side: Side) -> _Mixed:
        """A forecaster that takes each of the inputs from the vintage that ``side`` says."""
        figures, growth, plans, model = ((self.a, self.b)[newer].figures for newer in side)
        tables = _mixed_tables(figures.tables, growth.tables, plans.tables)
        known = Known(growth.origin, plans.origin, model.origin)
        ensembles = self._ensembles.setdefault((side[0], side[2]), {})
        mixed = replace(figures, tables=tables)
        return _Mixed(self.a, mixed, Fitter(mixed, self.a.draws, self.a.seed, known, ensembles))


class _Mixed(Forecaster):
    """A forecaster on a mixture of two vintages; it caches the fits of one question and saves none."""

    def __init__(self, like: Forecaster, figures: Figures, fitter: Fitter) -> None:
        super().__init__(figures, like.store, like.draws, like.seed, fitter)
        self._fits: dict[tuple[str, int, bool], Fit] = {}

    def fit(self, ally: Ally, origin: int | None = None, *, trend: bool = False) -> Fit:
        """As in the base class, without a store."""
        origin = self.figures.origin if origin is None else origin
        key = (ally.code, origin, trend)
        if key not in self._fits:
            self._fits[key] = self._fitter.fit(ally, origin, pledge=not trend).as_saved()
        return self._fits[key]

    def forget(self) -> None:
        """Drop the fits: each takes megabytes, and there are many mixtures."""
        self._fits.clear()


def _differ(a: Uses, b: Uses, names: tuple[str, ...]) -> bool:
    return any(getattr(a, name) != getattr(b, name) for name in names)


def _mixed_tables(figures: Tables, growth: Tables, plans: Tables) -> Tables:
    """The tables of a mixture; the same object if all three are equal."""
    if figures == growth == plans:
        return figures
    origin = dict.fromkeys(NAMES, figures) | dict.fromkeys(_GROWTH_TABLES, growth) | dict.fromkeys(_PLAN_TABLES, plans)
    uses = replace(figures.uses, **{name: getattr(growth.uses, name) for name in _OF_GROWTH})
    key = f"mixture of {figures.key}, {growth.key} and {plans.key}"
    return Tables(key, uses, {name: tables.read(name) for name, tables in origin.items()})


def shapley(index: int, players: tuple[int, ...], value: Mapping[frozenset[int], int]) -> Fraction:
    """What ``index`` adds, averaged over all orders of ``players``; 0 if it is none of them."""
    if index not in players:
        return Fraction(0)
    others, n = [p for p in players if p != index], len(players)
    return sum(
        (
            Fraction(math.factorial(size) * math.factorial(n - size - 1), math.factorial(n))
            * (value[frozenset((*chosen, index))] - value[frozenset(chosen)])
            for size in range(n)
            for chosen in combinations(others, size)
        ),
        Fraction(0),
    )
