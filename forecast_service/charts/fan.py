"""The fan chart: an ally's known shares, then the simulated futures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.theme import (
    DASHES,
    FOOT,
    SMALL,
    ChartOptions,
    Document,
    PlotArea,
    Style,
    chart,
    footer,
    label,
    rule,
    scenario,
    under,
)
from forecast_service.charts.theme import values as data
from forecast_service.charts.theme import years as year_ticks
from forecast_service.formatting import frequency, percent

BANDS = (("95 %", "q2_5", "q97_5"), ("80 %", "q10", "q90"), ("50 %", "q25", "q75"))
MEDIAN = "q50"
NEAR = 84
"""If the lines of origin and deadline are closer than this (pixels), their names do not fit between them."""
LEVELS = {"q2_5": "0.025", "q10": "0.1", "q25": "0.25", "q50": "0.5", "q75": "0.75", "q90": "0.9", "q97_5": "0.975"}
EVENTS = ((2025, "The Hague"), (2022, "invasion"), (2014, "Crimea, Wales"), (2029, "review"))
"""Years of which a reader looks for the effect, the most important first."""
HISTORY_YEARS, HISTORY_YEARS_NARROW = 20, 12
NAMES = {
    "core": "core defence spending",
    "related": "defence-related spending",
    "total": "core and related spending",
}


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the fan chart.

    Parameters
    ----------
    documents : ``forecast`` (an answer); ``component``; ``history`` (known years, each ``year``, ``share_pct``,
        ``estimate``; empty for related and total); ``ghost`` (the baseline's answer or None); ``overlays`` (answers).
    """
    forecast, component = documents["forecast"], documents["component"]
    target = next(t for t in forecast["targets"] if t["component"] == component)
    origin, deadline = forecast["origin"], forecast["deadline"]
    reach = HISTORY_YEARS_NARROW if options.narrow else HISTORY_YEARS
    known = [point for point in documents["history"] if origin - reach <= point["year"] <= origin]
    start = known[-1]["share_pct"] if known and known[-1]["year"] == origin else None
    fan = _rows(forecast, component, start)
    ghost = _rows(documents["ghost"], component, start) if documents["ghost"] else []
    overlays = [(scenario(other), _rows(other, component, start)) for other in documents["overlays"]]

    area = PlotArea(
        left=40, right=90 if options.narrow else 104, height=max(190.0, min(360.0, options.width * 0.42)), top=26
    )
    first = known[0]["year"] if known else fan[0]["year"]
    # By the 80 % band: the 95 % band, whose end may be far off, is cut at the edge and its end is named.
    highest = max(
        [row["q90"] for row in fan] + [point["share_pct"] for point in known] + [target["threshold"]]
        + [row["q90"] for row in ghost] + [row["q50"] for _, rows in overlays for row in rows]
    )  # fmt: skip
    top = highest * 1.06
    ticks = year_ticks(first, deadline, area.inner(options))
    x = alt.X("year:Q").scale(domain=[first, deadline], nice=False)
    x = x.axis(values=ticks, format="d", grid=False, title=None, labelFlush=False)

    def y(field: str) -> alt.Y:
        shown = alt.Y(f"{field}:Q").scale(domain=[0, top], nice=False)
        return shown.axis(tickCount=6, format=text.axis_format(top), title=None, domain=False, ticks=False)

    layers: list[Any] = [
        alt.Chart(data(fan)).mark_area(color=colour, clip=True).encode(x=x, y=y(low), y2=high)
        for (_, low, high), colour in zip(BANDS, options.colours.bands, strict=True)
    ]
    layers += _marked(options, area, origin, deadline, first, target["threshold"], bool(known))
    layers += _events(options, area, first, origin, deadline)
    layers += _ghost(options, ghost, x, y)
    for (_, rows), colour, dash in zip(overlays, options.colours.others, DASHES, strict=False):
        line = alt.Chart(data(rows)).mark_line(color=colour, strokeDash=list(dash), strokeWidth=2)
        layers.append(line.encode(x=x, y=y(MEDIAN)))
    middle = alt.Chart(data(fan)).mark_line(color=options.colours.main, strokeDash=[6, 4], strokeWidth=2.5)
    layers.append(middle.encode(x=x, y=y(MEDIAN)))
    layers += _history(options, known, area, top, deadline, x, y)
    layers += _names(options, area, top, target["threshold"], fan, ghost, overlays)
    country = forecast["country"]["name"]
    hollow = " Hollow points: estimates." if any(point["estimate"] for point in known) else ""
    return chart(
        layers,
        options,
        area,
        title=f"{country}: {NAMES[component]}, % of GDP",
        subtitle=f"{_headline(target, deadline)} Scenario: {text.clip(scenario(forecast), 260, 12)}.",
        finding=_finding(forecast, component, target, fan, known, overlays, bool(ghost)),
        foot=footer(
            forecast, options, f"Bands hold 50, 80 and 95 % of {forecast['draws']:,} simulated futures.{hollow}"
        ),
    )


def _rows(forecast: Document, component: str, start: float | None) -> list[dict[str, Any]]:
    """One row for each year; the first is the origin's known share, if there is one."""
    found = forecast["paths"][component]["quantiles"]
    rows: list[dict[str, Any]] = [
        {"year": year} | {name: found[level][t] for name, level in LEVELS.items()}
        for t, year in enumerate(forecast["paths"]["years"])
    ]
    if start is not None:
        rows.insert(0, {"year": forecast["origin"]} | dict.fromkeys(LEVELS, start))
    return rows


def _marked(
    options: ChartOptions, area: PlotArea, origin: int, deadline: int, first: int, threshold: float, known: bool
) -> list[Any]:
    """Lines at origin, deadline and target."""
    colours, wide = options.colours, area.inner(options)
    thin: Style = {"color": colours.quiet, "strokeWidth": 1, "strokeDash": [2, 2]}
    at = wide * (origin - first) / (deadline - first)
    marks: list[Any] = [
        rule(options, x=deadline, **thin),
        # If the two lines are close, the deadline's name goes to the right of the origin's name.
        label(f"deadline {deadline}", at + 6, -10, options, color=colours.quiet)
        if known and wide - at < NEAR
        else label(f"deadline {deadline}", wide, -10, options, align="right", color=colours.quiet),
        rule(options, y=threshold, color=colours.target, strokeWidth=1.5, strokeDash=[8, 3, 2, 3]),
    ]
    if known:
        marks += [
            rule(options, x=origin, **thin),
            label(f"origin {origin}", at, -10, options, align="right", color=colours.quiet),
        ]
    return marks


def _ghost(options: ChartOptions, rows: list[dict[str, Any]], x: alt.X, y: Callable[[str], alt.Y]) -> list[Any]:
    """The baseline behind another scenario: its median and its 80 % interval."""
    base = alt.Chart(data(rows))
    quiet = options.colours.quiet
    lines = [
        base.mark_line(color=quiet, strokeWidth=1.5, strokeDash=[1, 3]).encode(x=x, y=y(level))
        for level in ("q10", "q90")
    ]
    return (
        [*lines, base.mark_line(color=quiet, strokeWidth=2, strokeDash=[4, 3]).encode(x=x, y=y(MEDIAN))] if rows else []
    )


def _history(
    options: ChartOptions,
    known: list[Any],
    area: PlotArea,
    top: float,
    deadline: int,
    x: alt.X,
    y: Callable[[str], alt.Y],
) -> list[Any]:
    """Known years as a solid line; estimates dotted, with hollow points."""
    if not known:
        return []
    colours, height = options.colours, y("share_pct")
    settled = [point for point in known if not point["estimate"]]
    estimates = [point for point in known if point["estimate"]]
    line: Style = {"color": colours.ink, "strokeWidth": 2.2}
    marks: list[Any] = [alt.Chart(data(settled)).mark_line(**line).encode(x=x, y=height)]
    if estimates:
        joined = data(settled[-1:] + estimates)
        hollow: Style = {"size": 34, "filled": True, "fill": colours.ground, "stroke": colours.ink, "strokeWidth": 1.6}
        marks += [
            alt.Chart(joined).mark_line(strokeDash=[2, 2], **line).encode(x=x, y=height),
            alt.Chart(data(estimates)).mark_point(opacity=1, **hollow).encode(x=x, y=height),
        ]
        marks += _estimate(options, known, estimates, area, top, deadline)
    return marks


def _estimate(
    options: ChartOptions, known: list[Any], estimates: list[Any], area: PlotArea, top: float, deadline: int
) -> list[alt.Chart]:
    """The word "estimate" beside the first one if there is space; the footer always explains hollow points."""
    caption = "estimates" if len(estimates) > 1 else "estimate"
    step = area.inner(options) / (deadline - known[0]["year"])
    places = [(step * (p["year"] - known[0]["year"]), area.height * (1 - p["share_pct"] / top)) for p in known]
    right, level = places[-len(estimates)]
    left = right - 8 - text.width(caption, SMALL)
    near = [y for x, y in places if left - step <= x <= right]
    for shift in (-5, 10, -16, 20, -26, 30):
        if left > 0 and all(abs(y - level - shift) > 9 for y in near[:-1]) and 8 < level + shift < area.height - 8:
            return [label(caption, right - 8, level + shift, options, align="right")]
    return []


def _names(
    options: ChartOptions,
    area: PlotArea,
    top: float,
    threshold: float,
    fan: list[Any],
    ghost: list[Any],
    overlays: list[Any],
) -> list[Any]:
    """The name of each line and band at its right end; names do not overlap."""
    colours, last, space = options.colours, fan[-1], area.right - 12
    middle = text.share(last["q50"])
    whole = f"median {middle}"
    named: list[tuple[float, str, str, str]] = [
        (last["q50"], whole if text.width(whole, SMALL) <= space else middle, colours.main, "bold"),
        (threshold, f"target {text.bare(threshold)}", colours.target, "bold"),
    ]
    # A band's name is at its upper edge; if the widest band is at most 4 pixels high, bands have no names.
    if (last["q97_5"] - last["q2_5"]) / top * area.height > 4:
        named += [(edge, caption, colours.quiet, "") for edge, caption in _band_names(options, last, top, area.height)]
    if ghost:
        named.append((ghost[-1]["q50"], "baseline", colours.quiet, "bold"))
        named.append((ghost[-1]["q90"], "baseline, 80 %", colours.quiet, ""))
    named += [
        (rows[-1]["q50"], name, colour, "bold")
        for (name, rows), colour in zip(overlays, colours.others, strict=False)
    ]  # fmt: skip
    places = text.apart([area.height * (1 - value / top) for value, *_ in named], 13, 4, area.height - 4)
    return [
        label(
            text.clip(caption, space, SMALL), area.inner(options) + 7, place, options, color=colour,
            fontWeight="bold" if weight else "normal",
        )
        for (_, caption, colour, weight), place in zip(named, places, strict=True)
    ]  # fmt: skip


def _band_names(options: ChartOptions, last: dict[str, Any], top: float, height: float) -> list[tuple[float, str]]:
    """Upper edges and names of the bands. Under a cap, bands end at one edge and share one name."""
    together: list[tuple[float, list[str]]] = []
    for name, _, high in reversed(BANDS):
        edge = min(last[high], top)
        if together and (edge - together[-1][0]) / top * height < 6:
            together[-1][1].append(name)
        else:
            together.append((edge, [name]))
    found = []
    for edge, names in together:
        caption = ", ".join([*(name.removesuffix(" %") for name in names[:-1]), names[-1]])
        if names[-1] == BANDS[0][0]:
            beyond = last[BANDS[0][2]] > top
            end = text.share(last[BANDS[0][2]])
            alone = not options.narrow and len(names) == 1
            caption += f" to {end}" if beyond else " of futures" if alone else ""
        found.append((edge, caption))
    return found


def _events(options: ChartOptions, area: PlotArea, first: int, origin: int, deadline: int) -> list[Any]:
    """Small marks with names at the foot of the plot, as many as have room, the most important first."""
    wide = area.inner(options)
    taken: list[tuple[float, float]] = []
    marks: list[Any] = []
    for year, name in EVENTS:
        at, line = (wide * (it - first) / (deadline - first) for it in (year, origin))
        half = text.width(name, FOOT) / 2 + 3
        if not first <= year <= deadline or at < half or at > wide - half:
            continue
        if any(abs(at - other) < half + reach for other, reach in taken):
            continue
        taken.append((at, half))
        # The name keeps clear of the line of the origin.
        place = line - half if at <= line < at + half else line + half if at - half < line < at else at
        style: Style = {"color": options.colours.quiet, "strokeWidth": 1}
        marks += [
            alt.Chart(data([{}])).mark_rule(**style).encode(
                x=alt.XValue(at), y=alt.YValue(area.height), y2=alt.Y2Value(area.height - 5)
            ),
            label(name, place, area.height - 12, options, align="center", fontSize=FOOT, color=options.colours.quiet),
        ]  # fmt: skip
    return marks


def _headline(target: Document, deadline: int) -> str:
    p = target["probability"]["at_deadline"]
    return f"{percent(p)} ({frequency(p)}) to be at {text.bare(target['threshold'])} or more in {deadline}."


def _finding(
    forecast: Document, component: str, target: Document, fan: list[Any], known: list[Any], overlays: list[Any],
    ghost: bool,
) -> str:  # fmt: skip
    p, last, name = target["probability"]["at_deadline"], fan[-1], NAMES[component]
    parts = [
        f"{forecast['country']['name']} has a probability of {percent(p)} ({frequency(p)}) that its {name} is "
        f"at {text.bare(target['threshold'])} of GDP or more in {forecast['deadline']}, {under(forecast)}: "
        f"the median of the simulated futures is {text.share(last['q50'])}, and 80 % of them lie "
        f"between {text.share(last['q10'])} and {text.share(last['q90'])}."
    ]
    if known:
        how = "an estimated" if known[-1]["estimate"] else "a reported"
        parts.append(f"In {known[-1]['year']} it stood at {how} {text.share(known[-1]['share_pct'])}.")
    if ghost:
        parts.append("The baseline is drawn behind it.")
    if overlays:
        ends = [f"{name} at {text.share(rows[-1]['q50'])}" for name, rows in overlays]
        parts.append(f"For comparison, the median ends under {text.listed(ends)}.")
    return " ".join(parts)
