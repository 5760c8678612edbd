"""Replicas and gateways that several tests share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.support.gateway import Gateway, gateway, replicas
from tests.deploy.support.host import has, need
from tests.deploy.support.images import Beside
from tests.deploy.support.tools import bin_folder
from tests.support.service import Service

IMAGE_TESTS = "test_image.py"
BUILDS_WITH = ("buildah", "crun", "debootstrap")
_beside = pytest.StashKey[Beside]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The image's tests come last: it takes minutes to build, beside the others."""
    items.sort(key=lambda item: item.path.name == IMAGE_TESTS)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to build it, if it is wanted and can be."""
    if any(item.path.name == IMAGE_TESTS for item in session.items) and has(*BUILDS_WITH, root=True):
        session.config.stash[_beside] = Beside()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing behind."""
    if _beside in session.config.stash:
        session.config.stash[_beside].stop()


@pytest.fixture(scope="session")
def built(pytestconfig: pytest.Config) -> None:
    """The image is in buildah's store."""
    need(*BUILDS_WITH, packages=BUILDS_WITH, root=True)
    (pytestconfig.stash.get(_beside, None) or Beside()).wait()


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


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Runs one of the tools and returns what it says."""
    folder = bin_folder()

    def run(name: str, *arguments: str | Path, given: str | None = None) -> str:
        done = subprocess.run(
            [folder / name, *arguments],
            cwd=Path(__file__).parents[2],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


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
