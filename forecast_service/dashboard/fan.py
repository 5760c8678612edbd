"""The page's fan chart as inline SVG: it follows the sliders, has the page's letters and colours, and needs no script.

The charts of the API (:mod:`forecast_service.charts`) take several times as long as the forecast, too long for a
slider, and are pictures whose letters shrink with them (docs/decisions/0016).

A shape is a path in a square of :data:`SIDE` units that the browser stretches; a text or a mark has a place in % of the
plot's width and height, so its size stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forecast_service.dashboard import text

SIDE = 1000
BANDS = (("95", "0.025", "0.975"), ("80", "0.1", "0.9"), ("50", "0.25", "0.75"))
"""Bands from the widest: percent of the futures, quantile at its lower and upper edge."""
MEDIAN = "0.5"
HISTORY_YEARS = 20
LONGEST = 16
"""Most letters of a scenario's name beside its line."""
APART = 7.2
"""Least distance of two labels, in % of the plot's height: one line of text on a phone, where the plot is lowest."""
EVENTS = (
    (2014, "Crimea", "middle"),
    (2022, "Invasion", "end"),
    (2025, "The Hague", "middle"),
    (2029, "Review", "middle"),
)
"""Years that a reader looks for, with the few letters that fit over their line, and where these stand to it."""
SAID = {
    2014: "Russia annexed Crimea; in Wales allies pledged 2 % within a decade",
    2022: "Russia invaded Ukraine",
    2025: "in The Hague allies pledged 5 % by 2035",
    2029: "the allies review the pledge",
}

Known = Sequence[Mapping[str, Any]]
"""Figures by year: each has ``year``, ``share_pct`` and ``estimate``."""


@dataclass(frozen=True)
class Mark:
    """A text or a mark at ``x`` and ``y`` % of the plot; ``kind`` is a class of page.css."""

    x: float
    y: float
    text: str
    kind: str = ""
    also: str = ""
    """Words before ``text`` that narrow windows leave out."""


@dataclass(frozen=True)
class Line:
    """A path or an area in the square of SIDE units; ``kind`` is a class of page.css."""

    kind: str
    path: str


@dataclass(frozen=True)
class Reading:
    """A year of the chart in words, at ``x`` % of the plot; ``y`` is its figure or median."""

    year: int
    x: float
    y: float
    said: str


@dataclass(frozen=True)
class Fan:
    """What the template draws, in % of the plot or in the square of SIDE units."""

    top: float
    lines: list[Line]
    target: float | None
    levels: list[Mark]
    years: list[Mark]
    names: list[Mark]
    points: list[Mark]
    events: list[Mark]
    readings: list[Reading]
    origin: float | None


@dataclass(frozen=True)
class Plot:
    """What a fan shows.

    Parameters
    ----------
    forecast : an answer of the API.
    component : whose paths are shown.
    known : figures up to the origin; empty where none are published.
    baseline : the answer without the scenario, drawn behind it.
    others : names and answers of further scenarios, of which the medians are drawn.
    plans : (year, share in % of GDP) of dated plans.
    came : figures after the origin, which the forecast did not know.
    """

    forecast: Mapping[str, Any]
    component: str
    known: Known = ()
    baseline: Mapping[str, Any] | None = None
    others: Sequence[tuple[str, Mapping[str, Any]]] = ()
    plans: Sequence[tuple[int, float]] = ()
    came: Known = ()

    @property
    def shown(self) -> list[Mapping[str, Any]]:
        """The figures of the last :data:`HISTORY_YEARS` years."""
        origin = self.forecast["origin"]
        return [it for it in self.known if origin - HISTORY_YEARS <= it["year"] <= origin]

    @property
    def target(self) -> float | None:
        """The threshold, in % of GDP; None if the forecast has none."""
        return next((float(t["threshold"]) for t in self.forecast["targets"] if t["component"] == self.component), None)

    def highest(self) -> float:
        """The largest share that must be visible: of figures, target, plans, medians and the 80 % band."""
        found = [
            self.target or 0.0,
            *(it["share_pct"] for it in (*self.shown, *self.came)),
            *(share for _, share in self.plans),
        ]
        found += _quantiles(self.forecast, self.component)["0.9"]
        if self.baseline is not None:
            found += _quantiles(self.baseline, self.component)["0.9"]
        for _, other in self.others:
            found += _quantiles(other, self.component)[MEDIAN]
        return max(found)


def scale(plots: Iterable[Plot]) -> float:
    """The upper end of an axis for all of ``plots``: a round number, so that it stays while a slider moves a little."""
    highest = max(plot.highest() for plot in plots) * 1.04
    step = _step(highest)
    return math.ceil(highest / step) * step


def _step(top: float) -> float:
    return next((step for step in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0) if top / step <= 6), 50.0)


def _quantiles(forecast: Mapping[str, Any], component: str) -> Mapping[str, list[float]]:
    found: Mapping[str, list[float]] = forecast["paths"][component]["quantiles"]
    return found


def draw(plot: Plot, top: float | None = None) -> Fan:
    """The fan of ``plot`` on an axis from 0 to ``top`` (% of GDP), by default its own :func:`scale`."""
    forecast, shown = plot.forecast, plot.shown
    top = top or scale([plot])
    years: list[int] = forecast["paths"]["years"]
    origin: int = forecast["origin"]
    first = shown[0]["year"] if shown else years[0] - 1
    last = max(years[-1], *(it["year"] for it in plot.came)) if plot.came else years[-1]
    frame = _Frame(first, last, top)
    start = (origin, shown[-1]["share_pct"]) if shown and shown[-1]["year"] == origin else None
    found = _quantiles(forecast, plot.component)
    lines = [Line(f"band-{name}", frame.area(_path(years, found[low], start), _path(years, found[high], start)))
             for name, low, high in BANDS]  # fmt: skip
    if plot.baseline is not None:
        behind = _quantiles(plot.baseline, plot.component)
        begun = plot.baseline["paths"]["years"]
        lines += [Line("ghost-edge", frame.line(_path(begun, behind[level], start))) for level in ("0.1", "0.9")]
        lines.append(Line("ghost", frame.line(_path(begun, behind[MEDIAN], start))))
    for number, (_, other) in enumerate(plot.others):
        path = _path(other["paths"]["years"], _quantiles(other, plot.component)[MEDIAN], start)
        lines.append(Line(f"other-{number}", frame.line(path)))
    lines.append(Line("median", frame.line(_path(years, found[MEDIAN], start))))
    settled = [(it["year"], it["share_pct"]) for it in shown if not it["estimate"]]
    estimates = [(it["year"], it["share_pct"]) for it in shown if it["estimate"]]
    lines.append(Line("known", frame.line(settled)))
    if estimates:
        lines.append(Line("estimated", frame.line(settled[-1:] + estimates)))
    points = [Mark(frame.x(year), frame.y(share), text.share(share), "estimate") for year, share in estimates]
    points += [
        Mark(frame.x(it["year"]), frame.y(it["share_pct"]), f"{it['year']}: {text.share(it['share_pct'])}", "came")
        for it in plot.came
    ]
    points += [Mark(frame.x(year), frame.y(share), f"Planned for {year}: {text.share(share)}", "plan")
               for year, share in plot.plans if first <= year <= last]  # fmt: skip
    return Fan(
        top=top,
        lines=[line for line in lines if line.path],
        target=None if plot.target is None else frame.y(plot.target),
        levels=[Mark(0, frame.y(level), f"{level:g}{text.THIN}%") for level in _levels(top)],
        years=_ticks(frame),
        names=_names(plot, frame, found),
        points=points,
        events=[Mark(frame.x(year), 0, name, anchor) for year, name, anchor in EVENTS if first < year < last],
        readings=_readings(plot, frame, found),
        origin=frame.x(origin) if shown else None,
    )


def _path(years: Sequence[int], shares: Sequence[float], start: tuple[int, float] | None) -> list[tuple[int, float]]:
    points = list(zip(years, shares, strict=True))
    return points if start is None else [start, *points]


@dataclass(frozen=True)
class _Frame:
    """The axes: years from ``first`` to ``last``, shares from 0 to ``top``."""

    first: int
    last: int
    top: float

    def x(self, year: float) -> float:
        """% of the width."""
        return round(100 * (year - self.first) / (self.last - self.first), 2)

    def y(self, share: float) -> float:
        """% of the height, from above; what exceeds the axis a little above it."""
        return round(max(-20.0, 100 * (1 - share / self.top)), 2)

    def _points(self, points: Iterable[tuple[int, float]]) -> str:
        to = SIDE / 100
        return " ".join(f"{self.x(year) * to:.0f},{self.y(share) * to:.0f}" for year, share in points)

    def line(self, points: Sequence[tuple[int, float]]) -> str:
        """A path through ``points``; empty for fewer than two."""
        return f"M{self._points(points)}" if len(points) > 1 else ""

    def area(self, low: Sequence[tuple[int, float]], high: Sequence[tuple[int, float]]) -> str:
        """The area between two lines."""
        return f"M{self._points([*high, *reversed(low)])}Z"


def _levels(top: float) -> list[float]:
    step = _step(top)
    return [step * n for n in range(round(top / step) + 1)]


def _ticks(frame: _Frame) -> list[Mark]:
    """The years of the axis; narrow windows leave out those of kind ``minor``."""
    step = next(s for s in (1, 2, 5, 10, 20, 50) if (frame.last - frame.first) / s <= 8)
    found = [year for year in range(frame.first, frame.last + 1) if year % step == 0]
    return [
        Mark(frame.x(year), 100, str(year), "" if (found[-1] - year) // step % 2 == 0 else "minor") for year in found
    ]


def _names(plot: Plot, frame: _Frame, found: Mapping[str, list[float]]) -> list[Mark]:
    """The names of lines and bands beside their right ends, none over another."""
    middle = found[MEDIAN][-1]
    names = [Mark(100, frame.y(middle), text.share(middle), "of-median", "median ")]
    if plot.target is not None:
        names.append(Mark(100, frame.y(plot.target), text.threshold(plot.target), "of-target", "target "))
    for name, low, high in BANDS:
        if found[high][-1] - found[low][-1] < frame.top * 0.02:
            continue
        edge, said = found[high][-1], f"{name}{text.THIN}%"
        if edge > frame.top:
            names.append(Mark(100, 0, f"↑ {text.share(edge)}", "of-band", f"{said} "))
        else:
            names.append(Mark(100, frame.y(edge), said, "of-band"))
    if plot.baseline is not None:
        end = _quantiles(plot.baseline, plot.component)[MEDIAN][-1]
        names.append(Mark(100, frame.y(end), "baseline", "of-ghost"))
    for number, (name, other) in enumerate(plot.others):
        end = frame.y(_quantiles(other, plot.component)[MEDIAN][-1])
        names.append(Mark(100, end, name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…", f"of-other-{number}"))
    return apart(names)


def apart(names: Sequence[Mark]) -> list[Mark]:
    """``names`` moved up or down so that neighbours are at least :data:`APART` apart and inside the plot."""
    order = sorted(names, key=lambda it: it.y)
    places: list[float] = []
    for it in order:
        places.append(max(it.y, places[-1] + APART) if places else max(it.y, 0.0))
    limit = 100.0
    for place in reversed(range(len(places))):
        places[place] = min(places[place], limit)
        limit = places[place] - APART
    return [replace(it, y=round(y, 2)) for it, y in zip(order, places, strict=True)]


def _readings(plot: Plot, frame: _Frame, found: Mapping[str, list[float]]) -> list[Reading]:
    """Each year in words."""
    said: dict[int, tuple[float, str]] = {}
    for it in plot.shown:
        estimate = ", an estimate" if it["estimate"] else ""
        said[it["year"]] = it["share_pct"], f"{it['year']}: {text.share(it['share_pct'])}{estimate}"
    for place, year in enumerate(plot.forecast["paths"]["years"]):
        middle, low, high = (text.share(found[level][place]) for level in (MEDIAN, "0.1", "0.9"))
        said[year] = found[MEDIAN][place], f"{year}: median {middle}; 8 in 10 futures between {low} and {high}"
    for it in plot.came:
        y, words = said.get(it["year"], (it["share_pct"], f"{it['year']}"))
        said[it["year"]] = y, f"{words}; it came to {text.share(it['share_pct'])}"
    for year, share in plot.plans:
        if year in said:
            said[year] = said[year][0], f"{said[year][1]}; planned: {text.share(share)}"
    for year, words in SAID.items():
        if year in said:
            said[year] = said[year][0], f"{said[year][1]}. {text.sentence(words)}"
    return [Reading(year, frame.x(year), frame.y(share), words) for year, (share, words) in sorted(said.items())]
