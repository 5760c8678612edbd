"""Compression of answers by gzip and zstd.

flask-compress does not know answers that are cached compressed, and appends the encoding to ETags that a client has to
send in ``If-Match``.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import sys
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

if sys.version_info >= (3, 14):
    from compression import zstd  # type: ignore[import-not-found, unused-ignore]
else:
    from backports import zstd

LEAST_BYTES = 1024
"""Smaller bodies are not compressed: it would save less than a packet."""

ENCODINGS = ("zstd", "gzip")
TEXTS = frozenset(
    {
        "application/json",
        "application/problem+json",
        "application/csvm+json",
        "application/atom+xml",
        "application/schema+json",
        "image/svg+xml",
        "text/csv",
        "text/html",
    }
)


def wanted_encoding() -> str | None:
    """The encoding that the client prefers; None for no encoding."""
    accepted = request.accept_encodings
    quality = {encoding: accepted.quality(encoding) for encoding in ENCODINGS}
    best = max(ENCODINGS, key=lambda encoding: quality[encoding])  # zstd if both are equal
    identity = max((q for value, q in accepted if value.lower() == "identity"), default=0)
    return best if quality[best] > 0 and quality[best] >= identity else None


def compress(body: bytes, encoding: str) -> bytes:
    """``body`` encoded; the same bytes each time, as a strong ETag requires."""
    if encoding == "gzip":
        return gzip.compress(body, 6, mtime=0)
    return bytes(zstd.compress(body, 3))


@cache
def _file(path: Path, encoding: str | None) -> tuple[bytes, str]:
    """The body of a file in an encoding, and its ETag. As it is made once for a process, it is made as small as can be.

    An encoding that does not make the file smaller is not used; the ETag then says so too.
    """
    body = path.read_bytes()
    smaller = body
    if encoding == "gzip":
        smaller = gzip.compress(body, 9, mtime=0)
    elif encoding == "zstd":
        smaller = bytes(zstd.compress(body, 19))
    tag = hashlib.sha256(body).hexdigest()[:32]
    return (smaller, f"{tag}-{encoding}") if len(smaller) < len(body) else (body, tag)


def send_file(path: Path) -> Response:
    """A file of the package, in the encoding that the client prefers; 304 and 206 as it asks.

    Every encoding has an ETag of its own, so that no client puts ranges of two encodings together. Bodies stay in
    memory: name files of the package only, which are few and do not change.
    """
    encoding = wanted_encoding()
    body, tag = _file(path, encoding)
    response = Response(body, content_type=f"{mimetypes.guess_type(path.name)[0]}; charset=utf-8")
    response.vary.add("Accept-Encoding")
    if encoding and tag.endswith(encoding):
        response.headers["Content-Encoding"] = encoding
    response.set_etag(tag)
    response.make_conditional(request, accept_ranges=True, complete_length=len(body))
    return response


def register(app: Flask) -> None:
    """Compress answers that the cache has not compressed already."""

    @app.after_request
    def compress_answer(response: Response) -> Response:
        if response.mimetype not in TEXTS or response.is_streamed or response.direct_passthrough:
            return response
        response.vary.add("Accept-Encoding")
        # A strong ETag serves If-Match and names the resource, not an encoding: those answers, all small, stay plain.
        etag, is_weak = response.get_etag()
        strong = etag is not None and not is_weak
        if strong or "Content-Encoding" in response.headers or response.status_code in {204, 206, 304}:
            return response
        body = response.get_data()
        encoding = wanted_encoding() if len(body) >= LEAST_BYTES else None
        if encoding:
            response.set_data(compress(body, encoding))
            response.headers["Content-Encoding"] = encoding
        return response
