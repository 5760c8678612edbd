"""Texts that callers write, such as names: one spelling of each, and nothing in them that nobody can see."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""Letters of some scripts, and pictures of several parts, are written with these between them."""
_REFUSED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's categories of what is no character, cannot be seen, or reorders what can."""
_BLANK = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Letters, marks and symbols of other categories that show nothing by themselves."""


def plain(text: str, *, lines: bool = False) -> str:
    """``text`` in Unicode's form NFC without surrounding blanks; "" if it holds only blanks.

    Raises ValueError if it holds an unprintable character (a line break is printable if ``lines``), or nothing visible.
    """
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", text).strip()
    for place, character in enumerate(text):
        if unicodedata.category(character) not in _REFUSED or (lines and character == "\n"):
            continue
        if character not in _JOINERS or not _joins(text, place):
            raise ValueError(f"must not hold the unprintable character U+{ord(character):04X}")
    if text and not any(map(_is_visible, text)):
        raise ValueError("must hold a visible character")
    return text


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def _joins(text: str, place: int) -> bool:
    """Whether the characters beside ``place`` can be joined: letters, marks or symbols."""
    beside = text[place - 1 : place] + text[place + 1 : place + 2]
    return len(beside) == 2 and all(unicodedata.category(one)[0] in "LMS" for one in beside)


def appearance(text: str) -> str:
    """``text`` without what readers hardly see: case, width and invisible characters; to compare names."""
    seen = "".join(one for one in text if one not in _JOINERS and one not in _BLANK)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
