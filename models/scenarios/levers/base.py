"""What all levers share: the editor of paths, the years, allies and component they act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from models.paths import Floats, Paths, medians
from models.series import Array

LeverComponent = Literal["core", "related"]
LEVER_COMPONENTS: tuple[LeverComponent, ...] = get_args(LeverComponent)

LEAST_MEDIAN = 1e-9
"""A median is taken to be at least this, % of GDP, where another is measured against it."""


class PathEditor:
    """The paths of one ally while levers are applied. A lever writes into a copy of the array that it changes.

    Parameters
    ----------
    paths : as the ensemble has them.
    deflator : index of prices by year, array (1 + horizon,), 1 at the origin.
    credibility : the fraction of its pledge that the ally is expected to keep.
    trend : gives the ally's paths by history alone, for levers that go back to them; ``paths`` if None.
    """

    def __init__(
        self, paths: Paths, deflator: Array, credibility: float, trend: Callable[[], Paths] | None = None
    ) -> None:
        self.paths = paths
        self.origin = paths.origin
        self.shares = dict(paths.shares)
        self.gdp = paths.gdp
        self.deflator = deflator
        self.credibility = credibility
        self.last = paths.origin + self.gdp.shape[1] - 1
        self._trend = trend or (lambda: paths)

    def writable(self, component: str) -> Floats:
        """The shares of ``component``, to be written into; array (draws, 1 + horizon)."""
        if self.shares[component] is self.paths.shares[component]:
            self.shares[component] = np.array(self.shares[component])
        return self.shares[component]

    def writable_gdp(self) -> Floats:
        """The index of GDP, to be written into; array (draws, 1 + horizon)."""
        if self.gdp is self.paths.gdp:
            self.gdp = np.array(self.gdp)
        return self.gdp

    def edited(self) -> Paths:
        """The paths as they are now."""
        return Paths(self.origin, self.shares, self.gdp, self.paths.member, base=self.paths)

    def span(self, lever: Lever) -> slice:
        """The columns that ``lever`` acts on: its years, within the forecast and after the origin."""
        first = max(lever.first_year or 0, self.origin + 1) - self.origin
        last = min(lever.last_year or self.last, self.last) - self.origin
        return slice(first, max(first, last + 1))

    def years(self, span: slice) -> Array:
        return self.origin + np.arange(span.start, span.stop, dtype=np.float64)

    def median(self, component: str) -> Array:
        """Median share by year of the draws as they are now, array (1 + horizon,).

        The paths remember theirs, so the first lever spares a computation if it asks before it calls ``writable``.
        """
        shares = self.shares[component]
        found = self.paths.medians(component) if shares is self.paths.shares[component] else medians(shares)
        return np.maximum(found.astype(np.float64), LEAST_MEDIAN)

    def trend_median(self, component: str) -> Array:
        """Median share by year as history alone has it, array (1 + horizon,)."""
        return np.maximum(self._trend().medians(component).astype(np.float64), LEAST_MEDIAN)


@dataclass(frozen=True, kw_only=True)
class Lever:
    """What all levers have: the years and the allies they act on.

    Attributes
    ----------
    first_year, last_year : inclusive; None means from the first year after the origin, or to the last.
    countries : ISO alpha-3 codes and groups (:mod:`models.dataset.groups`); all allies if empty.
    """

    type: ClassVar[str]
    # Which levers exclude one another where their years and components meet.
    settles: ClassVar[frozenset[str]] = frozenset()

    first_year: int | None = None
    last_year: int | None = None
    countries: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[str, ...]:
        raise NotImplementedError

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
        """Change the component's shares in the columns ``span`` and, where the lever carries on, after it."""
        raise NotImplementedError
