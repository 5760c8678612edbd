"""The helper processes of a replica: whether they run, for ``/readyz``, the log and Prometheus.

gunicorn's master keeps the lasting ones running (:mod:`forecast_service.server.master`). A worker starts the others
when a request needs them. Each state is in a file of the replica, since every worker answers ``/readyz``.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from prometheus_client import Counter, Gauge

from forecast_service.observability.metrics import FOLDER, REGISTRY
from models.files import write_atomically

OK, RESTARTING = "ok", "restarting"
_FILE = "helper-"

UP = Gauge(
    "forecast_helper_up",
    "1 if a helper process runs, is not needed at present, or has done its work; 0 from its unexpected end until it "
    "starts again.",
    ("helper",),
    multiprocess_mode="livemostrecent",
    registry=REGISTRY,
)
RESTARTS = Counter(
    "forecast_helper_restarts",
    "Unexpected ends of a helper process; it is started again.",
    ("helper",),
    registry=REGISTRY,
)

_log = logging.getLogger(__name__)
_own: dict[str, str] = {}  # without gunicorn, which gives a folder to all processes of the replica


def _states() -> dict[str, str]:
    """The states by name, each with the id of the helper's process."""
    if folder := os.environ.get(FOLDER):
        return {file.name.removeprefix(_FILE): file.read_text() for file in Path(folder).glob(f"{_FILE}*")}
    return dict(_own)


def _set(helper: str, state: str, pid: int) -> None:
    if folder := os.environ.get(FOLDER):
        with suppress(OSError):  # people read the states, the service does not need them
            write_atomically(Path(folder, f"{_FILE}{helper}"), f"{state} {pid}")
    else:
        _own[helper] = f"{state} {pid}"
    UP.labels(helper).set(state == OK)


def started(helper: str, pid: int) -> None:
    """Record that a helper of this process runs."""
    RESTARTS.labels(helper)  # so that Prometheus sees the first end as an increase
    _set(helper, OK, pid)


def lost(helper: str, pid: int, code: int | None, then: str) -> None:
    """Record and log that a helper of this process has ended unexpectedly.

    Parameters
    ----------
    code : as :attr:`subprocess.Popen.returncode`; None if it is unknown.
    then : when it is started again, for the log.
    """
    if _states().get(helper, "").endswith(f" {pid}"):  # no other worker has started another yet
        _set(helper, RESTARTING, pid)
    RESTARTS.labels(helper).inc()
    _log.warning("helper %s (process %d) %s; %s", helper, pid, _how(code), then)


def _how(code: int | None) -> str:
    if code is None:
        return "has ended"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"has ended with exit code {code}"


def states() -> dict[str, str]:
    """The states of the replica's helpers by name, :data:`OK` or :data:`RESTARTING`."""
    return {helper: state.split()[0] for helper, state in _states().items()}


class OnDemand(subprocess.Popen[bytes]):
    """A helper that its process starts when it is needed; an end that nobody here wanted is recorded and logged."""

    def __init__(self, helper: str, command: Sequence[str], **more: Any) -> None:
        self._helper = helper
        self._wanted = False
        super().__init__(command, **more)
        started(helper, self.pid)
        Thread(target=self._watch, name=f"wait for {helper}", daemon=True).start()

    def _watch(self) -> None:
        code = self.wait()
        if code and not self._wanted:
            lost(self._helper, self.pid, code, "the next request that needs it starts another")

    def end(self) -> None:
        """End the process, whatever it does."""
        self._wanted = True
        self.kill()
        self.wait()
