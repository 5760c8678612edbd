"""The process that draws: reads orders from standard input, writes pictures to standard output.

A process of its own, because the JavaScript engine holds the interpreter's lock while it draws: among the threads of
a worker it would keep every other request waiting, probes too. Its loss, by a crash or a limit, is a worker's no more.
An order and an answer are each a JSON header behind its length (4 bytes, big-endian); the picture follows its header.
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
from forecast_service.charts.theme import Look

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
"""After so long without an order the process ends; the next order starts another."""


def draw(order: dict[str, Any]) -> tuple[bytes, str]:
    """The picture that is ordered, and its finding.

    Parameters
    ----------
    order : ``picture``, ``documents``, ``theme``, ``width`` (pixels) and ``form`` (svg, png, vl.json).
    """
    with debug_mode(False):  # as to_dict in theme.py: the tests check every specification whole
        specification = DRAW[order["picture"]](order["documents"], Look(order["theme"], order["width"]))
    return render.render(specification, order["form"]), specification["description"]


def serve(orders: BinaryIO, pictures: BinaryIO) -> None:
    """Draw what is ordered until no order comes any more."""
    # The next order is sent after the answer to this one, so none waits in the buffer, unseen by select.
    while select.select([orders], [], [], IDLE_S)[0]:
        size = orders.read(4)
        if len(size) < 4:
            return
        body, header = b"", {}
        try:
            body, finding = draw(json.loads(orders.read(*struct.unpack(">I", size))))
            header = {"finding": finding, "size": len(body)}
        except Exception:  # noqa: BLE001  whatever it was: the worker logs it and answers 500
            header = {"failed": traceback.format_exc(), "size": 0}
        text = json.dumps(header).encode()
        pictures.write(struct.pack(">I", len(text)) + text + body)
        pictures.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the worker decides
    serve(sys.stdin.buffer, sys.stdout.buffer)
