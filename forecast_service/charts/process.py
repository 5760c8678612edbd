"""The process that draws: reads requests from standard input, writes charts to standard output.

A process of its own, because the JavaScript engine holds the interpreter's lock while it draws: among the threads of
a worker it would keep every other request waiting, probes too. Its loss, by a crash or a limit, is a worker's no more.
A request and an answer each begin with the length of a JSON header (4 bytes, big-endian) and the header; in an answer
the chart follows.
"""

from __future__ import annotations

import json
import select
import signal
import struct
import sys
import traceback
from typing import Any, BinaryIO

from altair.utils.schemapi import debug_mode

from forecast_service.charts import count, fan, heatmap, ranking, reliability, render, tornado, waterfall
from forecast_service.charts.theme import ChartOptions

DRAW = {
    "fan": fan.draw,
    "waterfall": waterfall.draw,
    "tornado": tornado.draw,
    "ranking": ranking.draw,
    "heatmap": heatmap.draw,
    "count": count.draw,
    "reliability": reliability.draw,
}
IDLE_S = 600
"""The process ends after so many seconds without a request; the next request starts another."""


def draw(chart_request: dict[str, Any]) -> tuple[bytes, str]:
    """The chart that is ordered, and its finding.

    Parameters
    ----------
    chart_request : ``picture``, ``documents``, ``theme``, ``width`` (pixels) and ``form`` (svg, png, vl.json).
    """
    with debug_mode(False):  # as to_dict in theme.py: the tests check every specification whole
        specification = DRAW[chart_request["picture"]](
            chart_request["documents"], ChartOptions(chart_request["theme"], chart_request["width"])
        )
    return render.render(specification, chart_request["form"]), specification["description"]


def serve(requests: BinaryIO, pictures: BinaryIO) -> None:
    """Draw what is requested until the input ends."""
    # The next request is sent after the answer to this one, so none waits in the buffer, unseen by select.
    while select.select([requests], [], [], IDLE_S)[0]:
        size = requests.read(4)
        if len(size) < 4:
            return
        body, header = b"", {}
        try:
            body, finding = draw(json.loads(requests.read(*struct.unpack(">I", size))))
            header = {"finding": finding, "size": len(body)}
        except Exception:  # noqa: BLE001  whatever it was: the worker logs it and answers 500
            header = {"failed": traceback.format_exc(), "size": 0}
        text = json.dumps(header).encode()
        pictures.write(struct.pack(">I", len(text)) + text + body)
        pictures.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the worker decides
    serve(sys.stdin.buffer, sys.stdout.buffer)
