"""The helper processes of a replica: whether they run, for ``/readyz``, the log and Prometheus.

gunicorn's master keeps the lasting ones running (:mod:`forecast_service.server.master`) and publishes their states in a
file. A worker starts the others when a request needs them.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

from prometheus_client import Counter, Gauge

from forecast_service.observability.metrics import FOLDER, REGISTRY
from models.files import write_atomically

OK, RESTARTING = "ok", "restarting"

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
_own: dict[str, str] = {}  # helpers of this process


def started(helper: str) -> None:
    """Record that a helper of this process runs."""
    if helper not in _own:
        RESTARTS.labels(helper)  # so that Prometheus sees the first end as an increase
    _own[helper] = OK
    UP.labels(helper).set(1)


def lost(helper: str, pid: int, code: int | None, then: str) -> None:
    """Record and log that a helper of this process has ended unexpectedly.

    Parameters
    ----------
    code : as :attr:`subprocess.Popen.returncode`; None if it is unknown.
    then : when it is started again, for the log.
    """
    _own[helper] = RESTARTING
    UP.labels(helper).set(0)
    RESTARTS.labels(helper).inc()
    _log.warning("helper %s (process %d) %s; %s", helper, pid, _how(code), then)


def _how(code: int | None) -> str:
    if code is None:
        return "has ended"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"has ended with exit code {code}"


def _file() -> Path | None:
    return Path(os.environ[FOLDER], "helpers.json") if os.environ.get(FOLDER) else None


def publish() -> None:
    """Tell the workers the states of this process's helpers; for the master only."""
    if file := _file():
        write_atomically(file, json.dumps(_own))


def states() -> dict[str, str]:
    """The states of the helpers by name, :data:`OK` or :data:`RESTARTING`: of the master's and of this worker's."""
    file = _file()
    try:
        published = json.loads(file.read_text()) if file else {}
    except FileNotFoundError:
        published = {}
    # What was published comes last: a worker also has what the master knew when it forked.
    return {**_own, **published}


class OnDemand(subprocess.Popen[bytes]):
    """A helper that its process starts when it is needed; an end that nobody here wanted is recorded and logged."""

    def __init__(self, helper: str, command: Sequence[str], **more: Any) -> None:
        self._helper = helper
        self._wanted = False
        super().__init__(command, **more)
        started(helper)
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
