"""Processes in the background, and processes that answer questions; imports the standard library alone."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

_NICENESS = 10
BEGUN = b"begun"
"""What a process that answers questions says when it takes a caller's."""
_QUESTION_S, _TAKE_S = 5.0, 10
"""How long a caller may take to ask once it has its turn, and to take each part of the answer (s)."""

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


def answer_questions(answer: Callable[[bytes], bytes], idle_s: float) -> None:
    """Answer the questions of :class:`forecast_service.shared_process.SharedProcess`, which has started this process.

    The first argument of the command is the number of the socket to listen on. The process ends when nobody has asked
    for ``idle_s``, when who started it ends, and when an answer takes longer than its caller said.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches this process too; its parent ends it
    end_with_parent(os.getppid(), lambda: os._exit(0))
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        listener.settimeout(idle_s)
        while True:
            try:
                caller, _ = listener.accept()
            except TimeoutError:
                return
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _TAKE_S, 0))
            with Connection(caller.detach()) as line, suppress(EOFError, OSError):  # the caller may have gone
                line.send_bytes(BEGUN)
                if line.poll(_QUESTION_S):
                    _answer_one(line, answer)


def _answer_one(line: Connection, answer: Callable[[bytes], bytes]) -> None:
    asked = line.recv_bytes()
    (limit_s,) = struct.unpack("d", asked[:8])
    signal.setitimer(signal.ITIMER_REAL, limit_s)  # ends the process even while a library holds the interpreter's lock
    reply = answer(asked[8:])
    signal.setitimer(signal.ITIMER_REAL, 0)
    line.send_bytes(reply)
