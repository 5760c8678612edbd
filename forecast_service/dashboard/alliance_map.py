"""The map of the alliance: the outline of each ally, and the class of its probability."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

OUTLINES = Path(__file__).parent / "data" / "outlines.json"
"""Written by ``docs/images/make_map.py``."""
NO_FORCES = "no armed forces"
"""Why a target does not apply to an ally that is not left out."""
BOUNDS = (0.1, 0.33, 0.5, 0.67, 0.9)
"""Between the classes of probability: those of the words in ``formatting``, and the half that the ranking counts by."""


def classes() -> list[str]:
    """What each class of probability is called, the lowest first."""
    edges = [round(100 * bound) for bound in BOUNDS]
    between = [f"{low} to {high} %" for low, high in pairwise(edges)]
    return [f"under {edges[0]} %", *between, f"over {edges[-1]} %"]


def class_of(p: float) -> int:
    """The class of a probability: 0 for the lowest."""
    return sum(p >= bound for bound in BOUNDS)


@dataclass(frozen=True)
class Place:
    """One ally on the map.

    Attributes
    ----------
    outline : an SVG path.
    marker : the centre of the circle that stands for an ally too small to see or hit; else None.
    probability : of the shown target; None where it does not apply.
    reason : why not; empty if there is one.
    """

    code: str
    name: str
    outline: str
    marker: tuple[int, int] | None
    probability: float | None
    reason: str

    @property
    def fill(self) -> str:
        """The name of its class."""
        return "none" if self.probability is None else str(class_of(self.probability))


@cache
def _outlines() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(OUTLINES.read_text(encoding="utf-8"))
    return read


def size() -> tuple[int, int]:
    """Width and height of the map, in the units of its outlines."""
    width, height = _outlines()["size"]
    return width, height


def places(countries: list[dict[str, Any]], ranking: list[dict[str, Any]], left_out: dict[str, str]) -> list[Place]:
    """All allies on the map by name, those with a marker last, so that it lies on top of their neighbours.

    Parameters
    ----------
    countries : the API's list of allies.
    ranking, left_out : of one target of the alliance's forecast, and of the forecast.
    """
    probabilities = {entry["country"]["code"]: entry["at_deadline"] for entry in ranking}
    found = _outlines()
    shown = [
        Place(
            item["code"],
            item["name"],
            found["paths"][item["code"]],
            tuple(found["markers"][item["code"]]) if item["code"] in found["markers"] else None,
            probabilities.get(item["code"]),
            "" if item["code"] in probabilities else left_out.get(item["code"], NO_FORCES),
        )
        for item in countries
    ]
    return sorted(shown, key=lambda place: (place.marker is not None, place.name))
