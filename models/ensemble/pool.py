"""The ensemble: a mixture of the members' draws (a linear pool of their distributions).

History alone is the panel model. With pledges, it is a mixture of two members: the panel model informed by plans, and
the same lifted by pledges, whose weight is learned. Mixing distributions, unlike averaging quantiles, keeps the
disagreement between members as part of the spread (Gneiting & Ranjan 2013). Row i of every series is the same draw of
what all series share. A series without a panel is a mixture of the local members that can be fitted, in equal parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.ensemble.members.base import Fitted, MemberFailed
from models.ensemble.members.panel import FEWEST_SERIES, FittedPanel, PanelModel
from models.ensemble.members.pledge import Commitment, FittedPledges, fit_pledges
from models.ensemble.members.registry import LOCAL, NAMES, PANEL, PLANS, PLEDGE
from models.ensemble.plans import Plan, condition, in_force
from models.rng import generator
from models.series import Array, Panel


def allot(draws: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts of draws in proportion to ``weights``, by largest remainder; they sum to ``draws``."""
    exact = draws * weights / weights.sum()
    counts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = draws - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts


@dataclass(frozen=True)
class Promises:
    """What governments said, and how such statements turned out; empty for series without any.

    Attributes
    ----------
    commitments : dated pledges.
    plans : budgets and plans, as forecasts.
    plan_errors : by status, as :func:`models.ensemble.plans.plan_errors` learns them, by origin.
    equipment, equipment_commitments : a second pledge of the same series to learn from.
    """

    commitments: Sequence[Commitment] = ()
    plans: Sequence[Plan] = ()
    plan_errors: Mapping[str, float] = field(default_factory=dict)
    equipment: Panel | None = None
    equipment_commitments: Sequence[Commitment] = ()


@dataclass(frozen=True)
class Mixture:
    """Simulated futures of one series.

    Attributes
    ----------
    logs : array (draws, horizon), natural logarithms of the values.
    member : array (draws,), index into :data:`NAMES`.
    weights : each member's final weight; members that failed have none.
    failed : member -> why it was left out.
    alone : member, or part of one, -> its own log paths, array (draws, horizon); empty without a panel.
    """

    logs: Array
    member: NDArray[np.int8]
    weights: Mapping[str, float]
    failed: Mapping[str, str]
    alone: Mapping[str, Array] = field(default_factory=dict)


LEVEL = "level"
"""The panel model without momentum: what the level alone says; a part of the explanation, no member."""


class Ensemble:
    """All members, fitted on one panel that holds nothing later than the origin.

    Parameters
    ----------
    panel : the series, cut at the origin.
    promises : what governments said.
    """

    def __init__(self, panel: Panel, promises: Promises = Promises()) -> None:
        self.promises = promises
        self.panel: FittedPanel | None = None
        self.pledges: FittedPledges | None = None
        self.local: dict[str, Fitted] = {}
        if len(panel) >= FEWEST_SERIES:
            self.panel = PanelModel().fit(panel)
            equipment = (promises.equipment, promises.equipment_commitments)
            self.pledges = fit_pledges(self.panel.history, promises.commitments, *equipment)
        else:
            self.local = {member.name: member.fit(panel) for member in LOCAL}

    def credibility(self, name: str, deadline: int) -> float:
        """See :meth:`models.ensemble.members.pledge.FittedPledges.credibility`; 0 without a panel."""
        return self.pledges.credibility(name, deadline) if self.pledges else 0.0

    def member(
        self, member: str, name: str, horizon: int, draws: int, seed: int, revision: Array | None = None
    ) -> Array:
        """Log paths of series ``name`` by one member, array (draws, horizon). Raises MemberFailed.

        Parameters
        ----------
        revision : log revisions of the last value, array (draws,); None if it is final. They move history's whole
            path, since the models forecast growth. Plans and pledges name levels, which no revision moves.
        """
        revised = np.zeros(draws) if revision is None else revision
        if member in self.local:
            return self.local[member].simulate(name, horizon, draws, generator(seed, member, name)) + revised[:, None]
        if self.panel is None or self.pledges is None or member not in (LEVEL, PANEL, PLANS, PLEDGE):
            raise MemberFailed(f"{member}: not fitted on this panel")
        paths = self.panel.simulate(name, horizon, draws, seed, momentum=member != LEVEL) + revised[:, None]
        if member in (PLANS, PLEDGE):
            paths = self._planned(self.panel, name, paths, seed)
        if member == PLEDGE:
            paths = self._lifted(self.panel, self.pledges, name, paths, seed, revised)
        return paths

    def _planned(self, panel: FittedPanel, name: str, paths: Array, seed: int) -> Array:
        """``paths`` by history alone, informed by plans."""
        last = panel.last(name)
        plans = in_force(self.promises.plans, name, last)
        return condition(paths, last, plans, self.promises.plan_errors, generator(seed, PLANS, name))

    @staticmethod
    def _lifted(
        panel: FittedPanel, pledges: FittedPledges, name: str, paths: Array, seed: int, revised: Array
    ) -> Array:
        """``paths`` with plans, lifted by pledges. Raises MemberFailed if none is in force."""
        start = float(panel.history.log[panel.place(name)] + np.median(revised))
        return pledges.lift(name, panel.last(name), start, paths, seed)

    def simulate(
        self,
        name: str,
        horizon: int,
        draws: int,
        seed: int,
        trust: float = 0.0,
        revision: Array | None = None,
        *,
        pledge: bool = True,
    ) -> Mixture:
        """Futures of series ``name``: a mixture of the members that do not fail; ``failed`` names those that do.

        Parameters
        ----------
        trust : weight of the pledge member where a pledge is in force; the panel model with plans has the rest.
        revision : see :meth:`member`.
        pledge : False for history alone.

        Raises
        ------
        MemberFailed
            if no member can forecast the series.
        """
        if self.panel is None or self.pledges is None:
            return self._local(name, horizon, draws, seed, revision)
        # Each builds on the one before, as in `member`, and is computed once.
        every = {part: self.member(part, name, horizon, draws, seed, revision) for part in (LEVEL, PANEL)}
        weights = {PANEL: 1.0}
        if pledge:
            every[PLANS] = self._planned(self.panel, name, every[PANEL], seed)
            weights = {PLANS: 1.0}
            if self.pledges.ahead(name, self.panel.last(name)):
                revised = np.zeros(draws) if revision is None else revision
                every[PLEDGE] = self._lifted(self.panel, self.pledges, name, every[PLANS], seed, revised)
                weights = {PLANS: 1 - trust, PLEDGE: trust}
        return _mixed({member: every[member] for member in weights}, weights, {}, every)

    def _local(self, name: str, horizon: int, draws: int, seed: int, revision: Array | None) -> Mixture:
        paths: dict[str, Array] = {}
        failed: dict[str, str] = {}
        for member in self.local:
            try:
                # Every member draws all rows: one member's failure must not shift another's.
                paths[member] = self.member(member, name, horizon, draws, seed, revision)
            except MemberFailed as failure:
                failed[member] = str(failure)
        if not paths:
            raise MemberFailed(f"{name}: " + "; ".join(f"{member}: {why}" for member, why in failed.items()))
        return _mixed(paths, dict.fromkeys(paths, 1 / len(paths)), failed, {})


def _mixed(
    paths: Mapping[str, Array], weights: Mapping[str, float], failed: Mapping[str, str], alone: Mapping[str, Array]
) -> Mixture:
    """The mixture of ``paths`` by ``weights``, which sum to 1: each member has a block of the rows."""
    draws, horizon = next(iter(paths.values())).shape
    owner = np.repeat(np.arange(len(paths)), allot(draws, np.array([weights[member] for member in paths])))
    logs = np.empty((draws, horizon))
    for i, drawn in enumerate(paths.values()):
        logs[owner == i] = drawn[owner == i]
    index = np.array([NAMES.index(member) for member in paths], dtype=np.int8)
    return Mixture(logs, index[owner], dict(weights), failed, alone)
