"""Pledges: spending closes a fraction of the gap to a dated pledge; the fraction is learned from past progress.

A pledge made in year ``m`` names a threshold and a deadline ``d``. Spending closes the fraction ``f`` of the gap by
the deadline, an equal part each year; ``f >= 1`` means that the pledge is kept. The prior of ``f`` comes from other
pledges (``KEPT``). Each origin updates it with the progress of all series on all pledges, as one panel, whose shocks
are common. For one series it is then tilted by the status of its pledge and by its own record.

The member lifts the paths of the panel model: where the pledged path is above their median, all draws rise by the
difference, and part of a shortfall is made up, the more so the larger ``f`` is. A pledge only raises spending: a series
above the threshold is only held there. A level that a government calls enough is a ceiling on what its pledge lifts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtr

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.panel import OWN_MEMORY, OWN_WEIGHT, History
from models.rng import generator
from models.series import Array, Panel

# Judgement: the share of parties that kept a dated numerical promise, in pledges outside this panel. Recalled from
# the literature, not looked up: Kyoto 2008-12 0.95, Maastricht deficits 1997 0.8, EU renewables 2020 0.8, NATO's 3 %
# real growth of 1977 (by year) 0.35, Education for All 2015 0.33, EU-15 aid of 0.7 % by 2015 0.3, aid of 0.7 % by
# 1975-80 0.24, EU research of 3 % in 2020 0.15, Abuja health budgets 0.1, research of 3 % in 2010 0.07: 0.41 on
# average. So the prior is wide. For those who missed, every part of the gap is equally likely.
KEPT = 0.4
OVERSHOOT = 1.2  # those who keep a promise close between all and this much of the gap
FRACTIONS = np.linspace(0.0, OVERSHOOT, 25)
PANEL_STRENGTH = 2.0  # the prior counts as so many independent pledges: recollection is weak evidence
STEADY = 0.8  # part of a shortfall that a government makes up if it keeps its promise (judgement)
TOGETHER = 0.4  # correlation between series of the fraction closed: the same threats and elections
MEASUREMENT = 0.02  # log points by which a figure may be off

TILT: Mapping[str, float] = {
    "law": 4.0,
    "budget": 4.0,
    "plan": 2.0,
    "announced": 0.0,
    "missed": -2.0,
    "withdrawn": -2.0,
    "refused": -4.0,
}
"""Judgement: log odds per unit of the fraction closed, by status. Money in a budget is closer to being spent than a
declaration. Two apart, while a record moves a series by less than one: its credibility follows its status first."""
MOST_RECORD = 0.9
"""Log odds per unit of the fraction closed that a series' own record can add or take away."""
BACKED = ("law", "budget", "plan")
"""Statuses that back a pledge of at most the same level."""


@dataclass(frozen=True)
class Commitment:
    """A promise to reach ``threshold`` (in the series' unit) by the year ``deadline``, given in the year ``made``.

    ``enough`` is a level that the government calls enough, if it does: a ceiling on what the promise lifts.
    """

    series: str
    threshold: float
    deadline: int
    made: int
    status: str = "announced"
    enough: float | None = None

    @property
    def level(self) -> float:
        """Log of the level that counts."""
        return float(np.log(self.threshold if self.enough is None else min(self.threshold, self.enough)))


def prior() -> Array:
    """Probabilities of the fractions closed, before any evidence."""
    kept = FRACTIONS >= 1.0 - 1e-9
    return np.where(kept, KEPT / kept.sum(), (1 - KEPT) / (~kept).sum())


def in_force(pledges: Iterable[Commitment], year: int) -> list[Commitment]:
    """The pledges made by ``year``, one per series and deadline: the one with the highest threshold."""
    chosen: dict[tuple[str, int], Commitment] = {}
    for p in sorted((p for p in pledges if p.made <= year), key=lambda p: (p.threshold, p.made)):
        chosen[p.series, p.deadline] = p
    return sorted(chosen.values(), key=lambda p: (p.series, p.deadline))


def _variance(history: History) -> Array:
    """Mean squared yearly log change of each series, discounted, shrunk to the panel's; array (series,)."""
    change = np.diff(history.log, axis=0)
    weight = OWN_MEMORY ** np.arange(change.shape[0])[::-1][:, None] * np.isfinite(change)
    total, years = np.nansum(weight * change**2, axis=0), weight.sum(axis=0)
    panel = total.sum() / max(years.sum(), 1e-9)
    return np.asarray((total + OWN_WEIGHT * panel) / (years + OWN_WEIGHT))


def progress(history: History, pledges: Iterable[Commitment]) -> list[tuple[Commitment, Array]]:
    """By pledge, the log likelihood of each fraction, given the progress so far; only pledges with any evidence."""
    variance = _variance(history)
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
        spread = np.sqrt(variance[column] * passed + MEASUREMENT**2)
        if gap > MEASUREMENT:
            expected = FRACTIONS * gap * passed / (p.deadline - p.made)
            z = (log[now - history.first] - start - expected) / spread
            seen.append((p, -0.5 * z**2))
    return seen


def panel_fractions(evidence: Sequence[tuple[Commitment, Array]]) -> Array:
    """Probabilities of the fractions in the panel: the prior, updated by expectation-maximisation."""
    start = weights = prior()
    if not evidence:
        return start
    likelihood = np.exp(np.array([log - log.max() for _, log in evidence]))
    likelihood *= np.array([tilt(p.status) for p, _ in evidence])
    crowd = 1 + (len(evidence) - 1) * TOGETHER  # common shocks: thirty series are worth a few independent ones
    for _ in range(50):
        share = likelihood * weights
        share /= share.sum(axis=1, keepdims=True)
        weights = PANEL_STRENGTH * start + share.sum(axis=0) / crowd
        weights /= weights.sum()
    return weights


def tilt(status: str) -> Array:
    """Odds of each fraction for a pledge of ``status``, against those of a bare one, array (fractions,)."""
    return np.exp(TILT[status] * FRACTIONS)


@dataclass(frozen=True)
class FittedPledges:
    """The pledge member, fitted."""

    pledges: Sequence[Commitment]
    panel: Array
    record: Sequence[tuple[Commitment, Array]] = field(repr=False)

    def fractions(self, pledge: Commitment) -> Array:
        """Probabilities of ``FRACTIONS`` for one pledge, by the panel, its status and the series' own record."""
        weights = self.panel * tilt(pledge.status) * np.exp(self._record(pledge.series) * FRACTIONS)
        return np.asarray(weights / weights.sum())

    def _record(self, name: str) -> float:
        """How far the series closed more of its past gaps than the panel, cut to :data:`MOST_RECORD`."""
        mine = [self.panel * np.exp(log - log.max()) for p, log in self.record if p.series == name]
        if not mine:
            return 0.0
        usual = FRACTIONS @ self.panel
        closed = np.mean([FRACTIONS @ weights / weights.sum() for weights in mine])
        return float(np.clip(2 * (closed - usual), -MOST_RECORD, MOST_RECORD))

    def credibility(self, name: str, deadline: int) -> float:
        """The fraction of its gap that series ``name`` is expected to close on its commitment for ``deadline``, 0 to 1.

        Without such a commitment, the fraction that the panel expects.
        """
        mine = [p for p in self.pledges if p.series == name and p.deadline == deadline]
        weights = self.fractions(mine[-1]) if mine else self.panel
        return float(np.minimum(FRACTIONS, 1.0) @ weights)

    def ahead(self, name: str, last: int) -> list[Commitment]:
        """The pledges of series ``name`` whose deadline is after ``last``, by deadline."""
        return [p for p in self.pledges if p.series == name and p.deadline > last]

    def lift(self, name: str, last: int, last_log: float, paths: Array, seed: int) -> Array:
        """``paths`` of series ``name`` (logs, draws x horizon, from the year after ``last``), lifted by its pledges.

        Raises MemberFailed if no pledge is in force after ``last``.
        """
        ahead = self.ahead(name, last)
        if not ahead:
            raise MemberFailed(f"{name}: no pledge in force after {last}")
        draws, horizon = paths.shape
        shared = generator(seed, "pledge").standard_normal((draws, 1))
        alone = generator(seed, "pledge", name).standard_normal((draws, 1))
        rank = ndtr(np.sqrt(TOGETHER) * shared + np.sqrt(1 - TOGETHER) * alone)

        years = last + np.arange(1, horizon + 1)
        # A series above its pledge is held at the pledge, not where it stands.
        level = floor = np.full((draws, 1), min(last_log, ahead[0].level))
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
        lifted = paths + np.maximum(promised - np.median(paths, axis=0), 0.0)
        # Only shortfalls are made up: no ally cuts spending because it passed the target.
        return lifted + resolve * np.maximum(kept - lifted, 0.0)


def effective(pledge: Commitment, statements: Iterable[Commitment]) -> Commitment:
    """``pledge`` with the status that the government's own ``statements`` (of the same series) give it.

    A refusal outweighs all else, and its level is enough if it is below the pledge. Otherwise a plan, budget or law of
    at least the same level, by the same deadline, backs the pledge.
    """
    refusals = [s for s in statements if s.status == "refused"]
    if refusals:
        last = max(refusals, key=lambda s: (s.made, s.deadline))
        enough = last.threshold if last.deadline >= pledge.deadline and last.threshold < pledge.threshold else None
        return replace(pledge, status="refused", enough=enough)
    backed = [s for s in statements if s.status in BACKED and s.threshold >= pledge.threshold]
    backing = [s.status for s in backed if s.deadline <= pledge.deadline]
    return replace(pledge, status=max(backing, key=TILT.__getitem__)) if backing else pledge


def fit_pledges(
    history: History,
    pledges: Sequence[Commitment],
    equipment: Panel | None = None,
    equipment_pledges: Sequence[Commitment] = (),
) -> FittedPledges:
    """Learn the fractions from progress up to the history's last year.

    Parameters
    ----------
    equipment, equipment_pledges : a second pledge of the same series to learn from.
    """
    origin = history.first + history.log.shape[0] - 1
    current = in_force(pledges, origin)
    record = progress(history, current)
    evidence = list(record)
    known = equipment.until(origin) if equipment is not None else None
    if known:
        evidence += progress(History(known), in_force(equipment_pledges, origin))
    return FittedPledges(current, panel_fractions(evidence), record)
