"""The pixels of a PNG, without a library for images."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG: type and content."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + content),)
        found.append((kind, content))
        at += 12 + size
    return found


def pixels(png: bytes) -> NDArray[np.int16]:
    """Array (height, width, channels) of a PNG of 8 bits a channel, not interlaced."""
    parts = chunks(png)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    assert (depth, interlaced) == (8, 0)
    channels = {2: 3, 6: 4}[colour]
    raw = np.frombuffer(zlib.decompress(b"".join(c for kind, c in parts if kind == b"IDAT")), np.uint8)
    lines = raw.reshape(height, 1 + width * channels)
    out = np.zeros((height, width, channels), np.uint8)
    above = np.zeros((width, channels), np.int64)
    for row, line in enumerate(lines):
        kind, sent = int(line[0]), line[1:].reshape(width, channels).astype(np.int64)
        if kind == 0:
            above = sent
        elif kind == 2:
            above = (sent + above) % 256
        elif kind == 1:
            above = np.cumsum(sent, axis=0) % 256
        else:
            above = _by_pixel(kind, sent, above)
        out[row] = above
    return out.astype(np.int16)


def _by_pixel(kind: int, sent: NDArray[np.int64], above: NDArray[np.int64]) -> NDArray[np.int64]:
    """Filters 3 (average) and 4 (Paeth), in which each pixel needs the one before."""
    rows, left, corner = [], [0] * sent.shape[1], [0] * sent.shape[1]
    for now, up in zip(sent.tolist(), above.tolist(), strict=True):
        if kind == 3:
            left = [(x + (a + b) // 2) % 256 for x, a, b in zip(now, left, up, strict=True)]
        else:
            left = [(x + _paeth(a, b, c)) % 256 for x, a, b, c in zip(now, left, up, corner, strict=True)]
            corner = up
        rows.append(left)
    return np.array(rows)


def _paeth(a: int, b: int, c: int) -> int:
    near = a + b - c
    return min((a, b, c), key=lambda one: abs(near - one))
