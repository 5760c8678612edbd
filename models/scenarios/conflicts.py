"""Conflicts: levers that cannot hold in one scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from models.dataset.groups import meet
from models.scenarios.levers import Cap, CountingRule, Floor, Freeze, HistoryOverride, Lever, LeverComponent, Reclassify

FROZEN = {
    "pledge": "frozen spending cannot keep a pledge",
    "delay": "frozen spending has no path to delay",
    "exit": "frozen spending has no plan that could end",
    "shock": "a freeze fixes the spread at that of the year before",
}
"""Why a freeze excludes other levers on the same years."""


def _paths(one: Lever, other: Lever, shared: str) -> str | None:
    if not one.settles & other.settles:
        return None
    return (
        f"{other.type} and {one.type} both settle the {shared} path of the same years: "
        "keep one, or give them years ('from', 'to') that do not overlap"
    )


def _freeze(one: Lever, other: Lever, _shared: str) -> str | None:
    other_than_freeze = [x for x in (one, other) if not isinstance(x, Freeze)]
    if len(other_than_freeze) != 1 or (kind := other_than_freeze[0].type) not in FROZEN:
        return None
    article = "an" if kind == "exit" else "a"
    return f"a freeze and {article} {kind} act on the same years: {FROZEN[kind]}"


def _bounds(one: Lever, other: Lever, _shared: str) -> str | None:
    floor = next((x for x in (one, other) if isinstance(x, Floor)), None)
    cap = next((x for x in (one, other) if isinstance(x, Cap)), None)
    if floor is None or cap is None or floor.share_pct <= cap.share_pct:
        return None
    return f"the floor ({floor.share_pct:g}) is above the cap ({cap.share_pct:g})"


def _books(one: Lever, other: Lever, _shared: str) -> str | None:
    if not (isinstance(one, Reclassify) and isinstance(other, Reclassify)):
        return None
    if (one.component, one.from_component) != (other.from_component, other.component):
        return None
    return f"one reclassify counts {one.from_component} as {one.component}, the other the reverse, in the same years"


def _histories(one: Lever, other: Lever, _shared: str) -> str | None:
    if isinstance(one, HistoryOverride) and isinstance(other, HistoryOverride):
        return "a second history_override: put all years into one"
    return None


def _counting(one: Lever, other: Lever, _shared: str) -> str | None:
    if isinstance(one, CountingRule) and isinstance(other, CountingRule):
        return "a second counting_rule: one rule binds the whole alliance, so keep one"
    return None


_RULES: tuple[Callable[[Lever, Lever, str], str | None], ...] = (
    _paths,
    _freeze,
    _bounds,
    _books,
    _histories,
    _counting,
)


def _together(levers: Sequence[Lever]) -> Iterator[tuple[Lever, Lever, int]]:
    """Pairs of levers that act on a common ally in a common year, with the second one's position."""
    for (_, one), (index, other) in combinations(enumerate(levers), 2):
        starts = max(one.first_year or 0, other.first_year or 0)
        ends = min(one.last_year or 9999, other.last_year or 9999)
        if starts <= ends and meet(one.countries, other.countries):
            yield one, other, index


def find(levers: Sequence[Lever], components: Sequence[LeverComponent]) -> tuple[int, str] | None:
    """The first conflict among ``levers``: the position of the lever that causes it, and what is wrong.

    ``components`` are those that the scenario allows; all if empty.
    """
    for index, lever in enumerate(levers):
        if isinstance(lever, Reclassify) and lever.from_component == lever.component:
            return index, f"it counts {lever.component} as {lever.component}: 'from_component' must be another one"
        if outside := [name for name in lever.components if components and name not in components]:
            return index, f"{lever.type} acts on {outside[0]}, which the scenario's 'components' leave out"
    for one, other, index in _together(levers):
        shared = " and ".join(sorted(set(one.components) & set(other.components)))
        if shared:
            for rule in _RULES:
                if detail := rule(one, other, shared):
                    return index, detail
    return None
