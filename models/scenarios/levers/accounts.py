"""Levers on accounts: an analyst's own past figures, the counting rule, one-off purchases, reclassified spending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from models.paths import Rule
from models.scenarios.levers.base import Lever, LeverComponent, OnComponent, PathEditor
from models.series import Series

LEAST_SHARE = 0.01
"""What a reclassification leaves of a component at least, % of GDP: shares stay positive."""


@dataclass(frozen=True, kw_only=True)
class HistoryOverride(Lever):
    """The analyst's own figures for some years of the ally's core history; the models are fitted anew on them.

    ``points``: year -> share, % of GDP. Only years that the figures cover up to the origin are used. They
    count as final: if the origin's is among them, no revision of it is simulated. The lever acts on the fit
    (:meth:`replace`), not on paths.
    """

    type: ClassVar[str] = "history_override"

    points: Mapping[int, float] = field(default_factory=dict)

    @property
    def components(self) -> tuple[str, ...]:
        return ("core",)

    def apply(self, editor: PathEditor) -> None:
        """Do nothing: the paths are fitted on the figures of :meth:`replace`."""

    def replace(self, series: Series) -> Series:
        """``series`` with the lever's figures instead of its own."""
        values = [self.points.get(int(year), value) for year, value in zip(series.years, series.values, strict=True)]
        return Series(series.name, series.start, np.array(values))


@dataclass(frozen=True, kw_only=True)
class CountingRule(Lever):
    """Counts related spending by one rule (:mod:`models.simulation.related`) in every draw, the origin's year included.

    Each draw keeps its shocks: one that the rule counted already keeps its shares.
    """

    type: ClassVar[str] = "counting_rule"

    rule: Rule

    @property
    def components(self) -> tuple[str, ...]:
        return ("related",)

    def apply(self, editor: PathEditor) -> None:
        if "related" in editor.shares:
            editor.count_by(self.rule)


@dataclass(frozen=True, kw_only=True)
class Purchase(OnComponent):
    """A one-off purchase: ``share_pct`` points of GDP on top of every draw, in ``first_year`` or to ``last_year``."""

    type: ClassVar[str] = "step"

    share_pct: float

    def __post_init__(self) -> None:
        if self.first_year is None:
            raise ValueError("a step needs the year of the purchase")
        if self.last_year is None:
            object.__setattr__(self, "last_year", self.first_year)

    def edit(self, editor: PathEditor, span: slice) -> None:
        shares = editor.writable(self.component)
        shares[:, span] += shares.dtype.type(self.share_pct)


@dataclass(frozen=True, kw_only=True)
class Reclassify(OnComponent):
    """Counts existing spending, ``share_pct`` points of GDP, as ``component``; no money is added.

    It moves in equal steps over ``years`` years, the first of them ``first_year`` (or the year after the origin).
    ``from_component``: what it counted as before: something else (``"other"``), or the other component, which then
    loses as much but keeps at least :data:`LEAST_SHARE`.
    """

    type: ClassVar[str] = "reclassify"

    share_pct: float
    years: int = 1
    from_component: Literal["other"] | LeverComponent = "other"

    @property
    def components(self) -> tuple[str, ...]:
        return (self.component,) if self.from_component == "other" else (self.component, self.from_component)

    def edit(self, editor: PathEditor, span: slice) -> None:
        shares = editor.writable(self.component)
        elapsed = editor.years(span) - (self.first_year or editor.origin + 1) + 1
        moved = (self.share_pct * np.minimum(elapsed / self.years, 1.0)).astype(shares.dtype)
        if self.from_component != "other":
            if self.from_component not in editor.shares:
                return
            source = editor.writable(self.from_component)
            moved = np.clip(source[:, span] - source.dtype.type(LEAST_SHARE), 0, moved)
            source[:, span] -= moved
        shares[:, span] += moved
