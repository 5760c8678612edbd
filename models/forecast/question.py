"""A question: an ally, a scenario, targets and an origin, checked once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

from models.dataset.countries import OWN_SERIES, Ally, Component, resolve
from models.dataset.observations import Figures
from models.errors import CannotForecast
from models.paths import Rule
from models.scenarios.builtin import named_scenario
from models.scenarios.levers import CountingRule, HistoryOverride, Lever
from models.scenarios.scenario import Scenario
from models.scenarios.targets import LAST_DEADLINE, Targets
from models.series import Series
from models.simulation.path_store import FitKey

MODEL_VERSION = "3"
"""Changes whenever the same figures and seed would give other numbers."""

LEVERS_VERSION = 2
"""Changes whenever the same levers would give other numbers while :data:`MODEL_VERSION` stays."""

DRAWS, SEED = 10_000, 1
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
FIRST_ORIGIN = 1999


@dataclass(frozen=True, eq=False)
class Basis:
    """The figures, number of draws and seed that answers rest on."""

    figures: Figures
    draws: int = DRAWS
    seed: int = SEED

    def key(self, ally: Ally, origin: int, *, trend: bool = False) -> FitKey:
        """The key of the fit of ``ally`` at ``origin``, without pledges if ``trend``."""
        return FitKey(self.figures.key, ally.code, origin, trend, MODEL_VERSION, self.draws, self.seed)

    def origin(self, origin: int | None) -> int:
        """``origin``, or the last year of the figures if None."""
        return self.figures.origin if origin is None else origin

    def check_years(self, origin: int, deadline: int) -> None:
        """Raise CannotForecast unless ``origin`` is among the figures and ``deadline`` after it, at most 2060."""
        last = self.figures.origin
        if not FIRST_ORIGIN <= origin <= last:
            raise CannotForecast("origin", f"must be a year from {FIRST_ORIGIN} to {last}")
        if not origin < deadline <= LAST_DEADLINE:
            raise CannotForecast("deadline", f"must be a year from {origin + 1} to {LAST_DEADLINE}")


@dataclass(frozen=True, eq=False)
class Question:
    """One question, made by :meth:`resolve`.

    Attributes
    ----------
    ally : the ally, or :data:`OWN_SERIES` for a ``history`` that belongs to no ally.
    origin : the last year that the answer may know.
    history : figures that were sent instead of the ally's own; None for the ally's own.
    component : the target's component; None for all.
    levels : of the quantiles, ascending, between 0 and 1.
    """

    basis: Basis
    ally: Ally
    scenario: Scenario
    targets: Targets
    origin: int
    history: Series | None = None
    component: Component | None = None
    levels: tuple[float, ...] = ()

    @classmethod
    def resolve(
        cls,
        basis: Basis,
        country: str | None,
        scenario: str | Scenario = "baseline",
        targets: Targets | None = None,
        *,
        origin: int | None = None,
        history: Series | None = None,
        levels: Sequence[float] = (),
        component: Component | None = None,
        rule: Rule | None = None,
    ) -> Question:
        """Check the arguments and make the question.

        Parameters
        ----------
        country : ISO alpha-2, alpha-3 or English name; None for a ``history`` that belongs to no ally.
        scenario : the name of a shipped scenario, or a scenario.
        targets : thresholds in % of GDP and the deadline; The Hague's if None.
        origin : the last year known; the last of the figures, or of the ``history``, if None.
        component : the target's component; None for all.
        levels : of the quantiles, between 0 and 1.
        rule : the rule that counts related spending, as a last lever of the scenario; the scenario's own if None.

        Raises
        ------
        UnknownCountry, UnknownScenario, ContradictoryLevers, CannotForecast
        """
        tables = basis.figures.tables
        ally = resolve(country, tables) if country else OWN_SERIES
        targets = targets or Targets()
        if history is not None:
            if origin not in (None, history.end):
                detail = f"is the last year of the history that was sent, {history.end}; leave it out"
                raise CannotForecast("origin", detail)
            if not FIRST_ORIGIN <= history.end <= basis.figures.origin:
                raise CannotForecast("history", f"must end in a year from {FIRST_ORIGIN} to {basis.figures.origin}")
            origin = history.end
        origin = basis.origin(origin)
        basis.check_years(origin, targets.deadline)
        if component is not None:
            _check_applies(component, ally)
        if isinstance(scenario, str):
            scenario = named_scenario(scenario, ally, origin, targets.deadline)
        if rule is not None:
            scenario = _counted_by(rule, scenario)
        scenario.check()
        return cls(basis, ally, scenario, targets, origin, history, component, tuple(sorted(set(levels))))

    @property
    def deadline(self) -> int:
        return self.targets.deadline

    @property
    def target(self) -> Component:
        """The target's component; core if the question names none."""
        return self.component or "core"

    def check_target(self) -> None:
        """Raise CannotForecast unless :attr:`target` applies to the ally."""
        _check_applies(self.target, self.ally)

    @property
    def trend(self) -> bool:
        """Whether the answer rests on history alone, without pledges."""
        return not self.scenario.pledge_effect

    @property
    def override(self) -> HistoryOverride | None:
        """The lever that replaces some of the ally's figures, if there is one."""
        return self.scenario.override(self.ally) if self.ally.has_armed_forces else None

    @property
    def known(self) -> Series | None:
        """The core shares up to the origin, before any are replaced; None if there are none."""
        return self.history or self.basis.figures.panel(self.origin).get(self.ally.code)

    @cached_property
    def id(self) -> str:
        """A hash of all that determines the answer."""
        scenario, history = self.scenario, self.history
        parts = {
            "fit": _facts(self.basis.key(self.ally, self.origin, trend=self.trend)),
            "scenario": _facts(scenario)
            | {"levers": [{"type": lever.type} | _facts(lever) for lever in scenario.levers]},
            "targets": _facts(self.targets),
            "levels": self.levels,
            **({"levers_version": LEVERS_VERSION} if scenario.levers else {}),
            "history": history and {"start": history.start, "values": history.values.tolist()},
        }
        return digest(json.dumps(parts, sort_keys=True))


def digest(text: str) -> str:
    """A hash of ``text``, 32 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _counted_by(rule: Rule, scenario: Scenario) -> Scenario:
    """``scenario`` with a lever that chooses ``rule``."""
    if any(isinstance(lever, CountingRule) for lever in scenario.levers):
        raise CannotForecast("rule", "the scenario has a counting_rule already: leave one of the two out")
    if scenario.components and "related" not in scenario.components:
        raise CannotForecast("rule", "the scenario's 'components' leave related spending out: leave the rule out too")
    return replace(scenario, levers=(*scenario.levers, CountingRule(rule=rule)))


def _check_applies(component: Component, ally: Ally) -> None:
    if component != "related" and not ally.has_armed_forces:
        raise CannotForecast("component", f"{ally.name} has no armed forces; 'related' can be asked for")


def _facts(of: FitKey | Scenario | Targets | Lever) -> dict[str, object]:
    """Field -> value, -0.0 as 0.0; ``asdict`` would copy every value."""
    values = ((field.name, getattr(of, field.name)) for field in fields(of))
    return {name: value + 0.0 if isinstance(value, float) else value for name, value in values}
