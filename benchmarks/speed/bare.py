"""The bare Flask application that ours is compared with: one view that returns the bytes of a file."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response

BODY = "BENCH_BODY"
"""Names the variable that names the file."""


def create() -> Flask:
    """The application."""
    app = Flask(__name__)
    body = Path(os.environ[BODY]).read_bytes()

    @app.get("/bytes")
    def send() -> Response:
        return Response(body, content_type="application/json")

    return app
