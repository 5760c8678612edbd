"""GDP, the denominator of shares, and its projection.

Real growth and the deflator follow the IMF's World Economic Outlook (October 2025) to 2030; NATO's
own figures of spring 2026, being newer, replace its real growth for 2025 and 2026. After the projection's
end growth stays as in its last year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

import numpy as np

from models.dataset.countries import allies
from models.dataset.tables import BUNDLED, Tables
from models.series import Array

RECENT = 5
"""Years whose mean is the expectation of the next year."""


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

    def deflator_between(self, first: int, last: int) -> Array:
        """Growth of the deflator of GDP, % a year."""
        return self._between(self.deflator, first, last)

    def nominal_between(self, first: int, last: int) -> Array:
        """Nominal growth (real growth compounded with the deflator), % a year."""
        real, deflator = self.real_between(first, last), self.deflator_between(first, last)
        return ((1 + real / 100) * (1 + deflator / 100) - 1) * 100

    def _between(self, values: Array, first: int, last: int) -> Array:
        index = np.clip(np.arange(first, last + 1) - self.start, 0, values.size - 1)
        return values[index]


@cache
def growth(code: str, tables: Tables = BUNDLED) -> Growth:
    """Projected growth of the ally with ISO alpha-3 code ``code``, by all of ``tables``."""
    return _growth(code, tables, newer=True)


@cache
def _growth(code: str, tables: Tables, *, newer: bool) -> Growth:
    """Growth by the Outlook; with ``newer``, the newer source replaces real growth after the reported years."""
    uses = tables.uses
    real: dict[int, float] = {}
    deflator: dict[int, float] = {}
    for source in (uses.outlook, uses.growth) if newer else (uses.outlook,):
        for row in tables.read("gdp"):
            if row["iso3"] != code or row["source"] != source:
                continue
            year, rate, prices = int(row["year"]), row["real_growth_pct"], row["deflator_growth_pct"]
            if rate and (source == uses.outlook or year > uses.outlook_actual):
                real[year] = float(rate)
            if prices:
                deflator[year] = float(prices)
    known = real.keys() & deflator.keys()
    if not known:
        # A series of no ally has no GDP: no growth is assumed.
        return Growth(0, np.zeros(1), np.zeros(1))
    # The contiguous tail: some series of the early 1990s have gaps.
    start = last = max(known)
    while start - 1 in known:
        start -= 1
    years = range(start, last + 1)
    return Growth(years.start, np.array([real[y] for y in years]), np.array([deflator[y] for y in years]))


@cache
def actual_growth(code: str, tables: Tables = BUNDLED) -> Mapping[int, float]:
    """Log growth of real GDP by year, as the Outlook reports it."""
    return MappingProxyType(
        {
            int(row["year"]): math.log1p(float(row["real_growth_pct"]) / 100)
            for row in tables.read("gdp")
            if (row["iso3"], row["source"], row["kind"]) == (code, tables.uses.outlook, "actual")
            and row["real_growth_pct"]
        }
    )


@lru_cache(1024)
def projected_growth(code: str, origin: int, horizon: int, tables: Tables = BUNDLED, known: int | None = None) -> Array:
    """Real growth, % a year, of the ``horizon`` years after ``origin``, as projected with nothing later than ``known``.

    ``known`` is the origin if None.

    With the bundled tables that is :func:`growth` from 2026 on; at origin 2025 the Outlook without NATO's newer
    figures; before, since no older edition is bundled, the mean of the five years up to the origin (of all allies
    if an ally has none). The array is cached and read-only.
    """
    known_in = origin if known is None else known
    if known_in >= tables.uses.outlook_from or code not in allies(tables):
        newer = known_in >= tables.uses.growth_from
        projected = growth(code, tables) if newer else _growth(code, tables, newer=False)
        return _read_only(projected.real_between(origin + 1, origin + horizon))
    recent = _recent_growth(code, known_in, tables) or [
        g for other in allies(tables) for g in _recent_growth(other, known_in, tables)
    ]
    return _read_only(np.full(horizon, math.expm1(float(np.mean(recent))) * 100))


def _recent_growth(code: str, origin: int, tables: Tables) -> list[float]:
    actual = actual_growth(code, tables)
    return [actual[year] for year in range(origin - RECENT + 1, origin + 1) if year in actual]


@cache
def nominal_gdp(code: str, last: int = 2060, tables: Tables = BUNDLED) -> Mapping[int, float]:
    """Nominal GDP by year up to ``last``, billions of national currency.

    As the Outlook reports it, then grown by :meth:`Growth.nominal_between`: the Outlook's own
    projection, but for the real growth that NATO's newer figures replace, and carried on after its end
    at the last year's real growth and deflator.
    """
    nominal = {
        int(row["year"]): float(row["nominal_lcu_bn"])
        for row in tables.read("gdp")
        if (row["iso3"], row["source"], row["kind"]) == (code, tables.uses.outlook, "actual") and row["nominal_lcu_bn"]
    }
    start = tables.uses.outlook_actual + 1
    if start - 1 not in nominal:
        return MappingProxyType({})
    for year, rate in enumerate(growth(code, tables).nominal_between(start, last), start=start):
        nominal[year] = nominal[year - 1] * (1 + float(rate) / 100)
    return MappingProxyType(nominal)


@cache
def gdp_usd(code: str, year: int, tables: Tables = BUNDLED) -> float | None:
    """The GDP that NATO divides core spending by (Luxembourg from 2023: GNI), million US dollars of 2021.

    It is computed as amount / share, to the precision of the share's two decimals. None if NATO has no figure:
    Iceland, and years before 2014 or after the edition.
    """
    amount, source = next(
        (
            (float(row["amount"]), row["source"])
            for row in tables.read("core_amount")
            if (row["iso3"], row["year"]) == (code, str(year))
        ),
        (0.0, ""),
    )
    # Both from one edition: an amount over a newer share would be no published GDP.
    share = next(
        (
            float(row["share_pct"])
            for table in ("core_share", "share_vintages")
            for row in tables.read(table)
            if (row["iso3"], row["year"], row["source"]) == (code, str(year), source)
        ),
        None,
    )
    return amount / share * 100 if share else None


@lru_cache(1024)
def price_index(code: str, origin: int, last: int, tables: Tables = BUNDLED) -> Array:
    """The deflator of GDP by year, ``origin`` ... ``last``, as a multiple of the origin's.

    The Outlook's projection at origins that could know it; at earlier ones prices rise as in the five years
    before. The array is cached and read-only.
    """
    known = growth(code, tables)
    if origin >= tables.uses.outlook_from:
        rates = known.deflator_between(origin + 1, last)
    else:
        rates = np.full(last - origin, known.deflator_between(origin - RECENT + 1, origin).mean())
    return _read_only(np.concatenate([[1.0], np.cumprod(1 + rates / 100)]))


def _read_only(values: Array) -> Array:
    values.flags.writeable = False
    return values
