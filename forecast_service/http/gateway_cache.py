"""Tells a caching gateway which answers it may give to every caller, and for how long (``FORECAST_GATEWAY_CACHE``).

``X-Accel-Expires`` speaks to nginx alone, which does not pass it on: ``Cache-Control`` stays ``private`` for every
other cache. The gateway repeats an answer with its first headers, so they say nothing that gets old or is one caller's
own.
"""

from __future__ import annotations

from flask import Response

HEADER = "X-Accel-Expires"
MARGIN_S = 2
"""Seconds taken off: nginx counts whole seconds from when the answer arrives."""
AT_ONCE = "@1"
"""A moment long past. ``0`` would not do: after a 304, nginx would then repeat the time that came with the answer."""


def share(response: Response, seconds: float) -> None:
    """Let the gateway give ``response`` to every caller for ``seconds``, and its clients ask the gateway each time."""
    whole = int(seconds) - MARGIN_S
    response.headers[HEADER] = str(whole) if whole > 0 else AT_ONCE
    response.headers["Cache-Control"] = "private, no-cache"


def is_shared(response: Response) -> bool:
    """Whether the gateway may give ``response`` to other callers."""
    return HEADER in response.headers
