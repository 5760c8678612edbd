"""Random streams: one for every purpose."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *words: str) -> np.random.Generator:
    """The random stream for one purpose, so that no draw depends on the draws for another."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])
