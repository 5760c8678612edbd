"""Levers on plans: a path of the share, a pledge, a delay, and an exit."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from models.paths import Floats
from models.scenarios.levers.base import OnComponent, PathEditor, Temporary

EXECUTION_SD = 0.08
"""The error of executed plans: sd of the log share.

NATO's first estimates of a year, which rest on budgets, missed the final figure with a spread of
8-10 % (``share_vintages.csv``, 2024 and 2025).
"""

TERM = 4
"""Years in which an election undoes a plan, by default: one term of most parliaments."""


@dataclass(frozen=True, kw_only=True)
class SharePath(Temporary):
    """The median share follows given points; each draw keeps its distance from the median, in logs.

    Between the points the path is a straight line, before the first one a line from the origin's
    median, after the last one level. Raising any point raises every draw (or leaves it as it is). Points up to the
    origin are not used; without a later one nothing changes.
    """

    type: ClassVar[str] = "share_path"
    settles: ClassVar[frozenset[str]] = frozenset({"path"})
    aims: ClassVar[bool] = True

    points: Mapping[int, float] = field(default_factory=dict)

    def edit(self, editor: PathEditor, span: slice) -> None:
        later = sorted(year for year in self.points if year > editor.origin)
        if not later:
            return
        median, shares = editor.median(self.component), editor.writable(self.component)
        known = [float(editor.origin), *map(float, later)]
        path = np.interp(editor.years(span), known, [median[0], *(self.points[year] for year in later)])
        shares[:, span] *= (path / median[span]).astype(shares.dtype)


@dataclass(frozen=True, kw_only=True)
class PledgeLever(Temporary):
    """A pledge that is kept to the degree of its credibility.

    The pledged path rises in a straight line from the median (at the year before ``first_year``, or the
    origin) to ``share_pct`` in ``year`` and stays there; the executed path misses it by a log error of sd
    :data:`EXECUTION_SD`. Draws below the executed path close the fraction ``credibility`` of the gap, in
    logs; draws above it stay, since a pledge is a lower bound. ``"learned"`` is the fraction that the pledge
    member expects of this ally.
    """

    type: ClassVar[str] = "pledge"
    aims: ClassVar[bool] = True

    share_pct: float
    year: int
    credibility: float | Literal["learned"] = 1.0

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        return super().reads(years, origin) | self.year_before(years, origin)

    def edit(self, editor: PathEditor, span: slice) -> None:
        median, shares = editor.median(self.component), editor.writable(self.component)
        start = median[span.start - 1]
        begun = int(editor.calendar[span.start - 1])
        if self.share_pct > start and self.year > begun:
            path = np.interp(editor.years(span), [float(begun), float(self.year)], [start, self.share_pct])
        else:
            path = np.full(span.stop - span.start, self.share_pct)
        levels, aims = np.log(median[span]), np.log(path)
        closed = editor.credibility if self.credibility == "learned" else self.credibility
        years = shares[:, span].T  # by year, as in the store: each step reads contiguous memory
        gap = np.log(years)
        # The executed path keeps the draw's distance from the median, scaled down to the error of execution.
        scale = np.minimum(1.0, EXECUTION_SD / np.maximum(_spread(gap), 1e-9))
        # Its log less the draw's own: scale * (log share - level) + aim - log share.
        gap *= (scale - 1).astype(shares.dtype)[:, np.newaxis]
        gap += (aims - scale * levels).astype(shares.dtype)[:, np.newaxis]
        np.maximum(gap, 0, out=gap)
        gap *= shares.dtype.type(closed)
        years *= np.exp(gap, out=gap)


def _spread(logs: Floats) -> Floats:
    """Standard deviation of each row of ``logs`` (years, draws), array (years,)."""
    centred = logs - logs.mean(axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", centred, centred) / logs.shape[1]))


@dataclass(frozen=True, kw_only=True)
class Delay(Temporary):
    """The path comes ``years`` years later: it is level for so long, then continues.

    With s the year before ``first_year`` (or the origin), the median m becomes in year t

        m(max(t - years, s)),

    and each draw keeps its distance from the median of its own year, in logs. Zero years change nothing.
    """

    type: ClassVar[str] = "delay"

    years: int

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        after, before = super().reads(years, origin), self.begins(origin) - 1
        delayed = {max(year - self.years, before) for year in after if before < year <= (self.last_year or year)}
        return after | delayed | self.year_before(years, origin)

    def edit(self, editor: PathEditor, span: slice) -> None:
        median, shares = editor.median(self.component), editor.writable(self.component)
        level = editor.calendar[span.start - 1]
        earlier = np.searchsorted(editor.calendar, np.maximum(editor.calendar[span] - self.years, level))
        shares[:, span] *= (median[earlier] / median[span]).astype(shares.dtype)


@dataclass(frozen=True, kw_only=True)
class Exit(OnComponent):
    """The plan ends after an election year, and the path goes back toward the trend or the origin.

    In the k-th year after ``year`` the median m moves toward the level l, in logs:

        m^(1 - w) min(l, m)^w,     w = reversion * min(k / over_years, 1).

    An end of a plan raises nothing: a median below l stays.

    Each draw keeps its distance from the median. ``toward`` says what l is: the median that history alone
    expects of that year (``"trend"``), or the median of the origin (``"origin"``). ``probability`` is the
    fraction of the draws that go back, spread evenly (a Kronecker sequence, so the draws of a lower probability
    are among those of a higher one); the others keep their path.
    """

    type: ClassVar[str] = "exit"

    year: int
    reversion: float = 1.0
    over_years: int = TERM
    toward: Literal["trend", "origin"] = "trend"
    probability: float = 1.0

    def __post_init__(self) -> None:
        # An exit starts in the year after the election.
        object.__setattr__(self, "first_year", self.year + 1)

    def edit(self, editor: PathEditor, span: slice) -> None:
        median, shares = editor.median(self.component), editor.writable(self.component)
        level = np.minimum(
            editor.trend_median(self.component)[span] if self.toward == "trend" else median[0], median[span]
        )
        weight = self.reversion * np.minimum((editor.years(span) - self.year) / self.over_years, 1.0)
        factor = ((level / median[span]) ** weight).astype(shares.dtype)
        if self.probability >= 1:
            shares[:, span] *= factor
        else:
            shares[:, span] *= np.where(self._leaving(shares.shape[0])[:, None], factor, shares.dtype.type(1))

    def _leaving(self, draws: int) -> Floats:
        """Which draws go back, array (draws,) of bool; elections in different years take different draws."""
        golden, plastic = 0.6180339887498949, 0.7548776662466927
        return np.asarray((np.arange(draws) * golden + self.year * plastic) % 1 < self.probability)
