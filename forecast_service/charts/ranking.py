"""The ranking: a dot and an interval for each ally."""

from __future__ import annotations

from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.theme import (
    SMALL,
    ChartOptions,
    Document,
    PlotArea,
    chart,
    footer,
    label,
    rule,
    scenario,
    under,
)
from forecast_service.charts.theme import values as data
from forecast_service.formatting import percent

ROW = 17
WHAT = {"core": "core defence", "related": "related needs", "total": "core defence and related needs"}


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the ranking.

    Parameters
    ----------
    documents : ``alliance`` (the answer); ``component``; ``measure``: ``probability`` (the dot is the probability, the
        interval the range across members) or ``share`` (the median share at the deadline and its 80 % interval).
    """
    alliance, component, by_share = documents["alliance"], documents["component"], documents["measure"] == "share"
    target = next(t for t in alliance["targets"] if t["component"] == component)
    rows = [_row(entry, by_share) for entry in target["ranking"]]
    if by_share:
        rows.sort(key=lambda row: -row["dot"])
    area = PlotArea(left=112, right=56, height=ROW * len(rows), top=28 if by_share else 12)
    top = max(target["threshold"] * 1.1, *(row["high"] * 1.04 for row in rows)) if by_share else 100

    def at(field: str) -> alt.X:
        shown = alt.X(f"{field}:Q").scale(domain=[0, top], nice=False)
        return shown.axis(tickCount=5, format=".2~f", title=None, domain=False, ticks=False, labelFlush=False)

    order = alt.Y("country:N").scale(domain=[row["country"] for row in rows])
    order = order.axis(
        title=None, domain=False, ticks=False, labelColor=options.colours.ink, labelLimit=100, labelPadding=6
    )
    base = alt.Chart(data(rows))
    main = options.colours.main
    layers: list[Any] = [
        base.mark_rule(color=options.colours.bands[2], strokeWidth=4, strokeCap="round").encode(
            x=at("low"), x2="high", y=order
        ),
        base.mark_circle(color=main, size=62, opacity=1).encode(x=at("dot"), y=order),
        base.mark_text(align="right", fontSize=SMALL, color=options.colours.ink, fontWeight="bold").encode(
            x=alt.XValue(options.width - area.left - 14), y=order, text="written:N"
        ),
    ]
    if by_share:
        layers.insert(
            0,
            rule(
                options, x=target["threshold"], color=options.colours.target, strokeWidth=1.5, strokeDash=[8, 3, 2, 3]
            ),
        )
        place = area.inner(options) * target["threshold"] / top
        caption = f"target {text.bare(target['threshold'])}"
        layers.append(
            label(caption, place, -7, options, align="center", color=options.colours.target, fontWeight="bold")
        )
    deadline, threshold = alliance["deadline"], text.bare(target["threshold"])
    what = WHAT[component]
    title = (
        f"Median spending on {what} in {deadline}, % of GDP"
        if by_share
        else f"Probability of at least {threshold} of GDP on {what} in {deadline}"
    )
    marks = (
        "Dot: median; line: 80 % of the simulated futures"
        if by_share
        else "Dot: probability, %; line: from the model that expects least to the one that expects most (no line: "
        "all models agree)"
    )
    return chart(
        layers,
        options,
        area,
        title=title,
        subtitle=f"{marks}. Scenario: {text.clip(scenario(alliance), 260, 12)}.",
        finding=_finding(alliance, target, rows, by_share, what),
        foot=footer(alliance, options),
    )


def _row(entry: Document, by_share: bool) -> dict[str, Any]:
    """One ally's row; probabilities as percentages."""
    country = entry["country"]["name"]
    if by_share:
        middle, (low, high) = entry["share_pct"]["median"], entry["share_pct"]["interval_80"]
        return {"country": country, "dot": middle, "low": low, "high": high, "written": text.share(middle)}
    p, (low, high) = entry["at_deadline"], entry["across_members"]
    return {"country": country, "dot": 100 * p, "low": 100 * low, "high": 100 * high, "written": percent(p)}


def _finding(alliance: Document, target: Document, rows: list[Any], by_share: bool, what: str) -> str:
    deadline, threshold = alliance["deadline"], text.bare(target["threshold"])
    first, last = rows[0], rows[-1]
    if by_share:
        over = sum(row["dot"] >= target["threshold"] for row in rows)
        return (
            f"{under(alliance, begins=True)} the median spending on {what} of {over} of {len(rows)} allies is at "
            f"{threshold} of GDP or more in {deadline}: from {first['country']} ({first['written']}) to "
            f"{last['country']} ({last['written']}). Lines hold 80 % of the simulated futures."
        )
    ends = f"{first['country']} is likeliest ({first['written']}), {last['country']} least likely ({last['written']})"
    if first["dot"] == last["dot"]:
        ends = f"all are equally likely to ({first['written']})"
    return (
        f"{under(alliance, begins=True)} {target['likelier_than_not']} of {len(rows)} allies are more likely than not "
        f"to spend {threshold} of GDP or more on {what} in {deadline}: {ends}. Lines run from the model that expects "
        "least to the one that expects most."
    )
