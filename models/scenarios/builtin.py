"""The scenarios that ship with the service, built for an ally and a deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from models.dataset.countries import Ally
from models.scenarios.directions import DIRECTIONS
from models.scenarios.levers import Cap, Freeze, GdpGrowth, Lever, PledgeLever, SharePath
from models.scenarios.library import library
from models.scenarios.scenario import Scenario
from models.scenarios.targets import CORE_TARGET, HAGUE_DEADLINE, RELATED_TARGET

EXEMPTION_CAP = 2.1
"""What Spain says is enough for its capability targets, % of GDP (22 June 2025)."""


Build = Callable[[Ally, int, int], Scenario]


class UnknownScenario(LookupError):
    """No scenario has this name; ``known`` lists the names that exist, if given."""

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        super().__init__(name)
        self.known = tuple(known)


@dataclass(frozen=True)
class NamedScenario:
    """A scenario that ships: ``build`` makes it for an ally, an origin and a deadline."""

    name: str
    description: str
    build: Build

    @property
    def direction(self) -> str:
        """What it does to the core target, compared with the baseline, in a sentence."""
        return DIRECTIONS[self.name]


def _baseline(_ally: Ally, _origin: int, _deadline: int) -> Scenario:
    return Scenario("baseline")


def _trend(_ally: Ally, _origin: int, _deadline: int) -> Scenario:
    return Scenario("trend", pledge_effect=False)


def _pledge(_ally: Ally, _origin: int, deadline: int) -> Scenario:
    return Scenario(
        "pledge",
        levers=(
            PledgeLever(share_pct=CORE_TARGET, year=deadline),
            PledgeLever(component="related", share_pct=RELATED_TARGET, year=deadline),
        ),
    )


def plan_levers(ally: Ally, origin: int, countries: tuple[str, ...] = ()) -> tuple[Lever, ...]:
    """The levers that make ``ally`` follow its own plans for the years after ``origin``; none if it has none.

    Plans that reach the target are lower bounds, as the target is ("at least 3.5 %"): the ally spends no less. Plans
    that end below it are the path itself: the government has dated no more.
    """
    points = [(year, share) for year, share in ally.own_plans.items() if year > origin]
    if not points:
        return ()
    if points[-1][1] < CORE_TARGET:
        return (SharePath(points=dict(points), countries=countries),)
    starts = [None, *(year + 1 for year, _ in points[:-1])]
    ends = [*(year for year, _ in points[:-1]), None]
    # A step of a plan says nothing about the years after it, which have their own.
    return tuple(
        PledgeLever(share_pct=share, year=year, first_year=first, last_year=last, countries=countries, after="resume")
        for (year, share), first, last in zip(points, starts, ends, strict=True)
    )


def _national_plan(ally: Ally, origin: int, _deadline: int) -> Scenario:
    if levers := plan_levers(ally, origin):
        return Scenario("national-plan", levers=levers)
    if ally.has_armed_forces:
        return Scenario("national-plan", levers=(PledgeLever(share_pct=CORE_TARGET, year=HAGUE_DEADLINE),))
    related = PledgeLever(component="related", share_pct=RELATED_TARGET, year=HAGUE_DEADLINE)
    return Scenario("national-plan", levers=(related,))


def _exemption(_ally: Ally, _origin: int, _deadline: int) -> Scenario:
    return Scenario("exemption", levers=(Cap(share_pct=EXEMPTION_CAP),))


def _stall(_ally: Ally, _origin: int, _deadline: int) -> Scenario:
    return Scenario("stall", levers=(Freeze(what="share"), Freeze(what="share", component="related")))


def _gdp_shock(_ally: Ally, origin: int, _deadline: int) -> Scenario:
    # About what the euro area lost against projections in 2009 and the year after.
    return Scenario(
        "gdp-shock",
        levers=(
            GdpGrowth(change_pp=-5.0, first_year=origin + 1, last_year=origin + 1),
            GdpGrowth(change_pp=-1.0, first_year=origin + 2, last_year=origin + 2),
        ),
    )


def _as_it_is(scenario: Scenario) -> Build:
    return lambda _ally, _origin, _deadline: scenario


_BUILT_IN = (
    NamedScenario(
        "baseline",
        "History, plans and pledges: what the models expect, with plans and pledges as such were kept before.",
        _baseline,
    ),
    NamedScenario("trend", "History alone: the model without plans and pledges.", _trend),
    NamedScenario(
        "pledge",
        "The pledge of The Hague, carried out: an ally that is below plans a straight line to 3.5 % core and 1.5 % "
        "related in the deadline year, and misses its plan by an error of 8 %. The plan aims at the target and not "
        "above it, so about half of its futures end below.",
        _pledge,
    ),
    NamedScenario(
        "national-plan",
        "The ally's own dated plans, then level: at least what they name, carried out with an error of 8 %, if they "
        "reach 3.5 %; otherwise just what they name, as the median. Without plans of its own, the pledge of The Hague.",
        _national_plan,
    ),
    NamedScenario("exemption", "Core spending capped at 2.1 % of GDP, the exemption that Spain claims.", _exemption),
    NamedScenario("stall", "The shares of the origin year, frozen.", _stall),
    NamedScenario(
        "gdp-shock",
        "A recession next year (growth 5 points lower, then 1) while spending in money stays: the share rises.",
        _gdp_shock,
    ),
)


@cache
def named_scenarios() -> Mapping[str, NamedScenario]:
    """The scenarios that ship, by name."""
    return {one.name: one for one in _BUILT_IN} | {
        name: NamedScenario(name, one.description, _as_it_is(one)) for name, one in library().items()
    }


def named_scenario(name: str, ally: Ally, origin: int, deadline: int) -> Scenario:
    """The shipped scenario ``name``, built for one ally and deadline. Raises UnknownScenario."""
    known = named_scenarios()
    if name not in known:
        raise UnknownScenario(name, known)
    named = known[name]
    return replace(named.build(ally, origin, deadline), description=named.description)
