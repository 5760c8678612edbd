"""The heatmap: the probability that each ally is at the threshold, by year."""

from __future__ import annotations

from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.ranking import ROW, WHAT
from forecast_service.charts.theme import ChartOptions, Document, PlotArea, chart, footer, scenario, under
from forecast_service.charts.theme import values as data
from forecast_service.formatting import percent

READABLE = 19
"""Cells narrower than this (pixels) show no number."""


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the heatmap from ``alliance`` (the answer) and ``component``."""
    alliance, component = documents["alliance"], documents["component"]
    target = next(t for t in alliance["targets"] if t["component"] == component)
    years, ranking = alliance["years"], target["ranking"]
    cells = [
        {"country": entry["country"]["name"], "year": year, "percent": 100 * p, "written": _short(p)}
        for entry in ranking
        for year, p in zip(years, entry["by_year"], strict=True)
    ]
    area = PlotArea(left=112, right=16, height=ROW * len(ranking), top=8)
    cell = area.inner(options) / len(years)
    colours = options.colours
    step = next(s for s in (1, 2, 5, 10) if cell * s >= 30 or s == 10) if cell < 30 else 1
    shown = [year for year in years if (years[-1] - year) % step == 0]
    x = alt.X("year:O").axis(values=shown, title=None, domain=False, ticks=False, labelAngle=0).scale(padding=0)
    y = alt.Y("country:N").scale(domain=[entry["country"]["name"] for entry in ranking], padding=0)
    y = y.axis(title=None, domain=False, ticks=False, labelColor=colours.ink, labelLimit=100, labelPadding=6)
    ramp = alt.Color("percent:Q").scale(domain=[0, 100], range=list(colours.ramp), interpolate="rgb").legend(None)
    layers: list[Any] = [
        alt.Chart(data(cells))
        .mark_rect(stroke=colours.ground, strokeWidth=min(1.0, cell / 20))
        .encode(x=x, y=y, color=ramp)
    ]
    if cell >= READABLE:
        for ink in ("#000000", "#ffffff"):
            part = [one for one in cells if _ink(one["percent"] / 100, colours.ramp) == ink]
            if part:
                written = alt.Chart(data(part)).mark_text(fontSize=10, color=ink)
                layers.append(written.encode(x=x, y=y, text="written:N"))
    threshold = text.bare(target["threshold"])
    note = "Numbers: probability, %." if cell >= READABLE else f"The {_deeper(options)} the likelier, from 0 to 100 %."
    return chart(
        layers,
        options,
        area,
        title=f"Probability of at least {threshold} of GDP on {WHAT[component]}, by year",
        subtitle=f"{note} Scenario: {text.clip(scenario(alliance), 260, 12)}.",
        finding=_finding(alliance, target, WHAT[component]),
        foot=footer(alliance, options),
    )


def _ink(p: float, ramp: tuple[str, str]) -> str:
    """Black or white, whichever has more contrast (WCAG 2.2) with the colour of the cell."""
    low, high = ([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in ramp)
    mixed = [a + (b - a) * p for a, b in zip(low, high, strict=True)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mixed)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def _deeper(options: ChartOptions) -> str:
    return "lighter" if options.theme == "dark" else "darker"


def _short(p: float) -> str:
    """A probability, short enough for a cell."""
    return "<1" if p < 0.01 else ">99" if p > 0.99 else f"{100 * p:.0f}"


def _finding(alliance: Document, target: Document, what: str) -> str:
    years = alliance["years"]
    likely = [sum(entry["by_year"][t] >= 0.5 for entry in target["ranking"]) for t in (0, -1)]
    total, first = len(target["ranking"]), target["ranking"][0]
    later = f", and {likely[1]} in {years[-1]}" if len(years) > 1 else ""
    return (
        f"{under(alliance, begins=True)} {likely[0]} of {total} allies are more likely than not to spend "
        f"{text.bare(target['threshold'])} of GDP or more on {what} in {years[0]}{later}; "
        f"{first['country']['name']} is likeliest then ({percent(first['by_year'][-1])})."
    )
