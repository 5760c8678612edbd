"""Annual series: positive numbers, one a year, no gaps.

A :class:`Panel` is a set of series. Members are fitted on a panel that is cut at the origin (:meth:`Panel.until`),
so no later figure can reach a forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class SeriesError(ValueError):
    """A series that cannot be used: the message says what is wrong and where."""


@dataclass(frozen=True)
class Series:
    """One annual series of positive values, contiguous and ascending.

    Attributes
    ----------
    name : identifier, unique within a panel (for allies the ISO 3166 alpha-3 code).
    start : first year.
    values : array (n_years,), positive, in the series' own unit (shares: % of GDP).

    Raises
    ------
    SeriesError
        if the series is empty, or any value is not finite and positive.
    """

    name: str
    start: int
    values: Array

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim != 1 or not values.size:
            raise SeriesError(f"{self.name}: a series needs at least one value")
        bad = ~(np.isfinite(values) & (values > 0))
        if bad.any():
            raise SeriesError(f"{self.name}: the value of {self.start + int(np.argmax(bad))} is not a positive number")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @classmethod
    def from_points(cls, name: str, points: Mapping[int, float]) -> Series:
        """The contiguous tail of ``points`` (year -> value): values before the last gap are dropped."""
        if not points:
            raise SeriesError(f"{name}: a series needs at least one value")
        last = start = max(points)
        while start - 1 in points:
            start -= 1
        return cls(name, start, np.array([points[year] for year in range(start, last + 1)]))

    @property
    def end(self) -> int:
        """Last year observed."""
        return self.start + self.values.size - 1

    @property
    def years(self) -> NDArray[np.int64]:
        return np.arange(self.start, self.end + 1)

    @property
    def log(self) -> Array:
        """Natural logarithm of the values, array (n_years,)."""
        return np.log(self.values)

    def until(self, origin: int) -> Series:
        """The same series with nothing later than ``origin``."""
        return self if origin >= self.end else Series(self.name, self.start, self.values[: origin - self.start + 1])

    def at(self, year: int) -> float:
        """The value of ``year``; KeyError if it was not observed."""
        if not self.start <= year <= self.end:
            raise KeyError(year)
        return float(self.values[year - self.start])


class Panel(Mapping[str, Series]):
    """A set of series by name, sorted."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._series = {s.name: s for s in sorted(series, key=lambda s: s.name)}

    def __getitem__(self, name: str) -> Series:
        return self._series[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def until(self, origin: int) -> Panel:
        """Every series cut at ``origin``; series that start later are left out."""
        return Panel(s.until(origin) for s in self.values() if s.start <= origin)
