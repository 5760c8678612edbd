"""The reliability curve: the frequency of outcomes by forecast probability."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.theme import SMALL, ChartOptions, Document, PlotArea, Style, chart, footer, label
from forecast_service.charts.theme import values as data
from forecast_service.formatting import percent

FEW = 50
"""Points with fewer forecasts are hollow, because chance moves them much."""

READING = (
    "Above the dashed line it happened more often than was said: the forecasts were too careful. Below it, less often: "
    "they were too bold. A hollow point rests on few forecasts."
)


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the curve from ``record`` (the track record)."""
    record, colours = documents["record"], options.colours
    rows = [
        {"given": 100 * one["probability"], "happened": 100 * one["frequency"], "forecasts": one["forecasts"],
         "written": f"{one['forecasts']:,}"}
        for one in record["reliability"]
    ]  # fmt: skip
    side = min(options.width - 46 - 26, 420)
    area = PlotArea(
        left=46, right=options.width - 46 - side, height=side * (1 if options.narrow else 0.85), bottom=40, top=22
    )
    scale: Style = {"domain": [0, 100], "nice": False}
    axis: Style = {"tickCount": 5, "format": ".2~f", "domain": False, "ticks": False, "labelFlush": False}
    x = alt.X("given:Q").scale(**scale).axis(**axis, title="probability that was given, %", titlePadding=6)
    y = alt.Y("happened:Q").scale(**scale).axis(**axis, title="how often it happened, %", titlePadding=6)
    ideal = alt.Chart(data([{"given": 0, "happened": 0}, {"given": 100, "happened": 100}]))
    layers: list[Any] = [ideal.mark_line(color=colours.quiet, strokeDash=[4, 4], strokeWidth=1.5).encode(x=x, y=y)]
    layers.append(alt.Chart(data(rows)).mark_line(color=colours.main, strokeWidth=2).encode(x=x, y=y))
    for few, fill in ((False, colours.main), (True, colours.ground)):
        part = [row for row in rows if (row["forecasts"] < FEW) == few]
        if part:
            dots = alt.Chart(data(part)).mark_point(
                size=60, filled=True, fill=fill, stroke=colours.main, strokeWidth=2, opacity=1
            )
            layers.append(dots.encode(x=x, y=y))
    # On the side of the curve away from the diagonal.
    styles: dict[bool, Style] = {
        True: {"align": "right", "dx": -8, "dy": -7},
        False: {"align": "left", "dx": 9, "dy": 4},
    }
    for above, style in styles.items():
        part = [row for row in rows if (row["happened"] > row["given"]) == above]
        if part:
            counts = alt.Chart(data(part)).mark_text(fontSize=SMALL, color=colours.quiet, **style)
            layers.append(counts.encode(x=x, y=y, text="written:N"))
    steep = math.degrees(math.atan2(area.height, side))
    layers.append(
        label("as said, so it happened", side * 0.29, area.height * 0.71, options, align="center", dy=-10,
              angle=360 - steep, color=colours.quiet)
    )  # fmt: skip
    if area.right > 180:
        layers.append(label(text.wrap(READING, area.right - 50, SMALL), side + 32, 8, options, baseline="top",
                            lineHeight=15, color=colours.quiet))  # fmt: skip
    first, last = record["origins"]
    return chart(
        layers,
        options,
        area,
        title="How often were we right?",
        subtitle=f"Forecasts from {first} to {last} with nothing known later, up to {record['horizon']} years ahead. "
        "Numbers: how many forecasts.",
        finding=_finding(record),
        foot=footer(record, options, "Events: the share rises by at least 10, 30 and 50 %."),
    )


def _finding(record: Document) -> str:
    curve = record["reliability"]
    total = sum(one["forecasts"] for one in curve)
    sure = [one for one in curve if one["forecasts"] >= FEW] or curve
    worst = max(sure, key=lambda one: abs(one["probability"] - one["frequency"]))
    near = min(sure, key=lambda one: abs(one["probability"] - 0.5))
    return (
        f"Of {total:,} past forecasts, what was given about {percent(near['probability'])} happened in "
        f"{percent(near['frequency'])} of {near['forecasts']:,} cases; farthest off was "
        f"{percent(worst['probability'])}, which happened in {percent(worst['frequency'])} of "
        f"{worst['forecasts']:,}."
    )
