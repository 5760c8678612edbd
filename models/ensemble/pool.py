"""The ensemble: a mixture of the members' draws (a linear pool of their distributions).

Each member contributes draws in proportion to its weight. Mixing distributions, unlike averaging
quantiles, keeps the disagreement between members as part of the spread (Gneiting & Ranjan 2013).

Row i of every series is the same simulated world. The global members draw common shocks for all series. The
draws of the local members, which fit each series alone, are reordered to follow a common factor (a Schaake
shuffle of whole paths, Clark et al. 2004), which changes no series' own distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.ensemble.members.base import Fitted, MemberFailed
from models.ensemble.members.pledge import Commitment, PledgeMember
from models.ensemble.members.registry import GLOBAL, LOCAL, NAMES, PLEDGE, POOL
from models.ensemble.stacking import Weights
from models.rng import generator
from models.series import Array, Panel

TOGETHER = 0.4
"""Correlation of allies' ten-year changes in the draws of the local members (in the panel of 1949-2013, raw
ten-year changes correlate by 0.4 to 0.5)."""
ALIGNED_AT = 10
"""Horizon, in years, at which the common factor orders the draws."""


class NoMember(MemberFailed):
    """Every member failed on a series."""


def allot(draws: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts of draws in proportion to ``weights``, by largest remainder; they sum to ``draws``."""
    exact = draws * weights / weights.sum()
    counts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = draws - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts


@dataclass(frozen=True)
class Mixture:
    """Simulated futures of one series.

    Attributes
    ----------
    logs : array (draws, horizon), natural logarithms of the values.
    member : array (draws,), index into :data:`NAMES`.
    weights : each member's final weight; members that failed have none.
    failed : member -> why it was left out.
    """

    logs: Array
    member: NDArray[np.int8]
    weights: Mapping[str, float]
    failed: Mapping[str, str]


class Ensemble:
    """All members, fitted on one panel that holds nothing later than the origin.

    Parameters
    ----------
    panel : the series, cut at the origin.
    commitments, equipment, equipment_commitments : arguments of :class:`PledgeMember`; empty for series without any.
    """

    def __init__(
        self,
        panel: Panel,
        commitments: Sequence[Commitment] = (),
        equipment: Panel | None = None,
        equipment_commitments: Sequence[Commitment] = (),
    ) -> None:
        pledge = PledgeMember(commitments, equipment, equipment_commitments)
        self.fitted: dict[str, Fitted] = {member.name: member.fit(panel) for member in (*GLOBAL, *LOCAL)}
        self.pledges = pledge.fit(panel)
        self.fitted[PLEDGE] = self.pledges

    def member(self, member: str, name: str, horizon: int, draws: int, seed: int) -> Array:
        """Log paths of series ``name`` by one member, array (draws, horizon); row i is world i. Raises MemberFailed."""
        if member in POOL[len(GLOBAL) :]:
            paths = self.fitted[member].simulate(name, horizon, draws, generator(seed, member, name))
            return _aligned(paths, generator(seed, member), generator(seed, member, name, "alone"))
        # All series use the same stream: its first draws are the shocks that they share.
        return self.fitted[member].simulate(name, horizon, draws, generator(seed, member))

    def simulate(
        self, name: str, horizon: int, draws: int, seed: int, weights: Weights, *, pledge: bool = True
    ) -> Mixture:
        """Futures of series ``name``: a mixture of the members that do not fail.

        The mixture names the members that fail; the others take their draws in proportion. Without ``pledge``
        the pledge member is left out.

        Raises
        ------
        NoMember
            if every member fails.
        """
        paths: dict[int, Array] = {}
        failed: dict[str, str] = {}
        for index, member in enumerate(NAMES if pledge else POOL):
            if weights.pool.get(member, weights.pledge_weight) <= 0:
                continue
            try:
                # Every member draws all rows: one member's failure must not shift another's worlds.
                paths[index] = self.member(member, name, horizon, draws, seed)
            except MemberFailed as failure:
                failed[member] = str(failure)
        if not paths:
            raise NoMember(f"{name}: " + "; ".join(f"{member}: {why}" for member, why in failed.items()))
        wanted = weights.array(pledged=len(NAMES) - 1 in paths)
        owner = np.repeat(np.arange(len(NAMES), dtype=np.int8), allot(draws, wanted))
        working = np.array(sorted(paths), dtype=np.int8)
        unassigned = np.flatnonzero(~np.isin(owner, working))
        owner[unassigned] = np.repeat(working, allot(unassigned.size, np.maximum(wanted[working], 1e-12)))
        logs = np.empty((draws, horizon))
        for index, drawn in paths.items():
            median = np.median(drawn, axis=0)
            logs[owner == index] = median + weights.spread * (drawn[owner == index] - median)
        final = {NAMES[i]: float(wanted[i] / wanted[working].sum()) for i in working}
        return Mixture(logs, owner, final, failed)


def _aligned(paths: Array, shared: np.random.Generator, alone: np.random.Generator) -> Array:
    """The rows of ``paths``, reordered to follow a factor shared with other series."""
    draws = paths.shape[0]
    factor = np.sqrt(TOGETHER) * shared.standard_normal(draws) + np.sqrt(1 - TOGETHER) * alone.standard_normal(draws)
    by_change = np.argsort(paths[:, min(ALIGNED_AT, paths.shape[1]) - 1], kind="stable")
    ordered = np.empty_like(paths)
    ordered[np.argsort(factor, kind="stable")] = paths[by_change]
    return ordered
