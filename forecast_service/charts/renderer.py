"""Draws charts in a separate process, one for all workers.

The first chart starts it, never the application's start: gunicorn loads the application before it forks, and a forked
JavaScript engine does not work.
"""

from __future__ import annotations

import atexit
import json
from dataclasses import dataclass
from typing import Any

from forecast_service.errors import ServiceError
from forecast_service.shared_process.caller import Lost, NoTurn, Overdue, SharedProcess, repeated_if_lost

DRAW_S = 30.0
"""Time limit of one chart; most take a hundredth of it."""
WAIT_S = 20.0
"""How long a request waits at most for the drawing process, including its start."""


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
    """The drawing process of this replica."""

    def __init__(self) -> None:
        self.shared = SharedProcess("drawer", "forecast_service.charts.process")

    def draw(self, chart_request: dict[str, Any]) -> Drawn:
        """Draw the chart of ``chart_request`` (see :func:`forecast_service.charts.process.draw`).

        Raises
        ------
        DrawerBusy, DrawingFailed
        """
        text = json.dumps(chart_request).encode()
        try:
            answer = repeated_if_lost(lambda: self._ask(text))
        except (Lost, NoTurn, Overdue):
            raise DrawerBusy from None
        line, _, body = answer.partition(b"\n")
        header = json.loads(line)
        if "failed" in header:
            raise DrawingFailed(header["failed"])
        return Drawn(body, header["finding"])

    def _ask(self, text: bytes) -> bytes:
        with self.shared.turn(WAIT_S) as turn:
            return turn.ask(text, DRAW_S)


drawer = Drawer()
atexit.register(drawer.shared.close)
