"""Levers on money: the growth of the economy and of spending."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models.paths import Floats, medians
from models.scenarios.levers.base import LEVER_COMPONENTS, Lever, OnComponent, PathEditor

LEAST_RATIO = 1e-6
"""GDP, or spending, is in each year at least this multiple of the year before."""


@dataclass(frozen=True, kw_only=True)
class GdpGrowth(Lever):
    """Changes the growth of GDP; money spent stays the same, so a recession raises the share.

    Takes ``change_pp`` (percentage points on every draw's real growth) or ``rate_pct`` (the median growth).
    Years after ``last_year`` keep the new level of GDP.
    """

    type: ClassVar[str] = "gdp_growth"
    settles: ClassVar[frozenset[str]] = frozenset({"gdp"})

    change_pp: float | None = None
    rate_pct: float | None = None

    @property
    def components(self) -> tuple[str, ...]:
        return LEVER_COMPONENTS

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        return frozenset(range(origin, max(years) + 1))  # growth adds up

    def apply(self, editor: PathEditor) -> None:
        span = editor.span(self)
        if span.stop <= span.start:
            return
        growth = editor.gdp[:, span] / editor.gdp[:, span.start - 1 : span.stop - 1]
        if self.rate_pct is not None:
            factor = (1 + self.rate_pct / 100) / medians(growth)[None, :]
        else:
            factor = np.maximum(growth + (self.change_pp or 0.0) / 100, LEAST_RATIO) / growth
        level = np.cumprod(factor, axis=1).astype(editor.gdp.dtype)
        gdp, every = editor.writable_gdp(), [editor.writable(component) for component in editor.shares]
        for part, change in ((span, level), (slice(span.stop, None), level[:, -1:])):
            gdp[:, part] *= change
            for shares in every:
                shares[:, part] /= change


@dataclass(frozen=True, kw_only=True)
class SpendingGrowth(OnComponent):
    """Changes the growth of real spending on a component.

    ``change_pp``: percentage points on every draw's own real growth of spending. ``rate_pct``: the
    median path grows at this real rate; each draw keeps its distance from the median, in logs. Years
    after ``last_year`` keep the level that was reached and go on growing as the models had it.
    """

    type: ClassVar[str] = "spending_growth"
    settles: ClassVar[frozenset[str]] = frozenset({"path"})

    change_pp: float | None = None
    rate_pct: float | None = None

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        return frozenset(range(origin, max(years) + 1))  # growth adds up

    def edit(self, editor: PathEditor, span: slice) -> None:
        shares = editor.writable(self.component)
        money: Floats = shares[:, span.start - 1 : span.stop] * editor.gdp[:, span.start - 1 : span.stop]
        if self.rate_pct is not None:
            median = medians(money)[None, :]
            years = np.arange(1, money.shape[1])
            ratio: Floats = median[:, :1] * (1 + self.rate_pct / 100) ** years / median[:, 1:]
        else:
            real = money[:, 1:] / money[:, :-1]
            ratio = np.cumprod(np.maximum(real + (self.change_pp or 0.0) / 100, LEAST_RATIO) / real, axis=1)
        shares[:, span] *= ratio.astype(shares.dtype)
        shares[:, span.stop :] *= ratio[:, -1:].astype(shares.dtype)
