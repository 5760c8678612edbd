"""Groups of allies that a scenario or a lever may name instead of single codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from models.dataset.countries import Ally, allies

EURO_AREA = frozenset(
    "BEL BGR DEU ESP EST FIN FRA GRC HRV ITA LTU LUX LVA NLD PRT SVK SVN".split()  # noqa: SIM905  as read
)
"""Allies whose currency is the euro by Council decision (European Central Bank; Bulgaria since 1 January 2026).
Montenegro uses it without being a member."""

GROUPS: Mapping[str, Callable[[Ally], bool]] = {
    "all": lambda _ally: True,
    "european": lambda ally: ally.region == "Europe",
    "europe-and-canada": lambda ally: ally.code != "USA",
    "euro-area": lambda ally: ally.code in EURO_AREA,
    "borders-russia-or-belarus": lambda ally: ally.borders_russia_or_belarus,
}


@lru_cache(maxsize=1024)
def members(countries: tuple[str, ...]) -> frozenset[str]:
    """The codes of the allies that ``countries``, ISO alpha-3 codes and groups, stand for."""
    named = set(countries)
    tests = [belongs for group, belongs in GROUPS.items() if group in named]
    return frozenset(code for code, ally in allies().items() if code in named or any(test(ally) for test in tests))


def covers(countries: tuple[str, ...], code: str) -> bool:
    """Whether ``countries`` hold the ally ``code``; none at all, or the group "all", hold everyone, allies or not."""
    return not countries or "all" in countries or code in members(countries)


def meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether any ally is held by both."""
    if not one or not other:
        return True
    return bool(members(one) & members(other))
