"""A scenario: a name and a list of levers, checked for conflicts and applied to paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.dataset.countries import OWN_SERIES, Ally
from models.dataset.groups import covers
from models.paths import MOST_VALUE, Floats, Paths, Rule, within_range
from models.scenarios.conflicts import find
from models.scenarios.lever_names import named, numbered
from models.scenarios.levers import (
    ORDER,
    CountingRule,
    HistoryOverride,
    Lever,
    LeverComponent,
    PathEditor,
    PledgeLever,
    SharePath,
    Temporary,
)
from models.series import Array

Watch = Callable[[int, Mapping[str, Floats]], None]
"""Called after every lever with its position in the scenario's list and the shares; it must not store the arrays."""


class UnusableLever(ValueError):
    """A lever that makes a scenario impossible.

    Attributes
    ----------
    index : its position in the scenario's list.
    detail : what is wrong, in words.
    """

    def __init__(self, index: int, detail: str) -> None:
        super().__init__(detail)
        self.index = index
        self.detail = detail


class ContradictoryLevers(UnusableLever):
    """Two levers of a scenario that cannot both hold; ``index`` is the second one's."""


class LeverOverflow(UnusableLever):
    """A lever after which paths exceed :data:`models.paths.MOST_VALUE`."""


@dataclass(frozen=True)
class Scenario:
    """Assumptions about the future, as data.

    Attributes
    ----------
    pledge_effect : whether it starts from the baseline's paths (pledges count, as far as allies keep them) or from
        the trend's (history alone).
    components : those that its levers may act on; all if empty.
    countries : those that its levers may act on, ISO alpha-3 codes and groups (:mod:`models.dataset.groups`); all if
        empty.
    based_on : the scenario that it derives from. model_version, vintage : the statistics and the vintage of the
        figures that it was written for. They change no number.
    """

    name: str
    description: str = ""
    levers: tuple[Lever, ...] = ()
    pledge_effect: bool = True
    components: tuple[LeverComponent, ...] = ()
    countries: tuple[str, ...] = ()
    based_on: str | None = None
    model_version: str | None = None
    vintage: str | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether it changes nothing."""
        return self.pledge_effect and not self.levers

    @cached_property
    def _contradiction(self) -> tuple[int, str] | None:
        return find(self.levers, self.components)

    def check(self) -> None:
        """Raise :class:`ContradictoryLevers` if two levers cannot both hold for an ally."""
        if self._contradiction:
            raise ContradictoryLevers(*self._contradiction)

    def acting(self, ally: Ally | None = None) -> list[tuple[int, Lever]]:
        """The levers that act on ``ally``, with their positions in the list, in the order in which they act.

        All levers act if it is None.
        """
        here = [
            (index, lever)
            for index, lever in enumerate(self.levers)
            if ally is None or (covers(self.countries, ally) and covers(lever.countries, ally))
        ]
        return sorted(here, key=lambda item: _turn(item[1], [lever for _, lever in here]))

    def on(self, ally: Ally) -> Scenario:
        """This scenario with only the levers that act on ``ally``."""
        acting = sorted(index for index, _ in self.acting(ally))
        return self if len(acting) == len(self.levers) else replace(self, levers=tuple(self.levers[i] for i in acting))

    def override(self, ally: Ally) -> HistoryOverride | None:
        """The lever that replaces figures of ``ally``, if there is one."""
        return next((lever for _, lever in self.acting(ally) if isinstance(lever, HistoryOverride)), None)

    def counting_rule(self, ally: Ally | None = None) -> CountingRule | None:
        """The lever that says by which rule the related spending of ``ally`` is counted, if there is one."""
        return next((lever for _, lever in self.acting(ally) if isinstance(lever, CountingRule)), None)

    def idle(self, origin: int, deadline: int, ally: Ally | None = None) -> Iterator[tuple[int, str]]:
        """Levers that cannot act, and points that are not used, in a forecast from ``origin`` to ``deadline``.

        Yields the lever's position in the list, and what is so, in words.
        """
        acting = {index for index, _ in self.acting(ally)}
        for index, lever in enumerate(self.levers):
            name = self.name_of(index)
            reason = None
            if ally is not None:
                reason = _out_of_reach(lever, ally) if index in acting else f"it does not act on {ally.code}"
            if reason is None and ((lever.last_year or deadline) <= origin or (lever.first_year or 0) > deadline):
                reason = f"its years lie outside {origin + 1} to {deadline}"
            if reason:
                yield index, f"{name} changes nothing: {reason}."
            elif isinstance(lever, SharePath) and (past := sorted(y for y in lever.points if y <= origin)):
                if len(past) == len(lever.points):
                    yield index, f"{name} changes nothing: its points lie before {origin + 1}."
                else:
                    yield index, f"{name}: points up to the origin are not used ({', '.join(map(str, past))})."
            elif isinstance(lever, HistoryOverride) and (later := sorted(y for y in lever.points if y > origin)):
                yield index, f"{name}: figures after the origin are not used ({', '.join(map(str, later))})."

    def name_of(self, index: int) -> str:
        """How texts name the lever at position ``index`` of the list, in words; no two levers have the same name."""
        return numbered(named(_facts(lever)) for lever in self.levers)[index]

    def apply(
        self,
        paths: Paths,
        deflator: Array,
        credibility: float,
        *,
        ally: Ally | None = None,
        trend: Callable[[], Paths] | None = None,
        related: Callable[[Rule], Floats] | None = None,
        watch: Watch | None = None,
    ) -> Paths:
        """A changed copy of ``paths``; levers act in the order of :data:`models.scenarios.levers.ORDER`.

        Parameters
        ----------
        paths : the ensemble's, fitted on the figures of a ``history_override`` if there is one.
        deflator : index of prices by year, array (1 + horizon,), 1 at the origin.
        credibility : the fraction of its pledge that the ally is expected to keep, for levers that use it.
        ally : whose paths they are; levers for others do not act. All act if None.
        trend : returns the paths by history alone, for levers that go back to them; ``paths`` if None.
        related : returns the related shares of the same futures under one counting rule, array (draws, 1 + horizon),
            for the lever that chooses a rule; those of ``paths`` if None.
        watch : called after every lever.

        Raises
        ------
        ContradictoryLevers, LeverOverflow
        """
        self.check()
        acting = self.acting(ally)
        if not acting:
            return paths
        editor = PathEditor(paths, deflator, credibility, trend, related, [lever for _, lever in acting])
        for index, lever in acting:
            act(editor, index, lever)
            if watch is not None:
                watch(index, editor.shares)
        return editor.edited()


def act(editor: PathEditor, index: int, lever: Lever) -> None:
    """Let ``lever``, at position ``index`` of its scenario's list, change the paths of ``editor``.

    Raises LeverOverflow.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        lever.apply(editor)
    if not within_range(editor.shares):
        raise LeverOverflow(
            index, f"after this {lever.type} some futures exceed {MOST_VALUE:g} % of GDP: weaken it or others"
        )


def years_read(acting: Sequence[Lever], years: Set[int], origin: int) -> Set[int]:
    """The years that must be known before the levers of ``acting`` act in turn, so that ``years`` are known after them.

    ``years`` hold the ``origin``.
    """
    for lever in reversed(acting):
        years = lever.reads(years, origin)
    return years


def _out_of_reach(lever: Lever, ally: Ally) -> str | None:
    """Why ``lever``, which is meant for ``ally``, cannot change its paths; None if it can."""
    who = "a series of no ally" if ally is OWN_SERIES else ally.name
    if not ally.has_armed_forces and set(lever.components) == {"core"}:
        return f"{who} has no core spending"
    if ally is OWN_SERIES and set(lever.components) == {"related"}:
        return f"{who} has no related spending"
    learns = isinstance(lever, PledgeLever) and lever.credibility == "learned"
    if learns and (ally is OWN_SERIES or not ally.has_armed_forces):
        return f"{who} has no pledge of core spending whose credibility was learned"
    return None


def _facts(lever: Lever) -> dict[str, object]:
    """What :func:`models.scenarios.lever_names.named` reads."""
    years = {"from": lever.first_year, "to": lever.last_year}
    return {"type": lever.type, "component": getattr(lever, "component", None)} | years


def _turn(lever: Lever, levers: Sequence[Lever]) -> tuple[float, int, int]:
    """When ``lever`` acts: by the order of the types, but before any aim that begins after it has ended."""
    place, ends = ORDER.index(type(lever)), lever.last_year
    if isinstance(lever, Temporary) and lever.after == "continue" and ends is not None:
        for other in levers:
            if other.aims and (other.first_year or 0) > ends and set(other.components) & set(lever.components):
                return ORDER.index(SharePath) - 0.5, ends, place
    return place, 0, place
