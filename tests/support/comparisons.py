"""Counts comparisons, where a cost must not grow with the square of the input: time would depend on the machine."""

from __future__ import annotations

from typing import ClassVar


class CountingStr(str):
    """Text that counts how often one of its kind is compared for equality."""

    __slots__ = ()
    compared: ClassVar[int] = 0

    def __eq__(self, other: object) -> bool:
        CountingStr.compared += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__
