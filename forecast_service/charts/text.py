"""Text in charts: formatted numbers, lines that fit, and users' text made harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

NARROW, WIDE = frozenset("iljtfrI.,:;'|!()[]/- "), frozenset("mwMW%@—…")


SMALL, LARGE = 0.05, 1e5
"""Numbers outside are written with two digits and, if need be, a power of ten; real shares lie well within."""


def share(value: float) -> str:
    """A share of GDP."""
    if SMALL <= value < LARGE or value == 0:
        return f"{value:.1f} %"
    return re.sub(r"e\+?(-?)0?", r"e\1", f"{value:.2g} %")


def axis_format(most: float) -> str:
    """How an axis of shares from 0 to ``most`` writes its numbers, in the notation of d3."""
    return ".2~f" if SMALL <= most < LARGE else ".2~g" if SMALL / 50 <= most < SMALL else ".2~e"


def bare(value: float) -> str:
    """A threshold without trailing zeros."""
    return f"{value:g} %"


def points(change: float) -> str:
    """A change of a probability in points, with a true minus sign."""
    rounded = round(100 * change, 1)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{abs(rounded):.1f}"


def listed(parts: Iterable[str]) -> str:
    """``parts`` joined with commas and a last "and"."""
    *most, last = list(parts)
    return f"{', '.join(most)} and {last}" if most else last


def clean(text: str) -> str:
    """Users' text on one line, without invisible characters, which can reverse or break a chart's text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def width(text: str, size: float) -> float:
    """Approximate width of ``text`` in pixels at a font size; rather too wide than too narrow."""
    return sum(_advance(c) for c in text) * size


def _advance(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in NARROW:
        return 0.31
    return 0.88 if character in WIDE else 0.69 if character.isupper() else 0.56


def clip(text: str, room: float, size: float) -> str:
    """``text``, cut with an ellipsis if it is wider than ``room`` pixels."""
    if width(text, size) <= room:
        return text
    while text and width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: str, room: float, size: float) -> list[str]:
    """``text`` in lines of at most ``room`` pixels; longer words are cut."""
    lines: list[str] = []
    # Keep "41 %" on one line.
    for word in text.replace(" %", "\u00a0%").split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(clip(word, room, size))
    return lines


def apart(places: list[float], gap: float, least: float, most: float) -> list[float]:
    """``places`` (pixels, any order) moved as little as possible to be at least ``gap`` apart and within bounds."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for _ in range(50):
        for one, other in pairwise(order):
            if (short := gap - (moved[other] - moved[one])) > 0:
                moved[one] -= short / 2
                moved[other] += short / 2
        if order and moved[order[0]] < least:
            moved[order[0]] = least
        if order and moved[order[-1]] > most:
            moved[order[-1]] = most
    return moved
