"""The waterfall: how each lever moves the probability from the baseline's to the scenario's."""

from __future__ import annotations

from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.fan import NAMES
from forecast_service.charts.theme import (
    SMALL,
    ChartOptions,
    Document,
    PlotArea,
    chart,
    footer,
    label,
    rows_from_above,
    scenario,
    under,
)
from forecast_service.charts.theme import values as data
from forecast_service.formatting import percent
from models.scenarios.lever_names import NAMES as LEVERS
from models.scenarios.lever_names import named, numbered

ROW, BAR = 38, 0.68


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the waterfall from ``forecast`` (the answer) and ``component``."""
    forecast, component = documents["forecast"], documents["component"]
    target = next(t for t in forecast["targets"] if t["component"] == component)
    rows = _rows(forecast, component, target["probability"]["at_deadline"])
    colours = options.colours
    area = PlotArea(left=24, right=48, height=ROW * len(rows), top=8)
    x_of = alt.X("low:Q").scale(domain=[0, 100], nice=False)
    x_of = x_of.axis(tickCount=5, format=".2~f", title=None, domain=False, ticks=False, labelFlush=False)
    y = alt.Y("place:Q", scale=rows_from_above(len(rows))).axis(None)
    layers: list[Any] = []
    # The written sign also shows the direction, so that colour is not the only difference.
    for kind, colour in (("whole", colours.main), ("up", colours.up), ("down", colours.down)):
        part = [row for row in rows if row["kind"] == kind]
        if part:
            solid = 1.0 if kind == "whole" else 0.75
            bars = alt.Chart(data(part)).mark_bar(size=14, color=colour, fillOpacity=solid, stroke=colour)
            layers.append(bars.encode(x=x_of, x2="high", y=y))
    written = alt.Chart(data(rows)).mark_text(align="left", dx=6, fontSize=SMALL, fontWeight="bold", color=colours.ink)
    at = alt.X("high:Q").scale(domain=[0, 100], nice=False)
    layers.append(written.encode(x=at, y=y, text="written:N"))
    for i, row in enumerate(rows):
        layers.append(label(text.clip(row["name"], options.width - 40, SMALL), 0, i * ROW + 9, options))
    named = scenario(forecast)
    threshold = text.bare(target["threshold"])
    return chart(
        layers,
        options,
        area,
        title=f"{forecast['country']['name']}: from the baseline to “{text.clip(named, 240, 16)}”",
        subtitle=f"Probability (%) of {NAMES[component]} at {threshold} of GDP in {forecast['deadline']}; "
        "what each lever adds, in points.",
        finding=_finding(forecast, component, threshold, rows),
        foot=footer(forecast, options, "Levers act in a fixed order; another would share the change differently."),
    )


def _rows(forecast: Document, component: str, final: float) -> list[dict[str, Any]]:
    """The bars from top to bottom; probabilities as percentages."""
    if forecast["baseline"] is None:
        return [_whole("Baseline", final) | {"place": BAR}]
    begun = next(t for t in forecast["baseline"]["targets"] if t["component"] == component)
    before = begun["probability"]["at_deadline"]
    rows = [_whole("Baseline", before)]
    for step, name in zip(forecast["waterfall"], _names(forecast), strict=True):
        after, change = step["probability"][component], step["change"][component]
        kind = "down" if change < 0 else "up"
        low, high = sorted((100 * before, 100 * after))
        row = {"name": name, "kind": kind, "low": low, "high": high}
        rows.append(row | {"written": text.points(change), "change": change})
        before = after
    rows.append(_whole("This scenario", final))
    return [row | {"place": i + BAR} for i, row in enumerate(rows)]


def _whole(name: str, p: float) -> dict[str, Any]:
    return {"name": name, "kind": "whole", "low": 0, "high": 100 * p, "written": percent(p), "change": 0.0}


def _names(forecast: Document) -> list[str]:
    """Each step's lever in few words."""
    levers = forecast["scenario"]["levers"]
    steps = forecast["waterfall"]
    return numbered(LEVERS[step["type"]] if step["lever"] is None else named(levers[step["lever"]]) for step in steps)


def _finding(forecast: Document, component: str, threshold: str, rows: list[dict[str, Any]]) -> str:
    country, what, deadline = forecast["country"]["name"], NAMES[component], forecast["deadline"]
    about = f"that the {what} of {country} is at {threshold} of GDP or more in {deadline}"
    if len(rows) == 1:
        return f"The baseline gives a probability of {rows[0]['written']} {about}; there is no lever to explain."
    caption = f"From {rows[0]['written']} in the baseline to {rows[-1]['written']} {under(forecast)}"
    steps = rows[1:-1]
    if not steps:
        return f"{caption}: the probability {about}. No lever of it acts on {country}."
    most = max(steps, key=lambda row: abs(row["change"]))
    return f"{caption}: the probability {about}. What moves it most is “{most['name']}”, by {most['written']} points."
