"""Random streams: one for every purpose."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *words: str) -> np.random.Generator:
    """A stream of its own for every purpose, so that no answer depends on what was drawn before it."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])
