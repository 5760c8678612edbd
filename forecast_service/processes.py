"""Background processes, which run at low priority and end with their parent; imports the standard library alone."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_NICENESS = 10

_log = logging.getLogger(__name__)

_waiting: dict[str, threading.Thread] = {}  # or running; by what is done
_starting = threading.Lock()


def end_with_parent(parent: int, end: Callable[[], object]) -> None:
    """Call ``end`` in a thread once the parent process has ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        end()

    threading.Thread(target=watch, daemon=True).start()


def spawn_once(command: list[str], what: str, turn: Path, environment: dict[str, str] | None = None) -> bool:
    """Start a background process in its own group, unless the one named ``what`` still waits or runs.

    The process must call :func:`run_in_background`.

    Parameters
    ----------
    turn : a lock file. Of all processes that are started with it only one runs at a time, so that one replica's memory
        suffices; the others are started later, and take none until then.

    Returns
    -------
    Whether it was added.
    """
    with _starting:
        if what in _waiting and _waiting[what].is_alive():  # many callers ask for the same work
            return False
        _waiting[what] = threading.Thread(
            target=_run_in_turn, args=(command, what, turn, environment), name=what, daemon=True
        )
        _waiting[what].start()
    return True


def _run_in_turn(command: list[str], what: str, turn: Path, environment: dict[str, str] | None) -> None:
    turn.parent.mkdir(parents=True, exist_ok=True)
    with turn.open("w") as file:
        with suppress(OSError):  # without file locks several may run at once, with the same results
            fcntl.flock(file, fcntl.LOCK_EX)
        process = subprocess.Popen(  # noqa: S603  no shell, and names that were checked
            command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[file.fileno()]
        )
    # The lock belongs to the process from here on, and ends with it even if this one is killed before.
    if code := process.wait():
        _log.warning("%s (process %d) has ended with exit code %d", what, process.pid, code)


def run_in_background() -> None:
    """Lower the priority of this process, and end it with its parent; for processes of :func:`spawn_once`."""
    os.nice(_NICENESS)
    # The whole group, because the processes of a pool would wait for work for ever.
    end_with_parent(os.getppid(), lambda: os.killpg(os.getpgrp(), signal.SIGTERM))
