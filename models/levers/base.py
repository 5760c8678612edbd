"""The levers: what one assumption does to paths.

A lever moves the assumption and keeps the noise: each draw stays as far from the median, in logs, as
the models put it, unless the lever says otherwise (``cap``, ``floor`` and ``freeze`` hold exactly).
Shares are % of GDP, growth is % a year, years are inclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from models.panel import Array
from models.paths import Floats, Paths

LeverComponent = Literal["core", "related"]

EXECUTION_SD = 0.08
"""How far an executed plan ends from what was planned: sd of the log share.

NATO's first estimates of a year, which rest on budgets, missed the final figure with a spread of
8-10 % (``share_vintages.csv``, 2024 and 2025).
"""

LEAST_RATIO = 1e-6
"""Neither an economy nor its spending can shrink by more than all of it in a year."""


class Canvas:
    """The paths of one ally while a scenario is at work: the levers write into copies of the kept arrays."""

    def __init__(self, paths: Paths, deflator: Array, credibility: float) -> None:
        self.origin = paths.origin
        self.shares = {name: np.array(x) for name, x in paths.shares.items()}
        self.gdp = np.array(paths.gdp)
        # Index of prices by year, (1 + horizon,), 1 at the origin.
        self.deflator = deflator
        self.credibility = credibility
        self.last = paths.origin + self.gdp.shape[1] - 1

    def span(self, lever: Lever) -> slice:
        """The columns that ``lever`` acts on: its years, within the forecast and after the origin."""
        first = max(lever.first_year or 0, self.origin + 1) - self.origin
        last = min(lever.last_year or self.last, self.last) - self.origin
        return slice(first, max(first, last + 1))

    def years(self, span: slice) -> Array:
        return self.origin + np.arange(span.start, span.stop, dtype=np.float64)

    def median(self, component: str) -> Array:
        """Median share by year, array (1 + horizon,)."""
        return np.median(self.shares[component], axis=0).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Lever:
    """What all levers have: the years they act on. None means from the first year, or to the last."""

    type: ClassVar[str]
    # Which levers exclude one another where their years and components meet.
    settles: ClassVar[frozenset[str]] = frozenset()

    first_year: int | None = None
    last_year: int | None = None

    @property
    def components(self) -> tuple[str, ...]:
        raise NotImplementedError

    def apply(self, canvas: Canvas) -> None:
        """Bend the paths of ``canvas`` in place."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class OnComponent(Lever):
    """A lever on one component."""

    component: LeverComponent = "core"

    @property
    def components(self) -> tuple[str, ...]:
        return (self.component,)

    def apply(self, canvas: Canvas) -> None:
        if self.component in canvas.shares:
            span = canvas.span(self)
            if span.stop > span.start:
                self.bend(canvas, canvas.shares[self.component], span)

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        """Bend ``shares`` (draws, 1 + horizon) in the columns ``span`` and, where it carries on, after it."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class GdpGrowth(Lever):
    """Another growth of GDP, while spending stays what it is in money: a recession raises the share.

    One of ``change_pp`` (percentage points on every draw's real growth) and ``rate_pct`` (the median
    growth). What was lost stays lost: years after ``last_year`` keep the new level.
    """

    type: ClassVar[str] = "gdp_growth"
    settles: ClassVar[frozenset[str]] = frozenset({"gdp"})

    change_pp: float | None = None
    rate_pct: float | None = None

    @property
    def components(self) -> tuple[str, ...]:
        return ("core", "related")

    def apply(self, canvas: Canvas) -> None:
        span = canvas.span(self)
        if span.stop <= span.start:
            return
        growth = canvas.gdp[:, span] / canvas.gdp[:, span.start - 1 : span.stop - 1]
        if self.rate_pct is not None:
            factor = (1 + self.rate_pct / 100) / np.median(growth, axis=0, keepdims=True)
        else:
            factor = np.maximum(growth + (self.change_pp or 0.0) / 100, LEAST_RATIO) / growth
        level = np.cumprod(factor, axis=1).astype(canvas.gdp.dtype)
        for part, change in ((span, level), (slice(span.stop, None), level[:, -1:])):
            canvas.gdp[:, part] *= change
            for shares in canvas.shares.values():
                shares[:, part] /= change


@dataclass(frozen=True, kw_only=True)
class SpendingGrowth(OnComponent):
    """Another growth of real spending on a component.

    ``change_pp``: percentage points on every draw's own real growth of spending. ``rate_pct``: the
    median path grows at this real rate; each draw keeps its distance from the median, in logs. Years
    after ``last_year`` keep the level that was reached and go on growing as the models had it.
    """

    type: ClassVar[str] = "spending_growth"
    settles: ClassVar[frozenset[str]] = frozenset({"path"})

    change_pp: float | None = None
    rate_pct: float | None = None

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        money: Floats = shares[:, span.start - 1 : span.stop] * canvas.gdp[:, span.start - 1 : span.stop]
        if self.rate_pct is not None:
            median = np.median(money, axis=0, keepdims=True)
            years = np.arange(1, money.shape[1])
            ratio: Floats = median[:, :1] * (1 + self.rate_pct / 100) ** years / median[:, 1:]
        else:
            real = money[:, 1:] / money[:, :-1]
            ratio = np.cumprod(np.maximum(real + (self.change_pp or 0.0) / 100, LEAST_RATIO) / real, axis=1)
        shares[:, span] *= ratio.astype(shares.dtype)
        shares[:, span.stop :] *= ratio[:, -1:].astype(shares.dtype)


@dataclass(frozen=True, kw_only=True)
class SharePath(OnComponent):
    """The median share follows given points; each draw keeps its distance from the median, in logs.

    Between the points the path is a straight line, before the first one a line from the origin's
    median, after the last one level. Raising any point raises every draw (or leaves it as it is).
    """

    type: ClassVar[str] = "share_path"
    settles: ClassVar[frozenset[str]] = frozenset({"path"})

    points: Mapping[int, float] = field(default_factory=dict)

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        median = canvas.median(self.component)
        years = sorted(self.points)
        known = [float(canvas.origin), *map(float, (y for y in years if y > canvas.origin))]
        values = [median[0], *(self.points[y] for y in years if y > canvas.origin)]
        path = np.interp(canvas.years(span), known, values)
        shares[:, span] *= (path / median[span]).astype(shares.dtype)


@dataclass(frozen=True, kw_only=True)
class PledgeLever(OnComponent):
    """A pledge that is kept to the degree of its credibility.

    The pledged path rises in a straight line from the median (at the year before ``first_year``, or the
    origin) to ``share_pct`` in ``year`` and stays there; as executed it is missed by a log error of sd
    :data:`EXECUTION_SD`. Draws below the executed path close the fraction ``credibility`` of the gap, in
    logs; draws above it stay where they are: a pledge is a promise of at least so much. ``"learned"``
    stands for the fraction that the pledge member expects of this ally, from what allies did so far.
    """

    type: ClassVar[str] = "pledge"

    share_pct: float
    year: int
    credibility: float | Literal["learned"] = 1.0

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        median = canvas.median(self.component)
        start = max(median[span.start - 1], 1e-9)
        begun = canvas.origin + span.start - 1
        if self.share_pct > start and self.year > begun:
            path = np.interp(canvas.years(span), [float(begun), float(self.year)], [start, self.share_pct])
        else:
            path = np.full(span.stop - span.start, self.share_pct)
        now = np.log(shares[:, span])
        noise = now - np.log(median[span]).astype(now.dtype)
        spread = noise.std(axis=0)
        # The executed path keeps the draw's luck, but no more of it than execution leaves to luck.
        damp = np.minimum(1.0, EXECUTION_SD / np.maximum(spread, 1e-9)).astype(now.dtype)
        gap = np.log(path).astype(now.dtype) + damp * noise - now
        closed = canvas.credibility if self.credibility == "learned" else self.credibility
        shares[:, span] = np.exp(now + now.dtype.type(closed) * np.maximum(gap, 0))


@dataclass(frozen=True, kw_only=True)
class Freeze(OnComponent):
    """Spending frozen at its level of the year before ``first_year``, draw by draw and exactly.

    ``what``: the share itself, real money, or nominal money (the share then falls as GDP grows).
    """

    type: ClassVar[str] = "freeze"
    settles: ClassVar[frozenset[str]] = frozenset({"path"})

    what: Literal["share", "nominal", "real"] = "share"

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        before = slice(span.start - 1, span.start)
        shares[:, span] = shares[:, before]
        if self.what != "share":
            shares[:, span] *= canvas.gdp[:, before] / canvas.gdp[:, span]
        if self.what == "nominal":
            shares[:, span] *= (canvas.deflator[before] / canvas.deflator[span]).astype(shares.dtype)


@dataclass(frozen=True, kw_only=True)
class Floor(OnComponent):
    """No draw falls below ``share_pct``."""

    type: ClassVar[str] = "floor"

    share_pct: float

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        np.maximum(shares[:, span], shares.dtype.type(self.share_pct), out=shares[:, span])


@dataclass(frozen=True, kw_only=True)
class Cap(OnComponent):
    """No draw rises above ``share_pct``."""

    type: ClassVar[str] = "cap"

    share_pct: float

    def bend(self, canvas: Canvas, shares: Floats, span: slice) -> None:
        np.minimum(shares[:, span], shares.dtype.type(self.share_pct), out=shares[:, span])


ORDER: tuple[type[Lever], ...] = (GdpGrowth, SpendingGrowth, SharePath, PledgeLever, Freeze, Floor, Cap)
"""The order in which levers act, whatever order a scenario lists them in: first the economy, then the
plans, then what binds them. Levers of one type act in the order listed."""
