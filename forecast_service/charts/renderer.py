"""Draws charts in a separate process, one for each worker; the worker's threads use it one at a time.

The first chart starts it, never the application's start: gunicorn loads the application before it forks, and a forked
JavaScript engine does not work.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import struct
import sys
from dataclasses import dataclass
from subprocess import PIPE
from threading import Lock, Timer
from typing import Any

from forecast_service.errors import ServiceError
from forecast_service.observability.helpers import OnDemand

DRAW_S = 30.0
"""Time limit of one chart, including the start of the process; most charts take a hundredth of it."""
WAIT_S = 20.0
"""How long a request waits at most for the drawing process."""


class DrawerBusy(ServiceError):
    """Too many requests wait for charts, or one chart took too long."""

    status, kind, retry_after_s = 503, "drawing-busy", 2
    detail = "Too many charts are requested at once. Their figures are available as JSON."


class DrawingFailed(Exception):
    """The drawing process could not draw; the message is for the log."""


@dataclass(frozen=True)
class Drawn:
    """A chart, and its finding in a sentence: the alt text."""

    body: bytes
    finding: str


class Drawer:
    """The drawing process of this worker."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.process: OnDemand | None = None

    def draw(self, chart_request: dict[str, Any]) -> Drawn:
        """Draw the chart of ``chart_request`` (see :func:`forecast_service.charts.process.draw`).

        Raises
        ------
        DrawerBusy, DrawingFailed
        """
        text = json.dumps(chart_request).encode()
        if not self._lock.acquire(timeout=WAIT_S):
            raise DrawerBusy
        try:
            try:
                return self._ask(text)
            except (EOFError, BrokenPipeError):
                # The process ended because it was idle, or was killed. Start another, once.
                self._end()
                return self._ask(text)
        except (EOFError, BrokenPipeError):
            self._end()
            raise DrawerBusy from None
        finally:
            self._lock.release()

    def _ask(self, text: bytes) -> Drawn:
        process = self._started()
        assert process.stdin  # noqa: S101  it is a pipe
        watch = Timer(DRAW_S, process.kill)
        watch.start()
        try:
            process.stdin.write(struct.pack(">I", len(text)) + text)
            process.stdin.flush()
            (size,) = struct.unpack(">I", _exactly(process, 4))
            header = json.loads(_exactly(process, size))
            body = _exactly(process, header["size"])
        finally:
            watch.cancel()
        if "failed" in header:
            raise DrawingFailed(header["failed"])
        return Drawn(body, header["finding"])

    def _started(self) -> OnDemand:
        if self.process is None:
            command = [sys.executable, "-m", "forecast_service.charts.process"]
            self.process = OnDemand("drawer", command, stdin=PIPE, stdout=PIPE)
        return self.process

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.end()
            with contextlib.suppress(BrokenPipeError):
                process.communicate()

    def close(self) -> None:
        self._end()


def _exactly(process: OnDemand, size: int) -> bytes:
    assert process.stdout  # noqa: S101
    read = process.stdout.read(size)
    if len(read) < size:
        raise EOFError
    return read


drawer = Drawer()
"""This worker's. The drawing process ends with the worker, because its input ends."""
atexit.register(drawer.close)
