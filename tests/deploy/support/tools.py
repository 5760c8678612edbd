"""What validates the files of ``deploy/``: locked, in an environment of its own, since some of it is large."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.support.host import IN_CI, kept

LOCK = Path(__file__).parents[1] / "requirements-tools.txt"


def bin_folder() -> Path:
    """Where the tools' commands are; made at the first call, by one process of the run, while the others wait."""
    folder = kept("tools") / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    done = folder / "complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            command = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes"]
            installed = subprocess.run([*command, "-r", LOCK], capture_output=True, text=True, check=False)
            if installed.returncode:
                (pytest.fail if IN_CI else pytest.skip)(f"the tools cannot be installed: {installed.stderr[-500:]}")
            done.touch()
    return folder / "bin"
