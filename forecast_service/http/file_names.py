"""The name under which a browser saves a chart or table: what it shows, in words, letters of ASCII alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

LONGEST_PART = 40
"""Most characters of one part; a scenario's name may be any user's text."""
QUIET = "forecast"
"""The kind that goes without saying: the chart of a forecast is named by its component."""


def file_name(document: Mapping[str, Any], kind: str, component: str | None, suffix: str) -> str:
    """The file's name, such as ``spain-core-2035-stall-nato-2026.svg``.

    Parameters
    ----------
    document : the answer that is drawn or tabulated; of its fields ``country``, ``scenario``, ``deadline`` and
        ``vintage`` are read, where it has them.
    kind : last part of the address, such as ``waterfall``.
    component : which target is drawn; None for a table, which has all of them.
    suffix : of the format.
    """
    country, scenario = document.get("country"), document.get("scenario")
    kind = kind.replace("forecasts", "forecast")  # the address of a POST
    targeted = "deadline" in document
    drawn = bool(component) and targeted
    parts = [
        country.get("name") if isinstance(country, Mapping) else "alliance" if targeted else "track-record",
        "" if kind == QUIET and drawn else kind,
        component if drawn else "",
        document.get("deadline"),
        scenario.get("name") if isinstance(scenario, Mapping) else scenario,
        document.get("vintage"),
    ]
    return "-".join(filter(None, map(_plain, parts))) + f".{suffix}"


def _plain(part: Any) -> str:
    """``part`` in lower-case ASCII letters, digits and hyphens; letters of other scripts are left out."""
    text = unicodedata.normalize("NFKD", str(part or "")).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", text)[:LONGEST_PART].strip("-")
