"""The drawing process: reads requests from standard input, writes charts to standard output.

It is a separate process because the JavaScript engine holds the interpreter's lock while it draws: in a worker's thread
it would block all other requests, probes too. If it crashes or is killed, the worker goes on.
Requests and answers begin with the length of a JSON header (4 bytes, big-endian) and the header. In an answer the
chart follows.
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
from forecast_service.observability import log_lines

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
"""The process ends after this many seconds without a request; the next request starts another."""


def draw(chart_request: dict[str, Any]) -> tuple[bytes, str]:
    """The requested chart and its finding.

    Parameters
    ----------
    chart_request : ``picture``, ``documents``, ``theme``, ``width`` (pixels) and ``form`` (svg, png, vl.json).
    """
    with debug_mode(False):  # altair need not validate: the tests check every whole specification
        specification = DRAW[chart_request["picture"]](
            chart_request["documents"], ChartOptions(chart_request["theme"], chart_request["width"])
        )
    return render.render(specification, chart_request["form"]), specification["description"]


def serve(requests: BinaryIO, pictures: BinaryIO) -> None:
    """Answer requests until the input ends."""
    # The worker sends one request at a time, so none is in the buffer, where select does not see it.
    while select.select([requests], [], [], IDLE_S)[0]:
        size = requests.read(4)
        if len(size) < 4:
            return
        body, header = b"", {}
        try:
            body, finding = draw(json.loads(requests.read(*struct.unpack(">I", size))))
            header = {"finding": finding, "size": len(body)}
        except Exception:  # noqa: BLE001  the worker logs it and answers 500
            header = {"failed": traceback.format_exc(), "size": 0}
        text = json.dumps(header).encode()
        pictures.write(struct.pack(">I", len(text)) + text + body)
        pictures.flush()


if __name__ == "__main__":
    log_lines.set_up("drawer")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C reaches this process too; the worker ends it
    serve(sys.stdin.buffer, sys.stdout.buffer)
