"""Processes that compute end with the one that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import Future
from contextlib import suppress

import pytest

from models.processes import computing

PARENT = """
import os, time
from models.processes import computing
with computing(1, os.getpid) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 60).result()
"""


@pytest.mark.slow
def test_they_end_when_their_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + 30
    with suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(child, 0)
            time.sleep(0.01)
        raise AssertionError("the process goes on without its parent")


def test_what_has_not_begun_is_dropped_if_the_block_fails() -> None:
    waiting: list[Future[None]] = []

    def interrupted() -> None:
        with computing(1, os.getpid) as pool:
            waiting.extend(pool.submit(time.sleep, 0.2) for _ in range(100))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sum(one.cancelled() for one in waiting) > 90
