"""Numbers as people and publishers write them: the one place that reads the text of a figure.

A file writes its numbers in one way. The decimal mark is the point, or the comma in a file whose cells are separated
by semicolons. The other mark may group thousands. ``2,050`` alone may be 2.05 or 2050: it is read only if another
number of the same file, such as ``1,234.5`` or ``1,234,567``, shows that this mark groups thousands. Blanks group
thousands too. Everything else is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.dataset.importers.base import BadFile, shown

_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), " ")
_MINUS = {0x2212: "-"}
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SPACED = re.compile(r"[+-]?[1-9][0-9]{0,2}( [0-9]{3})+(\.[0-9]*)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
_ONE_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_OTHER_DECIMAL = re.compile(r"[+-]?[0-9]{1,3}([. ]?[0-9]{3})*,[0-9]*|[+-]?[0-9]+,[0-9]*")
_MISSING = re.compile(r"[.\u2026\s:\u2013\u2014-]*|xxx?|n/?a", re.IGNORECASE)
_SWAP = str.maketrans(",.", ".,")


def is_missing(text: str) -> bool:
    """Whether a publisher writes ``text`` where there is no figure: nothing, ``n/a``, ``--``, ``...``, ``xxx``."""
    return bool(_MISSING.fullmatch(text.strip()))


@dataclass(frozen=True)
class Numbers:
    """How one file writes its numbers.

    Attributes
    ----------
    decimal : the decimal mark, ``.`` or ``,``.
    grouped : whether the other mark certainly groups thousands.
    """

    decimal: str = "."
    grouped: bool = False

    @classmethod
    def of(cls, texts: Iterable[object], decimal: str = ".") -> Numbers:
        """The convention of a file, from all its texts and its decimal mark."""
        own = cls(decimal)
        other = "," if decimal == "." else "."
        return cls(decimal, any(isinstance(x, str) and other in x and own._groups_surely(x) for x in texts))

    def _groups_surely(self, text: str) -> bool:
        tidied = self._tidied(text)
        return bool(_GROUPED.fullmatch(tidied)) and not _ONE_GROUP.fullmatch(tidied)

    def read(self, text: str, where: str) -> float:
        """The number in a text.

        Raises
        ------
        BadFile
            if it is none, not finite, or may be either of two.
        """
        value = float(self.plain(text, where))
        if not math.isfinite(value):
            raise BadFile(where, f"{shown(text)} is not a finite number")
        return value

    def plain(self, text: str, where: str) -> str:
        """The number in a text as Python writes it, with the decimals that it has there. Raises BadFile."""
        found = self._tidied(text)
        if _PLAIN.fullmatch(found):
            return found
        if _SPACED.fullmatch(found):
            return found.replace(" ", "")
        if _ONE_GROUP.fullmatch(found) and not self.grouped:
            as_decimal, as_whole = self._written(found.replace(",", ".")), found.replace(",", "")
            raise BadFile(where, f"{shown(text)} may be {as_decimal} or {as_whole}: write it as one of these")
        if _GROUPED.fullmatch(found):
            return found.replace(",", "")
        if _OTHER_DECIMAL.fullmatch(found):
            whole, _, decimals = found.rpartition(",")
            right = self._written(f"{re.sub('[. ]', '', whole)}.{decimals}")
            name = "a decimal comma" if self.decimal == "." else "a decimal point in a file separated by semicolons"
            raise BadFile(where, f"{shown(text)} has {name}: write {right}")
        raise BadFile(where, f"{shown(text)} is not a number")

    def _tidied(self, text: str) -> str:
        """The text with the point as decimal mark, the comma as the other, and ASCII signs and blanks."""
        found = text.strip().translate(_BLANKS).translate(_MINUS)
        return found if self.decimal == "." else found.translate(_SWAP)

    def _written(self, found: str) -> str:
        return found if self.decimal == "." else found.translate(_SWAP)


PLAIN = Numbers()
"""A decimal point, and no sign of groups: for a text that stands alone."""
