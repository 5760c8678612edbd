"""Growth of each ally's economy: what a share is a share of.

Real growth and the deflator follow the IMF's World Economic Outlook (October 2025) to 2030; NATO's
own figures of spring 2026, being newer, replace its real growth for 2025 and 2026. The last projected
year is carried on beyond the horizon of the projection.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from models import tables
from models.panel import Array

WEO, NATO = "weo_2025_10", "nato_2026"


@dataclass(frozen=True)
class Growth:
    """Projected growth of one ally, per cent a year, from ``start`` on.

    ``real`` and ``deflator`` are arrays (years,).
    """

    start: int
    real: Array
    deflator: Array

    def real_between(self, first: int, last: int) -> Array:
        """Real growth of the years ``first`` ... ``last``, inclusive, % a year."""
        return self._between(self.real, first, last)

    def nominal_between(self, first: int, last: int) -> Array:
        """Nominal growth (real growth compounded with the deflator), % a year."""
        real, deflator = self.real_between(first, last), self._between(self.deflator, first, last)
        return ((1 + real / 100) * (1 + deflator / 100) - 1) * 100

    def _between(self, values: Array, first: int, last: int) -> Array:
        index = np.clip(np.arange(first, last + 1) - self.start, 0, values.size - 1)
        return values[index]


@cache
def growth(code: str) -> Growth:
    """Projected growth of the ally with ISO alpha-3 code ``code``."""
    real: dict[int, float] = {}
    deflator: dict[int, float] = {}
    for source in (WEO, NATO):
        for row in tables.read("gdp"):
            if row["iso3"] != code or row["source"] != source:
                continue
            year, rate, prices = int(row["year"]), row["real_growth_pct"], row["deflator_growth_pct"]
            if rate and (source == WEO or year > 2024):
                real[year] = float(rate)
            if prices:
                deflator[year] = float(prices)
    # The contiguous tail: some series of the early 1990s have gaps.
    start = last = max(real)
    while start - 1 in real and start - 1 in deflator:
        start -= 1
    years = range(start, last + 1)
    return Growth(years.start, np.array([real[y] for y in years]), np.array([deflator[y] for y in years]))
