"""The bare Flask application for comparison: one view that returns the bytes of a file."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response

BODY = "BENCH_BODY"
"""The environment variable with the path of the file."""


def create() -> Flask:
    app = Flask(__name__)
    body = Path(os.environ[BODY]).read_bytes()

    @app.get("/bytes")
    def send() -> Response:
        return Response(body, content_type="application/json")

    return app
