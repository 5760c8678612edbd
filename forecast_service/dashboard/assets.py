"""The page's static files. Their address changes with their content, so browsers may cache them for ever."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Response, abort, url_for

from forecast_service.http.compression import send_file

FOLDER = Path(__file__).parent / "static"
FOR_GOOD = "public, max-age=31536000, immutable"
VERSION = re.compile("[0-9a-f]{12}")


@cache
def names() -> frozenset[str]:
    """The names of all static files."""
    return frozenset(file.name for file in FOLDER.iterdir())


@cache
def digest() -> str:
    """A hash of all static files."""
    found = hashlib.sha256()
    for file in sorted(FOLDER.iterdir()):
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


def address(name: str) -> str:
    """The address of a file."""
    return url_for("dashboard.asset", version=digest(), name=name)


def send(version: str, name: str) -> Response:
    """A file. If the address names another version, as in a rolling update, browsers must not cache the answer."""
    if not VERSION.fullmatch(version) or name not in names():
        abort(404)
    response = send_file(FOLDER / name)
    response.headers["Cache-Control"] = FOR_GOOD if version == digest() else "no-cache"
    return response
