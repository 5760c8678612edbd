"""The tornado: which assumption moves a probability most."""

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

ROW = 40
BAR = 0.68
"""Position of a bar in its row, 0 to 1 from the top; its name is above it."""
MOST = 12
"""Most bars drawn, the widest first."""


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the tornado from ``sensitivity`` (the answer)."""
    found, colours = documents["sensitivity"], options.colours
    shown = found["bars"][:MOST]
    middle = 100 * found["probability"]
    rows = [bar_row(bar, middle) for bar in shown]
    area = PlotArea(left=24, right=24, height=ROW * len(rows), top=30)
    # The domain leaves space for the labels beside the bars.
    least = min([middle, *(min(row["low"], row["high"]) for row in rows)])
    most = max([middle, *(max(row["low"], row["high"]) for row in rows)])
    spare = (0.62 if options.narrow else 0.3) * max(most - least, 8)
    domain = [least - spare, most + spare]
    wide = area.inner(options) / (domain[1] - domain[0])

    def x(field: str) -> alt.X:
        shown = alt.X(f"{field}:Q").scale(domain=domain, nice=False)
        ticks = _ticks(*domain)
        return shown.axis(values=ticks, format=".2~f", title=None, domain=False, ticks=False, labelFlush=False)

    y = alt.Y("place:Q", scale=rows_from_above(len(rows))).axis(None)
    base = alt.Chart(
        data([row | {"place": i + BAR, "above": i + BAR - 0.25, "below": i + BAR + 0.25} for i, row in enumerate(rows)])
    )
    layers: list[Any] = []
    # An assumption moved down is hollow, moved up filled, so that colour is not the only difference.
    for field, fill, edge in (("low", colours.ground, colours.down), ("high", colours.up, colours.up)):
        ends = base.mark_bar(size=13, color=fill, stroke=edge, strokeWidth=1.5)
        layers.append(ends.encode(x=x(field), x2=f"{field}_from:Q", y=y))
    middle_rule = base.mark_rule(color=colours.ink, strokeWidth=1.5)
    between = alt.Y("above:Q", scale=rows_from_above(len(rows))).axis(None)
    layers.append(middle_rule.encode(x=alt.XDatum(middle), y=between, y2="below"))
    for i, (row, bar) in enumerate(zip(rows, shown, strict=True)):
        top, center = i * ROW + 9, (middle - domain[0]) * wide
        layers.append(label(_fitting(row["name"], options), 0, top, options, fontWeight="bold"))
        left, right = sorted((("low", row["low"]), ("high", row["high"])), key=lambda side: side[1])
        for (side, value), toward in ((left, -1), (right, 1)):
            # If both ends are on one side, the label of the nearer is on the other side of the rule, not on the bar.
            end = min(value, middle) if toward < 0 else max(value, middle)
            place = (end - domain[0]) * wide + (8 if end == middle else 6) * toward
            space = place - 2 + area.left if toward < 0 else options.width - area.left - place - 4
            how, p = _how(bar[side]), percent(value / 100)
            caption = f"{text.clip(how, space - text.width(': ' + p, SMALL), SMALL)}: {p}"
            layers.append(
                label(caption, place, (i + BAR) * ROW, options, align="right" if toward < 0 else "left",
                      color=colours.quiet)
            )  # fmt: skip
    threshold = text.bare(found["threshold"])
    center = (middle - domain[0]) * wide
    layers.append(label(f"as it stands: {percent(found['probability'])}", center, -12, options, align="center"))
    extra = f" The widest {MOST} of {len(found['bars'])}." if len(found["bars"]) > MOST else ""
    return chart(
        layers,
        options,
        area,
        title=f"{found['country']['name']}: what moves the probability most",
        subtitle=f"Probability (%) of {NAMES[found['component']]} at {threshold} of GDP in {found['deadline']}. "
        f"Hollow: assumption moved down; filled: moved up.{extra} Scenario: {text.clip(scenario(found), 240, 12)}.",
        finding=_finding(found, shown, threshold),
        foot=footer(found, options),
    )


def _ticks(low: float, high: float) -> list[int]:
    """A few round percentages from ``low`` to ``high``; none below 0 or above 100, where there are only labels."""
    step = next(step for step in (1, 2, 5, 10, 20, 50) if (high - low) / step <= 7 or step == 50)
    return [tick for tick in range(0, 101, step) if low <= tick <= high]


def bar_row(bar: Document, middle: float) -> dict[str, Any]:
    """The ends and starts of a bar. If both ends are on one side, the farther starts where the nearer ends."""
    low, high = 100 * bar["at_low"], 100 * bar["at_high"]
    starts = {"low_from": middle, "high_from": middle}
    if (low - middle) * (high - middle) > 0:
        farther, nearer = ("low", high) if abs(low - middle) > abs(high - middle) else ("high", low)
        starts[f"{farther}_from"] = nearer
    return {"name": _assumption(bar), "low": low, "high": high} | starts


def _assumption(bar: Document) -> str:
    """The name of the assumption, with a capital."""
    name = text.clean(bar["assumption"])
    return name[:1].upper() + name[1:]


def _fitting(name: str, options: ChartOptions) -> str:
    """``name`` in one line; of a lever's number, what it is stays and the lever's own name is cut."""
    room = (options.width - 38) * 0.93  # bold letters are wider
    lever, mark, number = name.partition(": ")
    return text.clip(lever, room - text.width(mark + number, SMALL), SMALL) + mark + number


def _how(text: str) -> str:
    """``text`` with a true minus sign."""
    return "−" + text[1:] if text.startswith("-") else text


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _finding(found: Document, bars: list[Document], threshold: str) -> str:
    most = bars[0]
    what = (
        f"What moves it most is {_lower(_assumption(most))}: {percent(most['at_low'])} with {_how(most['low'])}, "
        f"{percent(most['at_high'])} with {_how(most['high'])}."
        if most["swing"]
        else "None of these assumptions moves it."
    )
    return (
        f"The probability that the {NAMES[found['component']]} of {found['country']['name']} is at {threshold} of GDP "
        f"or more in {found['deadline']} is {percent(found['probability'])} {under(found)}. {what}"
    )
