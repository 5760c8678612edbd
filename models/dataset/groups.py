"""Groups of allies that a scenario or a lever may name instead of single codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from models.dataset.countries import OWN_SERIES, Ally, allies

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


def canonical(countries: Iterable[str]) -> tuple[str, ...]:
    """``countries``, ISO alpha-3 codes and groups, each once, in a fixed order; empty if ``all`` is among them."""
    named = set(countries)
    return () if "all" in named else tuple(name for name in (*GROUPS, *allies()) if name in named)


def covers(countries: tuple[str, ...], ally: Ally) -> bool:
    """Whether ``countries``, ISO alpha-3 codes and groups, hold ``ally``.

    Only an empty tuple and the group "all" hold a series that belongs to no ally.
    """
    if not countries or "all" in countries or ally.code in countries:
        return True
    return ally is not OWN_SERIES and any(GROUPS[name](ally) for name in countries if name in GROUPS)


@lru_cache(maxsize=1024)
def members(countries: tuple[str, ...]) -> frozenset[str]:
    """The codes of the allies that ``countries`` stand for."""
    return frozenset(code for code, ally in allies().items() if covers(countries, ally))


def meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether both hold a common ally."""
    if not one or not other:
        return True
    return bool(members(one) & members(other))
