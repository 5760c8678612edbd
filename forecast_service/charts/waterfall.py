"""The waterfall: from the baseline's probability, lever by lever, to the scenario's."""

from __future__ import annotations

from typing import Any

import altair as alt

from forecast_service.charts import words
from forecast_service.charts.fan import NAMES
from forecast_service.charts.theme import SMALL, Document, Look, Room, footer, picture, scenario
from forecast_service.charts.theme import values as data

ROW = 26
WORDS = {
    "without_pledges": "pledges left out",
    "gdp_growth": "growth of GDP",
    "spending_growth": "growth of spending",
}


def draw(documents: Document, look: Look) -> Document:
    """The waterfall.

    Parameters
    ----------
    documents : ``forecast``, the answer; ``component``.
    """
    forecast, component = documents["forecast"], documents["component"]
    target = next(t for t in forecast["targets"] if t["component"] == component)
    rows = _rows(forecast, component, target["probability"]["at_deadline"])
    colours = look.colours
    room = Room(left=118 if look.narrow else 190, right=24, height=ROW * len(rows), top=8)
    x_of = alt.X("low:Q").scale(domain=[0, 100], nice=False)
    x_of = x_of.axis(tickCount=5, format=".2~f", title=None, domain=False, ticks=False)
    order = [row["name"] for row in rows]
    y = alt.Y("name:N").scale(domain=order, paddingInner=0.3, paddingOuter=0.15)
    y = y.axis(title=None, domain=False, ticks=False, labelColor=colours.ink, labelPadding=8, labelLimit=room.left - 22)
    layers: list[Any] = []
    # Direction is told by the sign that is written, too.
    for kind, colour in (("whole", colours.main), ("up", colours.up), ("down", colours.down)):
        part = [row for row in rows if row["kind"] == kind]
        if part:
            style = {"color": colour} if kind == "whole" else {"color": colour, "fillOpacity": 0.75, "stroke": colour}
            layers.append(alt.Chart(data(part)).mark_bar(**style).encode(x=x_of, x2="high", y=y))
    for right in (True, False):
        part = [row for row in rows if row["right"] == right]
        if part:
            mark = alt.Chart(data(part)).mark_text(
                align="left" if right else "right", dx=6 if right else -6, fontSize=SMALL, fontWeight="bold",
                color=colours.ink,
            )  # fmt: skip
            at = alt.X("high:Q" if right else "low:Q").scale(domain=[0, 100], nice=False)
            layers.append(mark.encode(x=at, y=y, text="written:N"))
    named = scenario(forecast)
    threshold = words.bare(target["threshold"])
    return picture(
        layers,
        look,
        room,
        title=f"{forecast['country']['name']}: from the baseline to “{words.clip(named, 240, 16)}”",
        subtitle=f"Probability (%) of {NAMES[component]} at {threshold} of GDP in {forecast['deadline']}; "
        "what each lever adds, in points.",
        finding=_finding(forecast, component, threshold, rows),
        foot=footer(forecast, "Levers act in a fixed order; another would share the change differently."),
    )


def _rows(forecast: Document, component: str, final: float) -> list[dict[str, Any]]:
    """The bars from top to bottom; probabilities as percentages."""
    if forecast["baseline"] is None:
        return [_whole("baseline", final)]
    begun = next(t for t in forecast["baseline"]["targets"] if t["component"] == component)
    before = begun["probability"]["at_deadline"]
    rows = [_whole("baseline", before)]
    for number, step in enumerate(forecast["waterfall"], 1):
        after, change = step["probability"][component], step["change"][component]
        kind = "down" if change < 0 else "up"
        low, high = sorted((100 * before, 100 * after))
        row = {"name": f"{number}. {_lever(forecast, step)}", "kind": kind, "low": low, "high": high}
        rows.append(row | {"written": words.points(change), "change": change, "right": high < 85})
        before = after
    return [*rows, _whole("this scenario", final)]


def _whole(name: str, p: float) -> dict[str, Any]:
    row = {"name": name, "kind": "whole", "low": 0, "high": 100 * p, "written": words.percent(p)}
    return row | {"change": 0.0, "right": True} if p < 0.9 else row | {"change": 0.0, "right": False, "low": 0}


def _lever(forecast: Document, step: Document) -> str:
    """A lever in few words: what it is, of what, and when."""
    name = WORDS.get(step["type"], step["type"].replace("_", " "))
    if step["lever"] is None:
        return name
    lever = forecast["scenario"]["levers"][step["lever"]]
    part = f", {lever['component']}" if "component" in lever else ""
    if "from" in lever and lever.get("to") not in (None, lever["from"]):
        return f"{name}{part}, {lever['from']} to {lever['to']}"
    return f"{name}{part}, {lever['from']}" if "from" in lever else f"{name}{part}"


def _finding(forecast: Document, component: str, threshold: str, rows: list[dict[str, Any]]) -> str:
    country, what, deadline = forecast["country"]["name"], NAMES[component], forecast["deadline"]
    about = f"that the {what} of {country} is at {threshold} of GDP or more in {deadline}"
    if len(rows) == 1:
        return f"The baseline gives a probability of {rows[0]['written']} {about}; there is no lever to explain."
    text = f"From {rows[0]['written']} in the baseline to {rows[-1]['written']} under the scenario {scenario(forecast)}"
    steps = rows[1:-1]
    if not steps:
        return f"{text}: the probability {about}. No lever of it acts on {country}."
    most = max(steps, key=lambda row: abs(row["change"]))
    return (
        f"{text}: the probability {about}. What moves it most is {most['name'].split('. ', 1)[1]}, by "
        f"{most['written']} points."
    )
