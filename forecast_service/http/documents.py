"""Documents that are made whole for each request, with what a client needs to keep them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from flask import Response, request


def send(body: bytes, content_type: str, cache_control: str, changed: datetime | None = None) -> Response:
    """``body``; 304 if the client has it, by If-None-Match or, if ``changed`` is given, by If-Modified-Since.

    The ETag is weak, so that the answer may be compressed.
    """
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = cache_control
    response.set_etag(hashlib.sha256(body).hexdigest()[:32], weak=True)
    response.last_modified = changed
    response.make_conditional(request)
    return response
