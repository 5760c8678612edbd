"""The sources of the figures."""

from __future__ import annotations

from typing import Any

from flask import url_for

from forecast_service.dashboard import text
from models.dataset import tables


def sources() -> dict[str, Any]:
    """The publishers in the bundled table."""
    return {"publishers": tables.read("sources"), "api": url_for("docs.page"), "title": text.title}
