"""Writes the outlines of the allies for the page's map: ``python docs/images/make_map.py countries-50m.json``.

The argument is a file of npm's package ``world-atlas``, which ``forecast_service/dashboard/data/SOURCES.md`` names. The
map is azimuthal: directions are true from a point in western Europe. The farther a place, the more its distance is
shortened, so that Europe is large and North America in its place.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pycountry
from numpy.typing import NDArray

from models.dataset.countries import allies

OUTLINES = Path(__file__).parents[2] / "forecast_service" / "dashboard" / "data" / "outlines.json"
LONGITUDE, LATITUDE = 5.0, 52.0
"""The centre of the map (degrees)."""
REACH = 0.5
"""A place at the distance c from the centre (radians) is drawn at REACH * arctan(c / REACH)."""
WIDTH, MARGIN = 1000, 10
"""Of the map, in the units of its coordinates."""
TOLERANCE, TOLERANCE_FAR = 1.1, 2.6
"""A simplified line is at most this far from the original (units); far from the centre less detail is needed."""
LEAST_AREA, LEAST_AREA_FAR = 16.0, 120.0
"""Smaller islands are left out (square units)."""
SMALL = 520.0
"""Allies whose largest part is smaller than this get a marker (square units)."""
FAR = {"USA": 95.0, "CAN": 95.0, "DNK": 95.0}
NEAR = 24.0
"""Parts that begin farther than this from the centre (degrees) are left out: overseas territories, Hawaii."""
PARTS = {"DNK": ("GRL",)}
"""Other entries of the file that belong to an ally."""

Line = NDArray[np.float64]


def decoded(topology: dict[str, Any]) -> list[Line]:
    """The arcs of a quantised TopoJSON file, in degrees."""
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    return [np.cumsum(np.array(arc, dtype=float), axis=0) * scale + shift for arc in topology["arcs"]]


def projected(line: Line) -> tuple[Line, Line]:
    """Positions on the map, in radii of the globe with y downwards, and the distance from the centre (degrees)."""
    east, north, middle = np.radians(line[:, 0] - LONGITUDE), np.radians(line[:, 1]), math.radians(LATITUDE)
    x = np.cos(north) * np.sin(east)
    y = math.cos(middle) * np.sin(north) - math.sin(middle) * np.cos(north) * np.cos(east)
    near = math.sin(middle) * np.sin(north) + math.cos(middle) * np.cos(north) * np.cos(east)
    distance = np.arctan2(np.hypot(x, y), near)
    factor = REACH * np.arctan(distance / REACH) / np.maximum(np.hypot(x, y), 1e-9)
    return np.column_stack([x * factor, -y * factor]), np.degrees(distance)


def simplified(line: Line, tolerance: float) -> Line:
    """The line with fewer points (Ramer, Douglas and Peucker); a closed one is halved first."""
    if len(line) < 3:
        return line
    away = _distance(line)
    far = int(np.argmax(away))
    if away[far] <= tolerance:
        return line[[0, -1]]
    return np.vstack([simplified(line[: far + 1], tolerance)[:-1], simplified(line[far:], tolerance)])


def _distance(line: Line) -> Line:
    """How far each point is from the straight line between the ends; from the one end of a closed line."""
    (ax, ay), (bx, by) = line[0], line[-1]
    length = math.hypot(bx - ax, by - ay)
    if length < 1e-9:
        return np.hypot(line[:, 0] - ax, line[:, 1] - ay)
    return np.abs((bx - ax) * (line[:, 1] - ay) - (by - ay) * (line[:, 0] - ax)) / length


def area(ring: Line) -> float:
    """The area of a ring."""
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def centroid(ring: Line) -> tuple[float, float]:
    """The centre of a ring's area."""
    x, y = ring[:, 0], ring[:, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    return tuple(float((c + np.roll(c, -1)) @ cross / (3 * cross.sum())) for c in (x, y))  # type: ignore[return-value]


def joined(indices: Iterable[int], arcs: Sequence[Line]) -> Line:
    """A ring from its arcs; ~i is arc i backwards."""
    return np.vstack([(arcs[~i][::-1] if i < 0 else arcs[i])[:-1] for i in indices])


def path(ring: Line) -> str:
    """A ring of whole numbers as an SVG path: one absolute point, then steps."""
    steps = np.diff(ring, axis=0)
    said = " ".join(f"{x:d} {y:d}" for x, y in steps.astype(int)).replace(" -", "-")
    return f"M{int(ring[0, 0])} {int(ring[0, 1])}l{said}z"


def polygons(topology: dict[str, Any], codes: dict[str, str]) -> dict[str, list[list[int]]]:
    """The outer rings of each ally, as indices of arcs."""
    found: dict[str, list[list[int]]] = {}
    for shape in topology["objects"]["countries"]["geometries"]:
        if code := codes.get(shape.get("id", "")):
            parts = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
            found.setdefault(code, []).extend(part[0] for part in parts)
    return found


def main(source: str) -> None:
    """Write the outlines."""
    topology = json.loads(Path(source).read_text(encoding="utf-8"))
    parts_of = {code: (code, *PARTS.get(code, ())) for code in allies()}
    numbers = {pycountry.countries.get(alpha_3=part).numeric: code for code in parts_of for part in parts_of[code]}
    arcs = decoded(topology)
    flat, distances = zip(*map(projected, arcs), strict=True)
    far = [bool(distance.min() > NEAR) for distance in distances]
    rings = {
        code: [ring for ring in found if min(distances[i if i >= 0 else ~i].min() for i in ring) < FAR.get(code, NEAR)]
        for code, found in polygons(topology, numbers).items()
    }
    # What is drawn sets the scale. The scale decides which islands are drawn, none of which is at the edge.
    everything = np.vstack([joined(ring, flat) for found in rings.values() for ring in found])
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = (WIDTH - 2 * MARGIN) / (high[0] - low[0])
    placed = [(arc - low) * scale + MARGIN for arc in flat]
    # Each arc is simplified once, so that two neighbours keep one border.
    tolerances = [TOLERANCE_FAR if away else TOLERANCE for away in far]
    drawn = [np.round(simplified(*each)) for each in zip(placed, tolerances, strict=True)]
    paths, markers = {}, {}
    for code, found in sorted(rings.items()):
        sizes = {id(ring): area(joined(ring, placed)) for ring in found}
        first, *others = sorted(found, key=lambda ring: -sizes[id(ring)])
        shown = [r for r in others if sizes[id(r)] >= (LEAST_AREA_FAR if far[max(r[0], ~r[0])] else LEAST_AREA)]
        paths[code] = "".join(path(joined(ring, drawn)) for ring in (first, *shown))
        if sizes[id(first)] < SMALL:
            markers[code] = [round(c) for c in centroid(joined(first, placed))]
    size = [WIDTH, math.ceil((high[1] - low[1]) * scale + 2 * MARGIN)]
    text = json.dumps({"size": size, "markers": markers, "paths": paths}, indent=0)
    OUTLINES.write_text(text + "\n", encoding="utf-8")
    print(f"{len(paths)} allies, {len(text):,} bytes; the longest: {max(paths, key=lambda code: len(paths[code]))}")


if __name__ == "__main__":
    main(sys.argv[1])
