"""Simulated futures and what is read off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RELATED_COUNTED = 1.5
"""At most this much of related spending counts towards the total, % of GDP (The Hague, 2025: "up to 1.5 %")."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Paths:
    """Simulated shares of one ally, one row a draw; row i of every component belongs to the same future.

    Attributes
    ----------
    origin : the last year known. Column 0 is the origin's own share, column t the year origin + t.
    shares : component (``core``, ``related``) -> array (draws, 1 + horizon), % of GDP.
    gdp : array (draws, 1 + horizon), index of real GDP in the same futures, 1 at the origin.
    member : array (draws,), the index of the ensemble's member that each draw of ``core`` came from.
    """

    origin: int
    shares: Mapping[str, Floats]
    gdp: Floats
    member: NDArray[np.integer]

    @property
    def draws(self) -> int:
        return int(self.gdp.shape[0])

    @property
    def years(self) -> NDArray[np.int64]:
        """The years of the columns, the origin first."""
        return self.origin + np.arange(self.gdp.shape[1])

    def until(self, year: int) -> Paths:
        """The same paths with nothing later than ``year``."""
        end = year - self.origin + 1
        shares = {name: x[:, :end] for name, x in self.shares.items()}
        return Paths(self.origin, shares, self.gdp[:, :end], self.member)

    def component(self, name: str) -> Floats | None:
        """Shares of ``core``, ``related`` or ``total``, array (draws, 1 + horizon); None where it does not apply.

        total = core + min(related, 1.5), draw by draw.
        """
        if name != "total":
            return self.shares.get(name)
        core, related = self.shares.get("core"), self.shares.get("related")
        if core is None or related is None:
            return None
        return core + np.minimum(related, np.float32(RELATED_COUNTED))


def spending(shares: Floats, gdp: Floats, origin_amount: float, origin_share: float) -> Floats:
    """Real spending behind shares, array (draws, years), in the unit of ``origin_amount``.

    Parameters
    ----------
    shares : array (draws, years), % of GDP. gdp : index of real GDP, 1 at the origin.
    origin_amount : spending that the publisher reports for the origin, for a share of ``origin_share`` (% of GDP).
    """
    return shares * gdp * np.float32(origin_amount / origin_share)


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
    rank = levels * (shares.shape[0] - 1)
    below = np.floor(rank).astype(int)
    above = np.minimum(below + 1, shares.shape[0] - 1)
    # Contiguous rows: NumPy sorts them whole (in vector registers) ten times faster than it selects a few ranks.
    by_year = np.sort(np.ascontiguousarray(shares.T), axis=1)
    low, high = by_year[:, below].astype(np.float64), by_year[:, above].astype(np.float64)
    return np.asarray((low + (high - low) * (rank - below)).T)


def medians(values: Floats) -> Floats:
    """Median across draws of every column of ``values`` (draws, years), in its own precision; array (years,)."""
    by_year = np.sort(np.ascontiguousarray(values.T), axis=1)
    draws = by_year.shape[1]
    return np.asarray(by_year[:, (draws - 1) // 2 : draws // 2 + 1].mean(axis=1))
