"""Ids of saved scenarios and sweeps: random, without letters that look alike."""

from __future__ import annotations

import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

SAVED_ID = "[0-9a-hjkmnp-tv-z]{26}"
"""The pattern of an id; no name of a shipped scenario matches it."""


def new_id() -> str:
    """An id that sorts by time and cannot be guessed: 48 bits of milliseconds, 80 random bits."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an id."""
    return re.fullmatch(SAVED_ID, text) is not None
