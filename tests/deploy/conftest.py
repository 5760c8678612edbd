"""Replicas and gateways that several tests share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.gateway import Gateway, gateway, replicas
from tests.deploy.host import need
from tests.serving import Service


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Writes a figure into the run's own output, where whoever reads CI's log finds it."""

    def say(what: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {what}\n")

    return say


@pytest.fixture(scope="session")
def nginx() -> None:
    """Debian's nginx."""
    need("nginx", "openssl", packages=("nginx-light", "openssl"))


@pytest.fixture(scope="module")
def two(nginx: None, state_dir: Path) -> Iterator[list[Service]]:
    """Two replicas, ready."""
    with replicas(state_dir) as running:
        yield running


@pytest.fixture(scope="module")
def front(two: list[Service], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway before them, with limits that no test reaches by accident."""
    with gateway(tmp_path_factory.mktemp("gateway"), (two[0].port, two[1].port)) as running:
        yield running
