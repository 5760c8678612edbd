"""What all levers share: the editor of paths, and the years, allies and component that they change."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from models.paths import RULES, Floats, Paths, Rule, counted, medians
from models.series import Array

LeverComponent = Literal["core", "related"]
LEVER_COMPONENTS: tuple[LeverComponent, ...] = get_args(LeverComponent)

After = Literal["continue", "resume"]
AFTER: tuple[After, ...] = get_args(After)

LEAST_MEDIAN = 1e-9
"""Medians are raised to at least this, % of GDP, so that levers can divide by them."""


class PathEditor:
    """The paths of one ally while levers are applied. A lever writes into a copy of the array that it changes.

    Parameters
    ----------
    paths : from the ensemble.
    deflator : index of prices by year, array (1 + horizon,), 1 at the origin.
    credibility : the fraction of its pledge that the ally is expected to keep.
    trend : returns the ally's paths from history alone, for levers that need them; None for ``paths``.
    related : returns the related shares of the same futures under one counting rule, array (draws, 1 + horizon);
        None for those of ``paths``.
    levers : all that act on these paths.

    After :meth:`keep`, columns are missing between the origin and the deadline, so levers read the years of the columns
    from :attr:`calendar`.
    """

    def __init__(
        self,
        paths: Paths,
        deflator: Array,
        credibility: float,
        trend: Callable[[], Paths] | None = None,
        related: Callable[[Rule], Floats] | None = None,
        levers: Sequence[Lever] = (),
    ) -> None:
        self.paths = paths
        self.levers = levers
        self.origin = paths.origin
        self.shares = dict(paths.shares)
        self.gdp = paths.gdp
        self.deflator = deflator
        self.credibility = credibility
        self.last = paths.origin + self.gdp.shape[1] - 1
        self.calendar = paths.years
        self.rule = paths.rule
        self._trend = trend or (lambda: paths)
        self._related = related or (lambda _rule: paths.shares["related"])

    def writable(self, component: str) -> Floats:
        """The shares of ``component``, for writing; array (draws, 1 + horizon)."""
        if self.shares[component] is self.paths.shares[component]:
            self.shares[component] = np.array(self.shares[component])
        return self.shares[component]

    def writable_gdp(self) -> Floats:
        """The index of GDP, for writing; array (draws, 1 + horizon)."""
        if self.gdp is self.paths.gdp:
            self.gdp = np.array(self.gdp)
        return self.gdp

    def keep(self, years: Set[int]) -> None:
        """Leave out the columns of all years but ``years``, which hold the origin and the deadline.

        What the remaining levers do to ``years`` must depend on no other year: see :meth:`Lever.reads`.
        """
        if len(years) == self.calendar.size:
            return
        kept = [column for column, year in enumerate(self.calendar.tolist()) if year in years]
        self.shares = {name: x.T[kept].T for name, x in self.shares.items()}
        self.gdp, self.deflator, self.calendar = self.gdp.T[kept].T, self.deflator[kept], self.calendar[kept]

    def branch(self, levers: Sequence[Lever]) -> PathEditor:
        """An editor that goes on from here with ``levers`` instead, while this one stays as it is."""
        other = copy.copy(self)
        other.levers = levers
        before = self.paths.shares
        other.shares = {name: x if x is before[name] else np.array(x) for name, x in self.shares.items()}
        other.gdp = self.gdp if self.gdp is self.paths.gdp else np.array(self.gdp)
        return other

    def last_shares(self, component: str) -> Floats:
        """Shares of ``core``, ``related`` or ``total``, which must apply, in the last year; array (draws,)."""
        last = {name: x[:, -1] for name, x in self.shares.items()}
        if component != "total":
            return last[component]
        return np.asarray(last["core"] + counted(last["related"], self.paths.counted_related))

    def edited(self) -> Paths:
        """The paths with the changes so far; of all years."""
        paths = self.paths
        return Paths(self.origin, self.shares, self.gdp, paths.member, paths, self.rule, paths.counted_related)

    def count_by(self, rule: Rule) -> None:
        """Count the related spending of every draw by ``rule``; draws that do so already keep their shares."""
        index = RULES.index(rule)
        if self.rule is not None and (self.rule == index).all():
            return
        # A copy: many questions read the same simulated shares.
        self.shares["related"] = np.array(self._related(rule).T[self.calendar - self.origin]).T
        self.rule = np.full(self.gdp.shape[0], index, dtype=np.int8)

    def span(self, lever: Lever) -> slice:
        """The columns that ``lever`` changes: its years, within the forecast and after the origin."""
        first, last = lever.begins(self.origin), min(lever.last_year or self.last, self.last)
        start, stop = np.searchsorted(self.calendar, (first, last + 1))
        return slice(int(start), max(int(start), int(stop)))

    def years(self, span: slice) -> Array:
        return self.calendar[span].astype(np.float64)

    def median(self, component: str) -> Array:
        """Median share by year after the changes so far, array (1 + horizon,).

        The medians of unchanged paths are cached, so a lever should call this before ``writable``.
        """
        shares = self.shares[component]
        by_year = self.paths.medians(component) if shares is self.paths.shares[component] else medians(shares)
        return np.maximum(by_year.astype(np.float64), LEAST_MEDIAN)

    def trend_median(self, component: str) -> Array:
        """Median share by year from history alone, array (1 + horizon,)."""
        by_year = self._trend().medians(component)[self.calendar - self.origin]
        return np.maximum(by_year.astype(np.float64), LEAST_MEDIAN)


@dataclass(frozen=True, kw_only=True)
class Lever:
    """The years and the allies that a lever changes.

    Attributes
    ----------
    first_year, last_year : inclusive; None means the first year after the origin, or the last year.
    countries : ISO alpha-3 codes and groups (:mod:`models.dataset.groups`); all allies if empty.
    """

    type: ClassVar[str]
    # Two levers that settle the same thing conflict if their years and components overlap.
    settles: ClassVar[frozenset[str]] = frozenset()
    # Whether it says which share is aimed at, year by year.
    aims: ClassVar[bool] = False

    first_year: int | None = None
    last_year: int | None = None
    countries: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        raise NotImplementedError

    def begins(self, origin: int) -> int:
        """The first year that the lever changes in a forecast from ``origin``."""
        return max(self.first_year or 0, origin + 1)

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        """The years that must be known before this lever acts, so that ``years`` are known after it.

        Unless a lever says otherwise, it changes each year by itself. ``origin`` is that of the forecast; ``years``
        hold it.
        """
        return years

    def apply(self, editor: PathEditor) -> None:
        """Change the paths of ``editor`` in place."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class OnComponent(Lever):
    """A lever on one component."""

    component: LeverComponent = "core"

    @property
    def components(self) -> tuple[str, ...]:
        return (self.component,)

    def apply(self, editor: PathEditor) -> None:
        if self.component in editor.shares:
            span = editor.span(self)
            if span.stop > span.start:
                self.edit(editor, span)

    def edit(self, editor: PathEditor, span: slice) -> None:
        """Change the component's shares in the columns ``span`` and, if the lever has a lasting effect, after it."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Temporary(OnComponent):
    """A lever that may end before the deadline.

    ``after`` says how each draw goes on after ``last_year``: from where the lever left it, changing from year to year
    as it did without the lever (``"continue"``), or back on its path without the lever (``"resume"``). Where a lever
    that aims at a share has begun before and still acts, the draw goes on under that one.
    """

    after: After = "continue"

    def __post_init__(self) -> None:
        # A lever that does not end has one meaning, so it must have one form.
        if self.last_year is None:
            object.__setattr__(self, "after", "continue")

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        ends = self.last_year
        goes_on = self.after == "continue" and ends is not None and origin < ends < max(years)
        return years | {ends} if goes_on and ends is not None else years

    def year_before(self, years: Set[int], origin: int) -> Set[int]:
        """The year before the first that the lever changes; none if that is later than all ``years``."""
        before = self.begins(origin) - 1
        return {before} if before < max(years) else frozenset()

    def apply(self, editor: PathEditor) -> None:
        span = editor.span(self)
        if self.component not in editor.shares or span.stop <= span.start:
            return
        last, rest = slice(span.stop - 1, span.stop), slice(span.stop, None)
        before = np.array(editor.shares[self.component][:, last])
        self.edit(editor, span)
        if self.after == "continue" and span.stop < editor.calendar.size and not self._under_aim(editor):
            shares = editor.writable(self.component)
            shares[:, rest] *= shares[:, last] / np.maximum(before, shares.dtype.type(LEAST_MEDIAN))

    def _under_aim(self, editor: PathEditor) -> bool:
        """Whether another lever aims at a share both in this one's last year and in the next."""
        ends = self.last_year or editor.last
        return any(
            other.aims
            and other is not self
            and self.component in other.components
            and (other.first_year or 0) <= ends < (other.last_year or editor.last)
            for other in editor.levers
        )
