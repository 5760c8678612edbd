"""Processes that are started beside others, give way to them and end with them; imports the standard library alone."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable

_NICENESS = 10

_begun: dict[str, subprocess.Popen[bytes]] = {}
_beginning = threading.Lock()


def end_with_parent(parent: int, end: Callable[[], object]) -> None:
    """Call ``end`` in a thread once the process ``parent``, which started this one, is no more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        end()

    threading.Thread(target=watch, daemon=True).start()


def spawn_once(command: list[str], what: str, environment: dict[str, str] | None = None) -> bool:
    """Start a process beside this one, in a group of its own, unless ``what`` is being done already; whether it was.

    It is to call :func:`run_in_background`.
    """
    with _beginning:
        if what in _begun and _begun[what].poll() is None:  # who is told to ask again does so, and others too
            return False
        process = _begun[what] = subprocess.Popen(  # noqa: S603  no shell, and names that were checked
            command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie stays
    return True


def run_in_background() -> None:
    """As a process of :func:`spawn_once`: give way to others, and end with the one that started it."""
    os.nice(_NICENESS)
    # The group, in which are the processes of a pool too: they would wait for work for ever.
    end_with_parent(os.getppid(), lambda: os.killpg(os.getpgrp(), signal.SIGTERM))
