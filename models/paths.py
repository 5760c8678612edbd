"""Simulated paths, and the medians and quantiles computed from them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

RELATED_COUNTED = 1.5
"""At most this much of related spending counts towards the total, % of GDP (The Hague, 2025: "up to 1.5 %"). A target
for related spending above it raises what counts (:attr:`models.scenarios.targets.Targets.counted_related`)."""

Rule = Literal["strict", "claimed", "broad"]
RULES: tuple[Rule, ...] = get_args(Rule)
"""The rules by which related spending may be counted (:mod:`models.simulation.related`), the narrowest first."""

Floats = NDArray[np.floating]
T = TypeVar("T")

MOST_VALUE = 1e18
"""The largest value that paths may hold. A user's own figures may reach 1e12, and money and means computed from paths
must stay below 3e38, the largest float32."""

SMALL_SHARE = 0.01
"""A share below this (% of GDP) has less than three digits in four decimals; own series may begin at a millionth."""

MOST_NOTES = 64
"""How many results are cached for one set of paths; each is a small array."""


def rounded_shares(shares: Iterable[float]) -> list[float]:
    """Shares as answers give them: four decimals, or three digits where a share is too small for those."""
    return [round(share, 4) if share >= SMALL_SHARE else float(f"{share:.3g}") for share in shares]


@dataclass(frozen=True)
class Paths:
    """Simulated shares of one ally, one row per draw; row i of every component belongs to the same future.

    Attributes
    ----------
    origin : the last year known. Column 0 is the origin's own share, column t the year origin + t.
    shares : component (``core``, ``related``) -> array (draws, 1 + horizon), % of GDP.
    gdp : array (draws, 1 + horizon), index of real GDP in the same futures, 1 at the origin.
    member : array (draws,), the index of the ensemble's member that each draw of ``core`` came from.
    base : the paths before the scenario; a component that it left unchanged is the same array in both.
    rule : array (draws,), the index in :data:`RULES` of the rule that counts ``related`` in each draw; None without it.
    counted_related : at most this much of ``related`` counts towards the total, % of GDP.
    """

    origin: int
    shares: Mapping[str, Floats]
    gdp: Floats
    member: NDArray[np.integer]
    base: Paths | None = None
    rule: NDArray[np.integer] | None = None
    counted_related: float = RELATED_COUNTED
    _cache: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _cuts: dict[int, Paths] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def draws(self) -> int:
        return int(self.gdp.shape[0])

    @property
    def years(self) -> NDArray[np.int64]:
        """The years of the columns, the origin first."""
        return self.origin + np.arange(self.gdp.shape[1])

    def until(self, year: int) -> Paths:
        """These paths up to ``year``; every call returns the same object."""
        if year not in self._cuts:
            end = year - self.origin + 1
            shares = {name: x[:, :end] for name, x in self.shares.items()}
            self._cuts[year] = Paths(self.origin, shares, self.gdp[:, :end], self.member, rule=self.rule)
        return self._cuts[year]

    def counting(self, at_most: float) -> Paths:
        """These paths, with ``at_most`` (% of GDP) of related spending counted towards the total."""
        if at_most == self.counted_related:
            return self
        return Paths(self.origin, self.shares, self.gdp, self.member, self, self.rule, at_most)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result of ``compute``, cached under ``key``: paths never change."""
        try:
            result: T = self._cache[key]
        except KeyError:
            result = compute()
            if len(self._cache) >= MOST_NOTES:
                self._cache.clear()
            self._cache[key] = result
        return result

    def holding(self, component: str) -> Paths:
        """The first of the bases, which cache results, with the same ``component``; these paths if there is none."""
        parts = ("core", "related") if component == "total" else (component,)
        base = self.base
        if base is None or any(self.shares.get(part) is not base.shares.get(part) for part in parts):
            return self
        if component == "total" and self.counted_related != base.counted_related:
            return self
        return base.holding(component)

    def medians(self, component: str) -> Floats:
        """Median share of ``component``, which must apply, by year; array (1 + horizon,)."""
        here = self.holding(component)
        return here.once(("medians", component), lambda: _medians(here.ordered(component)))

    def last_gdp(self) -> float:
        """Median over the draws of real GDP in the last year, as a multiple of the origin's."""
        here = self.base if self.base is not None and self.gdp is self.base.gdp else self
        return here.once("last gdp", lambda: float(np.median(here.gdp[:, -1])))

    def ordered(self, component: str) -> Floats:
        """Shares of ``component``, which must apply, sorted within each year; array (1 + horizon, draws)."""
        return self._cached_in_scenario(("ordered", component), lambda: ordered(self.known(component)))

    def known(self, component: str) -> Floats:
        """Shares of ``component``, which must apply, array (draws, 1 + horizon)."""
        shares = self.component(component)
        assert shares is not None  # noqa: S101  callers check that it applies
        return shares

    def _cached_in_scenario(self, key: Hashable, compute: Callable[[], Floats]) -> Floats:
        # The paths of a scenario live for one answer. Those of a saved fit live on and must not cache large arrays.
        return compute() if self.base is None else self.once(key, compute)

    def applies(self, component: str) -> bool:
        """Whether the ally has shares of ``core``, ``related`` or ``total``."""
        return {"core", "related"} <= self.shares.keys() if component == "total" else component in self.shares

    def component(self, name: str) -> Floats | None:
        """Shares of ``core``, ``related`` or ``total``, array (draws, 1 + horizon); None where it does not apply.

        total = core + min(related, :attr:`counted_related`), draw by draw.
        """
        if name != "total":
            return self.shares.get(name)
        core, related = self.shares.get("core"), self.shares.get("related")
        if core is None or related is None:
            return None
        return self._cached_in_scenario("total", lambda: core + counted(related, self.counted_related))


def counted(related: Floats, at_most: float) -> Floats:
    """The part of related spending that counts towards the total: ``at_most`` (% of GDP)."""
    return np.asarray(np.minimum(related, np.float32(at_most)))


def spending(shares: Floats, gdp: Floats, origin_amount: float, origin_share: float) -> Floats:
    """Real spending behind shares, array (draws, years), in the unit of ``origin_amount``.

    Parameters
    ----------
    shares : array (draws, years), % of GDP. gdp : index of real GDP, 1 at the origin.
    origin_amount : spending that the publisher reports for the origin, for a share of ``origin_share`` (% of GDP).
    """
    return shares * gdp * np.float32(origin_amount / origin_share)


def exponential(logs: Floats) -> Floats:
    """``exp(logs)``; infinite where it overflows, which :func:`within_range` detects."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(logs))


def within_range(shares: Mapping[str, Floats]) -> bool:
    """Whether every value of every component is a number of at most :data:`MOST_VALUE`."""
    return all(float(values.max()) <= MOST_VALUE for values in shares.values())  # false for NaN


def ordered(values: Floats) -> Floats:
    """Each column of ``values`` (draws, years) from low to high; array (years, draws)."""
    # NumPy sorts contiguous rows (in vector registers) ten times faster than it selects a few ranks.
    return np.sort(np.ascontiguousarray(values.T), axis=1)


def quantiles(shares: Floats, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles across draws, by linear interpolation (Hyndman & Fan 1996, type 7).

    Parameters
    ----------
    shares : array (draws, years).
    levels : array (n,), between 0 and 1.

    Returns
    -------
    array (n, years).
    """
    return quantiles_of(ordered(shares), levels)


def quantiles_of(by_year: Floats, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """:func:`quantiles` of values that are :func:`ordered` already, array (years, draws)."""
    draws = by_year.shape[1]
    rank = levels * (draws - 1)
    below = np.floor(rank).astype(int)
    above = np.minimum(below + 1, draws - 1)
    low, high = by_year[:, below].astype(np.float64), by_year[:, above].astype(np.float64)
    return np.asarray((low + (high - low) * (rank - below)).T)


def medians(values: Floats) -> Floats:
    """Median across draws of every column of ``values`` (draws, years), in its own precision; array (years,)."""
    draws = values.shape[0]
    middle = draws // 2
    # Selecting one rank takes a third of the time of a full sort.
    by_year = np.partition(np.ascontiguousarray(values.T), middle, axis=1)
    if draws % 2:
        return np.asarray(by_year[:, middle])
    below = by_year[:, :middle].max(axis=1)
    return np.asarray(np.stack([below, by_year[:, middle]], axis=1).mean(axis=1))


def _medians(by_year: Floats) -> Floats:
    draws = by_year.shape[1]
    return np.asarray(by_year[:, (draws - 1) // 2 : draws // 2 + 1].mean(axis=1))
