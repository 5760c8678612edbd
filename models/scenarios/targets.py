"""From paths to probabilities: targets, and three ways of meeting them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.paths import RELATED_COUNTED, Floats

CORE_TARGET, RELATED_TARGET, HAGUE_DEADLINE = 3.5, 1.5, 2035
"""% of GDP, and the year: The Hague Summit Declaration, 25 June 2025."""
LAST_DEADLINE = 2060
LEAST_WEIGHT = 0.1
"""A member of less weight is not in the range across members: it hardly counts, and few draws are its own."""


@dataclass(frozen=True)
class Targets:
    """The thresholds, % of GDP, and the deadline; the total's threshold is the sum of the two."""

    deadline: int = HAGUE_DEADLINE
    core: float = CORE_TARGET
    related: float = RELATED_TARGET

    def threshold(self, component: str) -> float:
        """The threshold of ``core``, ``related`` or ``total``, % of GDP."""
        return {"core": self.core, "related": self.related, "total": round(self.core + self.related, 6)}[component]

    @property
    def counted_related(self) -> float:
        """The most of related spending that counts towards the total, % of GDP: 1.5, or a higher related target."""
        return max(RELATED_COUNTED, self.related)


@dataclass(frozen=True)
class Probability:
    """The three probabilities of one target, their Monte-Carlo error and the range across members.

    ``at_deadline``: the share is at the threshold in the deadline year. ``by_deadline``: in some year
    from the origin up to it. ``held``: from the first year at the threshold through the deadline.
    ``across_members`` is the lowest and the highest ``at_deadline`` of any member with a weight of at least
    :data:`LEAST_WEIGHT`, and of all together.
    """

    at_deadline: float
    by_deadline: float
    held: float
    standard_error: float
    across_members: tuple[float, float]


def proportion(hits: int, draws: int) -> float:
    """The probability of an event in ``hits`` of ``draws``: (k + 0.5) / (n + 1), so never exactly 0 or 1.

    The posterior mean under the Jeffreys prior Beta(1/2, 1/2).
    """
    return (hits + 0.5) / (draws + 1)


def least_met(threshold: float) -> float:
    """The least share that, rounded to two decimals as NATO reports it, is at or above ``threshold``, % of GDP."""
    return math.ceil(round(threshold * 100, 6)) / 100 - 0.005


def met(shares: Floats, threshold: float) -> NDArray[np.bool_]:
    """Where a share, rounded to two decimals as NATO reports it, is at or above ``threshold`` (% of GDP)."""
    return np.asarray(shares >= np.asarray(least_met(threshold), dtype=shares.dtype))


def held(reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a draw meets the target at the end, and in every year since it first did.

    Parameters
    ----------
    reached : array (years, draws), where the target is met.
    """
    return np.asarray(reached[-1] > (reached[:-1] > reached[1:]).any(axis=0))


@dataclass(frozen=True)
class Outcome:
    """The probabilities of one target: of meeting it, of first meeting it in each year, and by member.

    ``first_year``: the probability that the threshold is met in that year for the first time since the
    origin (in the origin's own year: met already). ``by_member``: member index -> at_deadline.
    ``by_rule``: the same by the index of the rule that counts related spending; empty if no rules were given.
    """

    probability: Probability
    first_year: dict[int, float]
    by_member: dict[int, float]
    by_rule: dict[int, float]


def assess(
    shares: Floats,
    threshold: float,
    origin: int,
    member: NDArray[np.integer],
    alone: Mapping[int, float] | None = None,
    rule: NDArray[np.integer] | None = None,
) -> Outcome:
    """Probabilities of meeting ``threshold``, read off paths that end in the deadline year.

    Parameters
    ----------
    shares : array (draws, 1 + horizon), % of GDP; column 0 is the origin.
    threshold : % of GDP.
    origin : year of column 0.
    member : array (draws,), which member each draw came from.
    alone : at_deadline of each member, if it is known from more draws than its weight leaves it.
    rule : array (draws,), by which rule each draw counts related spending; None where no related spending counts.
    """
    draws = shares.shape[0]
    # Years in rows, as in the store, so that each step reads contiguous memory.
    reached = met(shares.T, threshold)
    at, ever = reached[-1], reached[0].copy()
    crossings = [int(np.count_nonzero(ever))]
    for year in reached[1:]:
        crossings.append(int(np.count_nonzero(year > ever)))
        ever |= year
    by_member, across_members = of_members(at, member, alone)
    p = proportion(int(np.count_nonzero(at)), draws)
    return Outcome(
        probability=Probability(
            at_deadline=p,
            by_deadline=proportion(sum(crossings), draws),
            held=proportion(int(np.count_nonzero(held(reached))), draws),
            standard_error=math.sqrt(p * (1 - p) / draws),
            across_members=across_members,
        ),
        first_year={origin + t: proportion(n, draws) for t, n in enumerate(crossings) if n},
        by_member=by_member,
        by_rule={} if rule is None else _proportions(_by_group(at, rule)),
    )


def of_members(
    hit: NDArray[np.bool_], member: NDArray[np.integer], alone: Mapping[int, float] | None = None
) -> tuple[dict[int, float], tuple[float, float]]:
    """Each member's probability, by its index, and the range of those that count, and of all together.

    Those count that have a weight of :data:`LEAST_WEIGHT` or more.

    Parameters
    ----------
    hit : array (draws,), where the target is met. member : array (draws,), which member each draw came from.
    alone : the probability of each member, if it is known from more draws than its weight leaves it.
    """
    of_each = _by_group(hit, member)
    found = _proportions(of_each) | dict(alone or {})
    ranged = [found[index] for index, (_, theirs) in of_each.items() if theirs >= LEAST_WEIGHT * hit.size]
    # Those of the members may come from other draws than that of all, which may then lie just outside.
    ranged.append(proportion(int(np.count_nonzero(hit)), hit.size))
    return found, (min(ranged), max(ranged))


def _proportions(counts: Mapping[int, tuple[int, int]]) -> dict[int, float]:
    return {index: proportion(hits, draws) for index, (hits, draws) in counts.items()}


def _by_group(hit: NDArray[np.bool_], group: NDArray[np.integer]) -> dict[int, tuple[int, int]]:
    """Hits among the draws of each member, or of each rule, and their number, by its index."""
    found = {}
    # With few groups, one pass over bytes for each takes a third of the time of counting by index.
    for index in range(int(group.min()), int(group.max()) + 1):
        theirs = group == index
        if draws := int(np.count_nonzero(theirs)):
            found[index] = int(np.count_nonzero(hit & theirs)), draws
    return found


def required_growth(start: float, threshold: float, gdp: float, years: int) -> float:
    """The constant real growth of spending that takes a share from ``start`` to ``threshold``, % a year.

    threshold = start * (1 + r)^years / gdp, solved for r.

    Parameters
    ----------
    start : share at the origin, % of GDP, positive.
    threshold : % of GDP.
    gdp : real GDP in the deadline year as a multiple of the origin's.
    years : from the origin to the deadline.
    """
    return float(((threshold * gdp / start) ** (1 / years) - 1) * 100)
