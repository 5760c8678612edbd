"""Background processes, which run at low priority and end with their parent; imports the standard library alone."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable

_NICENESS = 10

_started: dict[str, subprocess.Popen[bytes]] = {}
_starting = threading.Lock()


def end_with_parent(parent: int, end: Callable[[], object]) -> None:
    """Call ``end`` in a thread once the parent process has ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        end()

    threading.Thread(target=watch, daemon=True).start()


def spawn_once(command: list[str], what: str, environment: dict[str, str] | None = None) -> bool:
    """Start a background process in its own group, unless the one named ``what`` still runs; return whether it started.

    The process must call :func:`run_in_background`.
    """
    with _starting:
        if what in _started and _started[what].poll() is None:  # many callers ask for the same work
            return False
        process = _started[what] = subprocess.Popen(  # noqa: S603  no shell, and names that were checked
            command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True).start()  # reaps the process
    return True


def run_in_background() -> None:
    """Lower the priority of this process, and end it with its parent; for processes of :func:`spawn_once`."""
    os.nice(_NICENESS)
    # The whole group, because the processes of a pool would wait for work for ever.
    end_with_parent(os.getppid(), lambda: os.killpg(os.getpgrp(), signal.SIGTERM))
