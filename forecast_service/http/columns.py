"""The rows of a large table, held as columns: a number takes four bytes, as a Python object it would take 32."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 8_192
"""How many rows are Python objects at once."""
LEAST_DIGITS, MOST_DIGITS = 6, 9
"""A float32 has at least six significant digits, and nine always identify it."""


@dataclass(frozen=True)
class Words:
    """A column of few different texts: ``codes``, array (rows,), has the index in ``texts`` of each row's."""

    codes: NDArray[np.integer]
    texts: tuple[str, ...]

    @classmethod
    def same(cls, text: str, rows: int) -> Words:
        """``text`` in every row."""
        return cls(same(0, rows, np.int8), (text,))

    def __len__(self) -> int:
        return len(self.codes)


Values = NDArray[Any] | Words
"""A column; in an array of floats NaN stands for a missing value."""


def same(value: float, rows: int, kind: type[np.generic]) -> NDArray[Any]:
    """``value`` in every row; array (rows,), read-only, of one element's memory."""
    return np.broadcast_to(kind(value), rows)


class ColumnRows:
    """Rows of equally long columns. They are made a few at a time, as often as they are asked for."""

    def __init__(self, *columns: Values) -> None:
        if len({len(column) for column in columns}) != 1:
            raise ValueError("the columns differ in length")
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(self), CHUNK):
            chunk = slice(start, start + CHUNK)
            yield from zip(*(_objects(column, chunk) for column in self.columns), strict=True)


def _objects(column: Values, chunk: slice) -> list[Any]:
    """Values as Python objects, None where one is missing."""
    if isinstance(column, Words):
        return [column.texts[code] for code in column.codes[chunk].tolist()]
    values = column[chunk]
    if values.dtype != np.float32:
        return list(values.tolist())
    missing = np.isnan(values)
    found = shortest(np.where(missing, np.float32(0), values)).astype(object)
    found[missing] = None
    return list(found)


def shortest(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each finite float32 as the double with the fewest digits that is read as the same float32: 0.1, not
    0.10000000149011612.
    """
    found = values.astype(np.float64)
    exact = found.copy()
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(np.abs(exact)))
    open_ = np.isfinite(magnitude)  # all but zeros
    for digits in range(LEAST_DIGITS, MOST_DIGITS + 1):
        places = digits - 1 - magnitude[open_]
        # Powers of ten are exact up to 22, so the quotient is the double nearest to the decimal.
        scale = 10.0 ** np.clip(places, 0, 22)
        rounded = np.rint(exact[open_] * scale) / scale
        found[open_] = np.where(places > 22, exact[open_], rounded)
        open_[open_] = found[open_].astype(np.float32) != values[open_]
        if not open_.any():
            break
    found[open_] = exact[open_]
    return found
