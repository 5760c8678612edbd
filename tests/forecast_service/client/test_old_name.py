"""forecast_service.client, the old name of the client, which docs/stability.md keeps."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from types import ModuleType

import pytest

import forecast_service_client
from tests.support.service import PATIENCE_S, Service

NAMES = [
    *("AsyncClient", "Client", "FieldError", "Forbidden", "Forecast", "InvalidInput", "NotFound", "Problem", "Row"),
    *("SavedScenario", "Stale", "Sweep", "SweepFailed", "Unavailable"),
]
"""What it had in 1.0.0."""


@pytest.fixture(scope="module")
def old() -> ModuleType:
    sys.modules.pop("forecast_service.client", None)
    with pytest.warns(DeprecationWarning, match="import forecast_service_client"):
        import forecast_service.client as found
    return found


def test_it_has_the_names_that_it_had(old: ModuleType) -> None:
    assert old.__all__ == NAMES
    for name in NAMES:
        if not name.endswith("Client"):
            assert getattr(old, name) is getattr(forecast_service_client, name)


def test_alliance_and_requirement_are_documents(old: ModuleType, live_service: Service) -> None:
    with old.Client(live_service.url, timeout=PATIENCE_S) as service:
        alliance, needed = service.alliance(deadline=2030), service.requirement("DEU", 0.8)
        assert (alliance["deadline"], needed["component"]) == (2030, "core")
        assert (
            service.forecast("DEU").probability()
            == service.forecast("DEU").document["targets"][0]["probability"]["at_deadline"]
        )

    async def ask() -> None:
        async with old.AsyncClient(live_service.url) as found:
            assert await found.alliance(deadline=2030) == alliance
            assert await found.requirement("DEU", 0.8) == needed

    asyncio.run(ask())


def test_it_says_how_to_install_the_client_where_it_is_missing() -> None:
    code = "import sys; sys.modules['forecast_service_client'] = None; import forecast_service.client"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("pip install clients/python")
