"""The drawing process.

It is a separate process because the JavaScript engine holds the interpreter's lock while it draws: in a worker's thread
it would block all other requests, probes too. If it crashes or is killed, the workers go on.
Requests are JSON. Answers begin with a line of JSON; the chart follows.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from altair.utils.schemapi import debug_mode

from forecast_service.charts import card, count, fan, heatmap, ranking, reliability, render, tornado, waterfall
from forecast_service.charts.theme import ChartOptions, Imprint
from forecast_service.observability import log_lines
from forecast_service.shared_process.answering import answer_questions

DRAW = {
    "card": card.draw,
    "alliance-card": card.draw_alliance,
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
    chart_request : ``picture``, ``documents``, ``theme``, ``width`` (pixels), ``form`` (svg, png, vl.json) and
        ``imprint`` (the fields of :class:`forecast_service.charts.theme.Imprint`).
    """
    with debug_mode(False):  # altair need not validate: the tests check every whole specification
        specification = DRAW[chart_request["picture"]](
            chart_request["documents"],
            ChartOptions(chart_request["theme"], chart_request["width"], Imprint(**chart_request.get("imprint", {}))),
        )
    return render.render(specification, chart_request["form"]), specification["description"]


def answer(request: bytes) -> bytes:
    """The chart of a request, or why it could not be drawn."""
    try:
        body, finding = draw(json.loads(request))
        header = {"finding": finding}
    except Exception:  # noqa: BLE001  the worker logs it and answers 500
        body, header = b"", {"failed": traceback.format_exc()}
    return json.dumps(header).encode() + b"\n" + body


if __name__ == "__main__":
    log_lines.set_up("drawer")
    answer_questions(answer, IDLE_S)
