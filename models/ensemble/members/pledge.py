"""Pledges: spending closes a fraction of the gap to a dated pledge; the fraction is learned from past progress.

A pledge made in year ``m`` names a threshold and a deadline ``d``. Spending closes the fraction ``f`` of the gap by
the deadline, an equal part each year; ``f >= 1`` means that the pledge is kept. The prior of ``f`` comes from other
pledges (``KEPT``). Each origin updates it with the progress of all series on all pledges (as one panel, whose shocks
are common), then for each series with its own record. The shocks of the pooled member are added to that path.
Spending that falls below the path recovers in part, and more so the larger ``f`` is. A pledge only raises spending:
the pooled member's drift counts where it is above the pledged path, and an ally above the threshold is only held there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtr

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.momentum import History, moments
from models.ensemble.members.pooled import FittedMomentum, PooledMomentum
from models.series import Array, Panel

# Judgement: the share of parties that kept a dated numerical promise, in pledges outside this panel. Recalled from
# the literature, so check it before relying on it: Kyoto 2008-12 0.95, Maastricht deficits 1997 0.8, EU
# renewables 2020 0.8, NATO's 3 % real growth of 1977 (by year) 0.35, Education for All 2015 0.33, EU-15 aid of 0.7 %
# by 2015 0.3, aid of 0.7 % by 1975-80 0.24, EU research of 3 % in 2020 0.15, Abuja health budgets 0.1, research of
# 3 % in 2010 0.07: 0.41 on average. For those who missed, every part of the gap is equally likely.
KEPT = 0.4
OVERSHOOT = 1.2  # those who keep a promise close between all and this much of the gap
FRACTIONS = np.linspace(0.0, OVERSHOOT, 25)
PANEL_STRENGTH = 5.0  # the prior counts as so many independent pledges: the ten above, at half weight for other fields
OWN_RECORD = 0.5  # weight of a series' progress on another pledge
STEADY = 0.8  # part of a shortfall that a government makes up if it keeps its promise (judgement)
TOGETHER = 0.4  # correlation between series of the fraction closed: the same threats and elections
MEASUREMENT = 0.02  # log points by which a figure may be off
POOLING = 20.0  # years of panel evidence in the variance of a series

# Judgement: log odds per unit of the fraction closed, against a bare pledge. Money in a budget is closer to being
# spent than a declaration; a government that says it doubts the aim seldom exceeds it.
CREDIBILITY: Mapping[str, float] = {"law": 3.0, "plan": 1.5, "pledged": 0.0, "reluctant": -2.0, "claims-exemption": 0.0}
EXEMPT_LEVEL = 2.1  # % of GDP that Spain, the one ally claiming an exemption, says it needs


@dataclass(frozen=True)
class Commitment:
    """A promise to reach ``threshold`` (in the series' unit) by the year ``deadline``, given in the year ``made``."""

    series: str
    threshold: float
    deadline: int
    made: int
    stance: str = "pledged"

    @property
    def level(self) -> float:
        """Log of the level that counts; a claimed exemption caps it."""
        exempt = self.stance == "claims-exemption"
        return float(np.log(min(self.threshold, EXEMPT_LEVEL) if exempt else self.threshold))

    @property
    def tilt(self) -> Array:
        """Prior odds of each fraction against those of a bare pledge, array (fractions,)."""
        return np.exp(CREDIBILITY.get(self.stance, 0.0) * FRACTIONS)


def prior() -> Array:
    """Probabilities of the fractions closed, before any evidence."""
    kept = FRACTIONS >= 1.0 - 1e-9
    return np.where(kept, KEPT / kept.sum(), (1 - KEPT) / (~kept).sum())


def in_force(pledges: Iterable[Commitment], year: int) -> list[Commitment]:
    """One pledge per series and deadline: an own stance outranks the common declaration, a later one an earlier one."""
    chosen: dict[tuple[str, int], Commitment] = {}
    for p in sorted(pledges, key=lambda p: (p.made, p.stance != "pledged")):
        earlier = chosen.get((p.series, p.deadline))
        if p.made <= year and (earlier is None or p.stance != "pledged" or earlier.stance == "pledged"):
            chosen[p.series, p.deadline] = p
    return sorted(chosen.values(), key=lambda p: (p.series, p.deadline, p.threshold))


def progress(history: History, pledges: Iterable[Commitment]) -> list[tuple[Commitment, Array]]:
    """By pledge, the log likelihood of each fraction, given the progress so far; only pledges with any evidence."""
    variance = history.variance(POOLING)
    seen = []
    for p in pledges:
        if p.series not in history.names:
            continue
        column = history.names.index(p.series)
        years = np.flatnonzero(history.seen[:, column]) + history.first
        now = min(int(years[-1]), p.deadline)
        if not years[0] <= p.made < now:
            continue
        log = history.log[:, column]
        start = log[p.made - history.first]
        gap, passed = p.level - start, now - p.made
        spread = np.sqrt(variance[-1, column] * passed + MEASUREMENT**2)
        if gap > MEASUREMENT:
            expected = FRACTIONS * gap * passed / (p.deadline - p.made)
            z = (log[now - history.first] - start - expected) / spread
            seen.append((p, -0.5 * z**2))
    return seen


def panel_fractions(evidence: Sequence[tuple[Commitment, Array]], common: float) -> Array:
    """Probabilities of the fractions in the panel: the prior, updated by expectation-maximisation."""
    start = weights = prior()
    if not evidence:
        return start
    likelihood = np.exp(np.array([log - log.max() for _, log in evidence])) * np.array([p.tilt for p, _ in evidence])
    crowd = 1 + (len(evidence) - 1) * common  # common shocks: thirty series are worth a few independent ones
    for _ in range(50):
        share = likelihood * weights
        share /= share.sum(axis=1, keepdims=True)
        weights = PANEL_STRENGTH * start + share.sum(axis=0) / crowd
        weights /= weights.sum()
    return weights


@dataclass(frozen=True)
class FittedPledges:
    """The pledge member, fitted."""

    pledges: Sequence[Commitment]
    momentum: FittedMomentum
    panel: Array
    record: Sequence[tuple[Commitment, Array]] = field(repr=False)

    def fractions(self, pledge: Commitment) -> Array:
        """Probabilities of ``FRACTIONS`` for one pledge, by the panel, its stance and the series' own record."""
        log = np.log(self.panel * pledge.tilt)
        for other, likelihood in self.record:
            if other.series == pledge.series:
                log = log + (1.0 if other == pledge else OWN_RECORD) * likelihood
        weights = np.exp(log - log.max())
        return weights / weights.sum()

    def credibility(self, name: str, deadline: int) -> float:
        """The fraction of its gap that series ``name`` is expected to close on its commitment for ``deadline``, 0 to 1.

        Without such a commitment, the fraction that the panel expects.
        """
        mine = [p for p in self.pledges if p.series == name and p.deadline == deadline]
        if mine and mine[-1].stance == "claims-exemption":
            # An exemption is a stance on the ally's own level; on the common one the ally counts as reluctant.
            mine = [replace(mine[-1], stance="reluctant")]
        weights = self.fractions(mine[-1]) if mine else self.panel
        return float(np.minimum(FRACTIONS, 1.0) @ weights)

    def simulate(self, name: str, horizon: int, draws: int, rng: np.random.Generator) -> Array:
        row, column = self.momentum.place(name)
        history = self.momentum.history
        last = history.first + row
        ahead = [p for p in self.pledges if p.series == name and p.deadline > last]
        if not ahead:
            raise MemberFailed(f"{name}: no pledge in force after {last}")
        shared = rng.standard_normal((draws, 1))
        alone = np.random.default_rng([int(rng.integers(2**32)), zlib.crc32(name.encode()), 1])
        rank = ndtr(np.sqrt(TOGETHER) * shared + np.sqrt(1 - TOGETHER) * alone.standard_normal((draws, 1)))

        years = last + np.arange(1, horizon + 1)
        last_log = history.log[row, column]
        level = np.full((draws, 1), last_log)
        floor = np.minimum(level, ahead[0].level)
        promised, kept, resolve = np.zeros((3, draws, horizon))
        since = last
        for p in ahead:
            weights = self.fractions(p)
            # The same rank for every pledge: an ally that keeps one tends to keep the next.
            fraction = np.interp(rank, np.cumsum(weights) - weights / 2, FRACTIONS)
            reached = level + fraction * np.maximum(p.level - level, 0.0)
            held = np.minimum(reached, p.level)
            share = (years - since) / (p.deadline - since)
            now = (share > 0) & ((share <= 1) | (p is ahead[-1]))
            share = np.minimum(share, 1.0)
            promised = np.where(now, level + (reached - level) * share, promised)
            kept = np.where(now, floor + (held - floor) * share, kept)
            resolve = np.where(now, STEADY * np.minimum(fraction, 1.0), resolve)
            level, floor, since = reached, held, p.deadline

        paths = self.momentum.simulate(name, horizon, draws, rng)
        drift = last_log + moments(history, self.momentum.parameters, row, column, horizon)[0]
        paths += np.maximum(promised - drift, 0.0)
        # Only shortfalls are made up: no ally cuts spending because it passed the target.
        return paths + resolve * np.maximum(kept - paths, 0.0)


class PledgeMember:
    """The pledge member. ``equipment`` and ``equipment_pledges`` are a second pledge of the same allies."""

    name = "pledge"

    def __init__(
        self,
        pledges: Sequence[Commitment],
        equipment: Panel | None = None,
        equipment_pledges: Sequence[Commitment] = (),
        member: PooledMomentum | None = None,
    ) -> None:
        self.pledges, self.equipment, self.equipment_pledges = tuple(pledges), equipment, tuple(equipment_pledges)
        self.member = member or PooledMomentum()

    def fit(self, panel: Panel) -> FittedPledges:
        momentum = self.member.fit(panel)
        # The fraction is the unknown drift here; the pooled member's slope would count it twice.
        momentum = replace(momentum, parameters=replace(momentum.parameters, slope=0.0))
        origin = max(s.end for s in panel.values())
        pledges = in_force(self.pledges, origin)
        record = progress(momentum.history, pledges)
        evidence = list(record)
        known = self.equipment.until(origin) if self.equipment is not None else None
        if known:
            evidence += progress(History(known), in_force(self.equipment_pledges, origin))
        return FittedPledges(pledges, momentum, panel_fractions(evidence, momentum.common.doubt), record)
