"""Levers on the spread of the draws, and on their bounds: shock, freeze, floor and cap."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from models.paths import medians
from models.scenarios.levers.base import LEAST_MEDIAN, PathEditor, Temporary

FARTHEST = 10.0
"""A wider spread takes no draw further from the median than this, in logs (a factor of 22,000)."""


@dataclass(frozen=True, kw_only=True)
class Shock(Temporary):
    """A wider or narrower spread, and heavier tails; the median stays.

    With d a draw's distance from the median in logs and u the median of |d| in that year, d becomes

        spread_factor * d * (|d| / u)^(tails - 1).

    ``tails`` above 1 takes the outer half of the draws further out and draws the inner half together. Draws
    keep their ranks. ``spread_factor`` 1 and ``tails`` 1 change nothing.
    """

    type: ClassVar[str] = "shock"

    spread_factor: float = 1.0
    tails: float = 1.0

    def edit(self, editor: PathEditor, span: slice) -> None:
        median, shares = editor.median(self.component), editor.writable(self.component)
        # In place, since arrays of this size are dear to allocate. A draw whose spending other levers have taken away
        # altogether has no logarithm.
        distance = np.maximum(shares[:, span], shares.dtype.type(LEAST_MEDIAN))
        distance /= median[span].astype(shares.dtype)
        np.log(distance, out=distance)
        farthest = max(FARTHEST, float(distance.max()), -float(distance.min()))
        moved = distance * shares.dtype.type(self.spread_factor)
        if self.tails != 1:
            size = np.abs(distance)
            size /= np.maximum(medians(size), np.finfo(shares.dtype).tiny)
            np.power(size, shares.dtype.type(self.tails - 1), out=size)
            moved *= size
        np.clip(moved, -farthest, farthest, out=moved)
        moved -= distance
        shares[:, span] *= np.exp(moved, out=moved)


@dataclass(frozen=True, kw_only=True)
class Freeze(Temporary):
    """Freezes each draw at its level in the year before ``first_year``.

    ``what``: the share itself, real money, or nominal money (the share then falls as GDP grows).
    """

    type: ClassVar[str] = "freeze"
    settles: ClassVar[frozenset[str]] = frozenset({"path"})

    what: Literal["share", "nominal", "real"] = "share"

    def reads(self, years: Set[int], origin: int) -> Set[int]:
        return super().reads(years, origin) | self.year_before(years, origin)

    def edit(self, editor: PathEditor, span: slice) -> None:
        shares = editor.writable(self.component)
        before = slice(span.start - 1, span.start)
        shares[:, span] = shares[:, before]
        if self.what != "share":
            shares[:, span] *= editor.gdp[:, before] / editor.gdp[:, span]
        if self.what == "nominal":
            shares[:, span] *= (editor.deflator[before] / editor.deflator[span]).astype(shares.dtype)


@dataclass(frozen=True, kw_only=True)
class Floor(Temporary):
    """No draw falls below ``share_pct``."""

    type: ClassVar[str] = "floor"

    share_pct: float

    def edit(self, editor: PathEditor, span: slice) -> None:
        shares = editor.writable(self.component)
        np.maximum(shares[:, span], shares.dtype.type(self.share_pct), out=shares[:, span])


@dataclass(frozen=True, kw_only=True)
class Cap(Temporary):
    """No draw rises above ``share_pct``."""

    type: ClassVar[str] = "cap"

    share_pct: float

    def edit(self, editor: PathEditor, span: slice) -> None:
        shares = editor.writable(self.component)
        np.minimum(shares[:, span], shares.dtype.type(self.share_pct), out=shares[:, span])
