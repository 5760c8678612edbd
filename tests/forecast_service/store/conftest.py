"""Databases that tests of several repositories share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import Database
from forecast_service.store.migrate import upgrade
from tests.support.databases import KINDS, fresh


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    with fresh(request.param, tmp_path) as url:
        made = Database(database_url(Settings(database_url=url)))
        upgrade(made.engine)
        yield made
        made.close()
