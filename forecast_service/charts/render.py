"""From a Vega-Lite specification to bytes: JSON, SVG, PNG. Nothing is fetched."""

from __future__ import annotations

import json
import re
import struct
import zlib
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import vl_convert

PNG_SCALE = 2
PNG_HEAD = 8 + 25
"""Bytes of a PNG before what may follow its header: the signature, and IHDR."""


def render(specification: dict[str, Any], form: str) -> bytes:
    """The picture as ``svg``, ``png`` or ``vl.json``."""
    if form == "vl.json":
        return json.dumps(specification, ensure_ascii=False, separators=(",", ":")).encode()
    finding = specification["description"]
    # No base is allowed, so what names an address fails instead of being fetched.
    drawn = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    if form == "png":
        return _described(vl_convert.svg_to_png(drawn, scale=PNG_SCALE), finding)
    return _accessible(drawn, finding).encode()


def _accessible(svg: str, finding: str) -> str:
    """``svg`` as one image with its alt text; its parts, hundreds, are not read out one by one."""
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)
    head, rest = svg.split(">", 1)
    return f'{head} role="img" aria-label={quoteattr(finding)}><title>{escape(finding)}</title>{rest}'


def _described(png: bytes, finding: str) -> bytes:
    """``png`` with the finding in a text chunk of the keyword Description (PNG, 11.3.3.4: iTXt is UTF-8)."""
    content = b"Description\0\0\0en\0\0" + finding.encode()
    chunk = struct.pack(">I", len(content)) + b"iTXt" + content + struct.pack(">I", zlib.crc32(b"iTXt" + content))
    return png[:PNG_HEAD] + chunk + png[PNG_HEAD:]
