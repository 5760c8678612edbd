"""gunicorn's master, which also keeps helper processes running: the sweep worker, the server of metrics, missing fits.

gunicorn reaps each child, drops its exit code, and has no hook for it. So this master looks after its helpers itself,
in gunicorn's own loop: once a second, and whenever a child ends.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SOL_SOCKET
from typing import Any

from gunicorn.arbiter import Arbiter

from forecast_service.observability import helpers
from forecast_service.settings import Settings

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
"""Time before a helper that has ended is started again: at first, and after many ends one after the other."""
STEADY_S = 60.0
"""A helper that ran for so long waits for :data:`FIRST_WAIT_S` again."""
END_S = 3.0
"""Time that helpers have to end once the last worker has ended (s); they are told when the workers are told."""


_SO_ATTACH_FILTER = 26
"""Linux's option of a socket, which Python does not name."""
_DROP_ALL = struct.pack("HBBI", 6, 0, 0, 0)
"""A filter of packets (classic BPF): return, with 0 bytes of the packet left."""


@dataclass
class Helper:
    """A command that should run as long as the master does; with ``once``, until it ends without an error."""

    name: str
    command: list[str]
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    due: float = 0.0
    wait_s: float = FIRST_WAIT_S
    began: float = 0.0

    def start(self) -> None:
        """Start the command."""
        self.process = subprocess.Popen([sys.executable, "-m", *self.command])  # noqa: S603  our own commands
        self.began = time.monotonic()
        helpers.started(self.name, self.process.pid)

    def look(self) -> None:
        """Take note of it if the process has ended; if it should not have, it is due again soon."""
        if self.process is None:
            return
        pid, code = self.process.pid, self._exit_code()
        if self.process.returncode is None:
            return
        self.process = None
        now = time.monotonic()
        if self.once and code == 0:
            self.due = float("inf")
            return
        if now - self.began > STEADY_S:
            self.wait_s = FIRST_WAIT_S
        self.due = now + self.wait_s
        helpers.lost(self.name, pid, code, f"it starts again in {self.wait_s:.0f} s")
        self.wait_s = min(2 * self.wait_s, LONGEST_WAIT_S)

    def _exit_code(self) -> int | None:
        """The exit code, which the process object gets too; None if gunicorn reaped the process before."""
        assert self.process is not None  # noqa: S101  the caller has looked
        try:
            pid, status = os.waitpid(self.process.pid, os.WNOHANG)
        except ChildProcessError:
            self.process.returncode = 0
            return None
        if not pid:
            return None
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.process.returncode


@dataclass
class Helpers:
    """The helpers of one master."""

    all: list[Helper] = field(default_factory=list)
    ending: bool = False

    def start(self) -> None:
        """Start those that are due."""
        now = time.monotonic()
        for one in () if self.ending else self.all:
            if one.process is None and one.due <= now:
                one.start()

    def look(self) -> None:
        """Take note of those that have ended."""
        for one in () if self.ending else self.all:
            one.look()

    def end(self) -> None:
        """Tell all to end."""
        self.ending = True
        for one in self.all:
            if one.process is not None and one.process.poll() is None:
                one.process.terminate()

    def wait(self) -> None:
        """Wait for their end, and kill those that take too long."""
        until = time.monotonic() + END_S
        for one in self.all:
            if one.process is not None:
                try:
                    one.process.wait(max(0.0, until - time.monotonic()))
                except subprocess.TimeoutExpired:
                    one.process.kill()
                    one.process.wait()


def helpers_of(settings: Settings, host: str) -> Helpers:
    """The helpers that these settings need.

    Parameters
    ----------
    host : where the metrics are served.
    """
    here = str(os.getpid())
    # /readyz answers 503 until the fits are saved.
    found = [Helper("fits", ["forecast_service.cli", "fit", "--quiet"], once=True)]
    if settings.sweep_processes:
        found.append(Helper("sweep-worker", ["forecast_service.cli", "work", "--beside", here]))
    if settings.metrics_port:
        server = ["forecast_service.server.metrics_server", host, str(settings.metrics_port), here]
        found.append(Helper("metrics-server", server))
    return Helpers(found)


def refuse_new(listener: Any) -> None:
    """Let the kernel drop who connects to a listener from now on; those who have connected can be accepted still.

    Who connects between a worker's last look and the end of the listener would be reset, and a proxy cannot know
    whether his POST was carried out. Whose packets are dropped tries again after a second and is refused, so that the
    proxy asks another replica. Other systems than Linux keep the short gap.
    """
    program = ctypes.create_string_buffer(_DROP_ALL)
    with suppress(OSError):
        listener.setsockopt(SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))


class Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master with helpers."""

    helpers = Helpers()

    def start(self) -> None:
        """As the original, then start the helpers."""
        super().start()
        host = next((address[0] for address in self.cfg.address if isinstance(address, tuple)), "127.0.0.1")
        self.helpers = helpers_of(Settings.from_environment(), host)

    def manage_workers(self) -> None:
        """As the original, for helpers too."""
        self.helpers.start()
        super().manage_workers()

    def reap_workers(self) -> None:
        """As the original, but look at the helpers first: the original drops the exit codes of what is no worker."""
        self.helpers.look()
        super().reap_workers()

    def stop(self, graceful: bool = True) -> None:
        """As the original, for helpers too, and nobody who connects is reset."""
        self.helpers.end()
        for listener in self.LISTENERS:
            refuse_new(listener)
        super().stop(graceful)
        self.helpers.wait()
