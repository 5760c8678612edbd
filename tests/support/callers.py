"""Callers to test with: an application that takes keys, and keys of several callers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.keys import Keys
from tests.support.service import DRAWS, FIT_TIMEOUT_S

SCENARIO = {"name": "half way", "levers": [{"type": "cap", "share_pct": 2.0, "from": 2035}]}


def keyed(state_dir: Path, folder: Path, **more: Any) -> Flask:
    """An application that takes keys, on a database of its own."""
    url = f"sqlite:///{folder}/keyed.sqlite"
    return create_app(
        Settings(
            state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, database_url=url, auth="api-key", **more
        )
    )


def key(app: Flask, owner: str, *scopes: str) -> dict[str, str]:
    """Headers with a new key."""
    return {"X-API-Key": Keys(app.extensions[EXTENSION]).create(owner, scopes)[1]}
