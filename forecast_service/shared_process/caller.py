"""A process that computes for all workers of a replica, one question after the other.

It holds libraries that are large, and would hold a worker's interpreter lock while it computes. One of it, instead of
one for each worker, halves its memory. A worker starts it with the first question, never the application's start. It
listens on a Unix socket in the replica's private folder (:mod:`forecast_service.shared_process.answering`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import DEVNULL
from typing import TypeVar

from forecast_service.observability import helpers
from forecast_service.observability.metrics import FOLDER

T = TypeVar("T")

_GRACE_S = 5.0
"""How much longer than the limit, at which the process ends itself, a caller waits (s)."""


class NoTurn(Exception):
    """Questions of others took the whole time."""


class Overdue(Exception):
    """The answer took longer than its limit, at which the process ends itself."""


class Lost(Exception):
    """The process has ended, perhaps because it was killed."""


class Turn:
    """The process waits for one question of this caller."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def ask(self, question: bytes, limit_s: float) -> bytes:
        """The answer.

        Parameters
        ----------
        limit_s : the process ends itself when it has computed for so long.

        Raises Overdue or Lost.
        """
        began, limit_s = time.monotonic(), max(limit_s, 0.001)
        try:
            self._line.send_bytes(struct.pack("d", limit_s) + question)
            if self._line.poll(limit_s + _GRACE_S):
                return self._line.recv_bytes()
        except (EOFError, OSError):
            if time.monotonic() - began < limit_s:
                raise Lost from None
        raise Overdue


class SharedProcess:
    """The caller's side of the process.

    Parameters
    ----------
    helper : its name in the log, in metrics and in ``/readyz``.
    module : what ``python -m`` runs; it calls :func:`forecast_service.shared_process.answering.answer_questions`.
    """

    def __init__(self, helper: str, module: str) -> None:
        self.helper, self._module = helper, module
        self.process: helpers.OnDemand | None = None
        self._folder: Path | None = None

    def turn(self, wait_s: float) -> Turn:
        """Wait until the process takes this caller's question, and start it if it does not run.

        Raises NoTurn or Lost.
        """
        end = time.monotonic() + wait_s
        for _ in range(2):
            line = self._connected(max(wait_s, 0.001))
            try:
                if not line.poll(max(0.0, end - time.monotonic())):
                    line.close()
                    raise NoTurn
                line.recv_bytes()  # the process has begun
                return Turn(line)
            except (EOFError, OSError):
                line.close()  # it ended because nobody asked, or was killed: start another, once
        raise Lost

    def _connected(self, wait_s: float) -> Connection:
        address = self._address()
        with suppress(ConnectionRefusedError, FileNotFoundError):
            return _connect(address, wait_s)
        with Path(f"{address}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(ConnectionRefusedError, FileNotFoundError):
                return _connect(address, wait_s)  # another worker has just started it
            self._start(address)
            return _connect(address, wait_s)

    def _start(self, address: Path) -> None:
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(address))
            listener.listen()
            command = [sys.executable, "-m", self._module, str(listener.fileno())]
            self.process = helpers.OnDemand(self.helper, command, pass_fds=[listener.fileno()], stdin=DEVNULL)

    def _address(self) -> Path:
        """Where the process listens: in the replica's folder, or without gunicorn in one of this object."""
        if shared := os.environ.get(FOLDER):
            return Path(shared, f"{self.helper}.sock")
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=f"forecast-{self.helper}-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder / f"{self.helper}.sock"

    def close(self) -> None:
        """End the process if this worker has started it; the next question of any worker starts another."""
        process, self.process = self.process, None
        if process is not None:
            process.end()


def repeated_if_lost(ask: Callable[[], T]) -> T:
    """What ``ask`` returns, at a second attempt after Lost: the worker that had started the process may have ended."""
    try:
        return ask()
    except Lost:
        return ask()


def _connect(address: Path, wait_s: float) -> Connection:
    caller = socket.socket(socket.AF_UNIX)
    try:
        caller.settimeout(wait_s)
        caller.connect(str(address))
        caller.settimeout(None)
        return Connection(caller.detach())
    except (BlockingIOError, TimeoutError):
        raise NoTurn from None
    finally:
        caller.close()
