"""The ensemble: a mixture of the members' draws (a linear pool of their distributions).

Each member contributes draws in proportion to its weight. Mixing distributions, unlike averaging
quantiles, keeps the disagreement between members as part of the spread (Gneiting & Ranjan 2013).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.members.arima import Arima
from models.members.base import Fitted, Member, MemberFailed
from models.members.ets import Ets
from models.members.pooled import Pooled
from models.members.random_walk import RandomWalk
from models.members.theta import Theta
from models.members.unobserved import Unobserved
from models.panel import Array, Panel

MEMBERS: tuple[Member, ...] = (Pooled(), RandomWalk(), Ets(), Arima(), Unobserved(), Theta())
NAMES: tuple[str, ...] = tuple(member.name for member in MEMBERS)

# The pooled member speaks for half: off-the-shelf models fitted ally by ally lose to a random walk here.
WEIGHTS: Mapping[str, float] = {name: 0.5 if name == "pooled" else 0.1 for name in NAMES}


class NoMember(MemberFailed):
    """Not one member could speak for a series."""


def generator(seed: int, *words: str) -> np.random.Generator:
    """A stream of its own for every purpose, so that no answer depends on what was drawn before it."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])


def allot(draws: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Shares of ``draws`` in proportion to ``weights``, by largest remainder; they sum to ``draws``."""
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
    weights : the weight that each member ended with; those that failed are not in it.
    failed : member -> why it was left out.
    """

    logs: Array
    member: NDArray[np.int8]
    weights: Mapping[str, float]
    failed: Mapping[str, str]


class Ensemble:
    """All members, fitted on one panel that holds nothing later than the origin."""

    def __init__(self, panel: Panel, weights: Mapping[str, float] = WEIGHTS) -> None:
        self.weights = weights
        self._fitted: list[Fitted] = [member.fit(panel) for member in MEMBERS]

    def simulate(self, name: str, horizon: int, draws: int, seed: int) -> Mixture:
        """Futures of series ``name``: a mixture of the members that can speak for it.

        A member that fails is left out and named; the others take its draws in proportion.

        Raises
        ------
        NoMember
            if every member fails.
        """
        parts: list[Array] = []
        members: list[int] = []
        failed: dict[str, str] = {}
        for index, fitted in enumerate(self._fitted):
            if self.weights[NAMES[index]] <= 0:
                continue
            try:
                # Every member draws all: a member's failure must not shift another's draws.
                paths = fitted.simulate(name, horizon, draws, generator(seed, name, NAMES[index]))
            except MemberFailed as failure:
                failed[NAMES[index]] = str(failure)
                continue
            parts.append(paths)
            members.append(index)
        if not parts:
            raise NoMember(f"{name}: " + "; ".join(f"{member}: {why}" for member, why in failed.items()))
        weights = np.array([self.weights[NAMES[index]] for index in members])
        counts = allot(draws, weights)
        return Mixture(
            logs=np.vstack([part[:count] for part, count in zip(parts, counts, strict=True)]),
            member=np.repeat(np.array(members, dtype=np.int8), counts),
            weights={NAMES[i]: float(w) for i, w in zip(members, weights / weights.sum(), strict=True)},
            failed=failed,
        )
