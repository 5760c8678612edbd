"""What the tests of the deployment need of the machine: Debian's packages, and a folder for what is made once."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

IN_CI = os.environ.get("CI") == "true"


def kept(name: str) -> Path:
    """A folder outside the repository for what takes long to make."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache_home / "forecast_service" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def has(*commands: str, root: bool = False) -> bool:
    """Whether the commands are there, and whether the user is root if that is needed."""
    return all(map(shutil.which, commands)) and not (root and os.geteuid() != 0)


def need(*commands: str, packages: tuple[str, ...], root: bool = False) -> None:
    """Skip unless the commands are there; in CI install Debian's packages that bring them, and fail if that fails."""
    if root and os.geteuid() != 0:
        _lack("the user is not root")
    missing = [command for command in commands if not shutil.which(command)]
    if missing and IN_CI:
        _install(packages)
        missing = [command for command in commands if not shutil.which(command)]
    if missing:
        _lack(f"not on this machine: {', '.join(missing)} (Debian: {' '.join(packages)})")


@cache
def _install(packages: tuple[str, ...]) -> None:
    # In run level 1 Debian starts no service that it installs.
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            _lack(f"apt-get {' '.join(command)}: {done.stderr[-500:]}")


def _lack(what: str) -> None:
    if IN_CI:
        pytest.fail(f"needed in CI: {what}")
    pytest.skip(what)
