"""Charts, drawn by a process beside this one that is started when the first is asked for.

Never before a fork: gunicorn loads the application in its master, and what a fork takes along of a JavaScript engine
does not work. Each worker has one such process; its threads take turns.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import struct
import subprocess
import sys
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any

from forecast_service.errors import ServiceError

DRAW_S = 30.0
"""The longest that one chart may take, the start of the process included; a usual one takes a hundredth of it."""
WAIT_S = 20.0
"""The longest that a request waits for its turn."""


class DrawerBusy(ServiceError):
    """Too many charts are asked for at once, or one took too long."""

    status, kind, retry_after_s = 503, "drawing-busy", 2
    detail = "Too many charts are asked for at once. Their figures are there."


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
        self._turn = Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def draw(self, chart_request: dict[str, Any]) -> Drawn:
        """The chart that ``chart_request`` describes (see :func:`forecast_service.charts.process.draw`).

        Raises
        ------
        DrawerBusy, DrawingFailed
        """
        text = json.dumps(chart_request).encode()
        if not self._turn.acquire(timeout=WAIT_S):
            raise DrawerBusy
        try:
            try:
                return self._ask(text)
            except (EOFError, BrokenPipeError):
                # It had been idle and ended, or was killed: another is started, once.
                self._end()
                return self._ask(text)
        except (EOFError, BrokenPipeError):
            self._end()
            raise DrawerBusy from None
        finally:
            self._turn.release()

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

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            command = [sys.executable, "-m", "forecast_service.charts.process"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  ours
        return self.process

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(BrokenPipeError):
                process.communicate()

    def close(self) -> None:
        """End the process."""
        self._end()


def _exactly(process: subprocess.Popen[bytes], size: int) -> bytes:
    assert process.stdout  # noqa: S101
    read = process.stdout.read(size)
    if len(read) < size:
        raise EOFError
    return read


drawer = Drawer()
"""The one of this process. It ends with its worker: its input does."""
atexit.register(drawer.close)
