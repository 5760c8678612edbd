"""How many allies are at the threshold in the deadline year."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.ranking import WHAT
from forecast_service.charts.theme import ChartOptions, Document, PlotArea, Style, chart, footer, label, scenario, under
from forecast_service.charts.theme import values as data
from forecast_service.formatting import percent


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the distribution from ``alliance`` (the answer) and ``component``."""
    alliance, component = documents["alliance"], documents["component"]
    target = next(t for t in alliance["targets"] if t["component"] == component)
    tally, colours = target["at_deadline"], options.colours
    low, high = tally["interval_80"]
    bars = [{"count": n, "percent": 100 * p, "inside": low <= n <= high} for n, p in enumerate(tally["distribution"])]
    highest = max(bar["percent"] for bar in bars)
    area = PlotArea(left=44, right=18, height=max(170.0, min(300.0, options.width * 0.36)), bottom=40, top=24)
    slot = area.inner(options) / len(bars)
    ticks = list(range(0, tally["allies"] + 1, 5))
    x = alt.X("count:Q").scale(domain=[-0.5, tally["allies"] + 0.5], nice=False)
    x = x.axis(values=ticks, format="d", grid=False, title="number of allies", titlePadding=6)
    y = alt.Y("percent:Q").scale(domain=[0, highest * 1.12], nice=False)
    y = y.axis(tickCount=4, format=".2~f", title=None, domain=False, ticks=False)
    layers: list[Any] = []
    # Bars outside the interval are hollow, so that colour is not the only difference.
    styles: dict[bool, Style] = {
        True: {"color": colours.main},
        False: {"color": colours.bands[0], "stroke": colours.main},
    }
    for inside, style in styles.items():
        part = [bar for bar in bars if bar["inside"] == inside]
        if part:
            mark = alt.Chart(data(part)).mark_bar(size=slot * 0.72, strokeWidth=1, **style)
            layers.append(mark.encode(x=x, y=y))
    middle = (tally["median"] + 0.5) * slot
    peak = area.height * (1 - bars[tally["median"]]["percent"] / (highest * 1.12))
    side = "right" if middle > area.inner(options) * 0.6 else "left"
    arrow: Style = {"dx": 0, "align": side, "fontWeight": "bold"}
    layers += [
        alt.Chart(data([{}])).mark_rule(color=colours.target, strokeWidth=1.5, strokeDash=[4, 2]).encode(
            x=alt.XValue(middle), y=alt.YValue(-8), y2=alt.Y2Value(peak - 2)
        ),
        label(f"median {tally['median']} of {tally['allies']}", middle + (-6 if side == "right" else 6), -6, options,
              color=colours.target, **arrow),
    ]  # fmt: skip
    threshold, deadline = text.bare(target["threshold"]), alliance["deadline"]
    return chart(
        layers,
        options,
        area,
        title=f"Allies with at least {threshold} of GDP on {WHAT[component]} in {deadline}",
        subtitle="Height: probability of each count, %. Filled: 80 % of futures, "
        f"{low} to {high} allies. Scenario: {text.clip(scenario(alliance), 260, 12)}.",
        finding=_finding(alliance, tally, WHAT[component], threshold),
        foot=footer(alliance, options, f"Allies are simulated together, {alliance['draws']:,} futures."),
    )


def _finding(alliance: Document, tally: Document, what: str, threshold: str) -> str:
    low, high = tally["interval_80"]
    majority = tally["allies"] // 2 + 1
    more = math.fsum(tally["distribution"][majority:])
    return (
        f"{under(alliance, begins=True)} the median number of allies that spend {threshold} of GDP or more on {what} "
        f"in {alliance['deadline']} is {tally['median']} of {tally['allies']}; 80 % of the simulated futures have "
        f"{low} to {high}. The probability that most allies do is {percent(more)}, that all do "
        f"{percent(tally['all'])}."
    )
