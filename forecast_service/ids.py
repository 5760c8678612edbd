"""Ids of saved scenarios and sweeps: random, and of letters that are not mistaken for one another."""

from __future__ import annotations

import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

SAVED_ID = "[0-9a-hjkmnp-tv-z]{26}"
"""What the id of a saved scenario or sweep looks like; no name of a shipped scenario does."""


def new_id() -> str:
    """An id that sorts by time and cannot be guessed: 48 bits of milliseconds, 80 random bits."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(text: str) -> bool:
    """Whether :func:`new_id` may have made ``text``."""
    return re.fullmatch(SAVED_ID, text) is not None
