"""Cards: one number large, for the preview that other sites show of a link (Open Graph).

A card has one size, 1200 x 630 pixels as PNG, and few words: it is shown as small as a stamp.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.charts.theme import FONT, ChartOptions, Document, Style, label, scenario, under
from forecast_service.charts.theme import values as data
from forecast_service.formatting import SPENT_ON, frequency, likelihood, percent

WIDTH, HEIGHT = 600, 315
"""Of the specification; a PNG has twice as many pixels."""
EDGE = 30
WORDS = 300
"""Width of the column of words (pixels)."""
PLOT_LEFT, PLOT_TOP, PLOT_HEIGHT = 362, 142, 98
PLOT_WIDTH = WIDTH - EDGE - PLOT_LEFT
FOOT_AT = 286
LEVELS = ("0.1", "0.25", "0.5", "0.75", "0.9")
BEFORE = 10
"""Years of figures before the origin."""


def draw(documents: Document, options: ChartOptions) -> Document:
    """Draw the card of one ally.

    Parameters
    ----------
    documents : ``forecast`` (an answer); ``component``; ``history`` as in :func:`forecast_service.charts.fan.draw`.
    """
    forecast, component = documents["forecast"], documents["component"]
    target = next(t for t in forecast["targets"] if t["component"] == component)
    p = target["probability"]["at_deadline"]
    country, deadline, threshold = forecast["country"]["name"], forecast["deadline"], text.bare(target["threshold"])
    claim = f"to spend at least {threshold} of GDP on {SPENT_ON[component]} in {deadline}"
    return _card(
        options,
        [*_fan(forecast, component, documents["history"], target["threshold"], options)],
        title=country,
        number=percent(p),
        words=[frequency(p), likelihood(p)],
        claim=claim,
        under=_scenario(forecast),
        finding=f"{country} has a probability of {percent(p)} ({frequency(p)}) {claim}, {under(forecast)}.",
        document=forecast,
    )


def draw_alliance(documents: Document, options: ChartOptions) -> Document:
    """Draw the card of all allies from ``alliance`` (the answer) and ``component``."""
    alliance, component = documents["alliance"], documents["component"]
    target = next(t for t in alliance["targets"] if t["component"] == component)
    tally, deadline, threshold = target["at_deadline"], alliance["deadline"], text.bare(target["threshold"])
    low, high = tally["interval_80"]
    claim = f"spend at least {threshold} of GDP on {SPENT_ON[component]} in {deadline}"
    return _card(
        options,
        _count(tally, options),
        title="NATO",
        number=str(tally["median"]),
        words=[f"of {tally['allies']} allies", "in the median of the futures"],
        claim=claim,
        under=f"{_scenario(alliance)}; {low} to {high} in 8 of 10 futures",
        finding=f"{under(alliance, begins=True)} {tally['median']} of {tally['allies']} allies {claim}, in the median "
        f"of the simulated futures; in 80 % of them {low} to {high} do.",
        document=alliance,
    )


def _scenario(document: Document) -> str:
    name = scenario(document)
    return "on present course" if name == "baseline" else f"scenario: {name}"


def _card(
    options: ChartOptions,
    plot: list[Any],
    *,
    title: str,
    number: str,
    words: list[str],
    claim: str,
    under: str,
    finding: str,
    document: Document,
) -> Document:
    """The specification. ``words`` are two lines beside the number."""
    colours = options.colours
    beside = EDGE + text.width(number, 76) * 0.98 + 12
    foot = f"{options.imprint.source(document['vintage'])}, model {document['model_version']}."
    site = options.imprint.address.partition("/")[0] or "forecast_service"
    lines = text.wrap(claim, WORDS, 19)
    quiet = text.wrap(under, WORDS, 15)[:2]
    written = [
        label(text.clip(title, WIDTH - 2 * EDGE, 30), EDGE, 42, options, fontSize=30, fontWeight="bold"),
        label(number, EDGE, 102, options, fontSize=76, fontWeight="bold", color=colours.main),
        label(words[0], beside, 88, options, fontSize=20, fontWeight="bold"),
        label(words[1], beside, 113, options, fontSize=16, color=colours.quiet),
        label(lines, EDGE, 162, options, fontSize=19, lineHeight=24),
        label(quiet, EDGE, 162 + 24 * len(lines) + 3, options, fontSize=15, lineHeight=19, color=colours.quiet),
        alt.Chart(data([{}])).mark_rule(color=colours.line, strokeWidth=1).encode(
            x=alt.XValue(EDGE), x2=alt.X2Value(WIDTH - EDGE), y=alt.YValue(FOOT_AT - 16), y2=alt.Y2Value(FOOT_AT - 16)
        ),
        label(foot, EDGE, FOOT_AT, options, fontSize=12, color=colours.quiet),
        label(site, WIDTH - EDGE, FOOT_AT, options, fontSize=12, fontWeight="bold", align="right", color=colours.main),
    ]  # fmt: skip
    chart = (
        alt.layer(*plot, *written)
        .properties(
            width=WIDTH,
            height=HEIGHT,
            autosize=alt.AutoSizeParams(type="none"),
            padding=0,
            background=colours.ground,
            description=finding,
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
    )
    specification: Document = chart.to_dict(validate=False)
    return specification


def _scales(first: float, last: float, top: float) -> tuple[alt.X, Any]:
    """The axes of the plot, in its corner of the card; they are not drawn."""
    x = alt.X("x:Q").scale(domain=[first, last], range=[PLOT_LEFT, PLOT_LEFT + PLOT_WIDTH], nice=False).axis(None)

    def y(field: str) -> alt.Y:
        place = alt.Y(f"{field}:Q").scale(domain=[0, top], range=[PLOT_TOP + PLOT_HEIGHT, PLOT_TOP], nice=False)
        return place.axis(None)

    return x, y


def _fan(
    forecast: Document, component: str, history: list[Document], threshold: float, options: ChartOptions
) -> list[Any]:
    """A fan of the 80 and 50 % bands without axes, with the target and the two years that matter."""
    colours, origin, deadline = options.colours, forecast["origin"], forecast["deadline"]
    known = [it for it in history if origin - BEFORE <= it["year"] <= origin]
    found = forecast["paths"][component]["quantiles"]
    rows = [
        {"x": year} | {name: found[level][t] for name, level in zip("abmcd", LEVELS, strict=True)}
        for t, year in enumerate(forecast["paths"]["years"])
    ]
    if known and known[-1]["year"] == origin:
        rows.insert(0, {"x": origin} | dict.fromkeys("abmcd", known[-1]["share_pct"]))
    first = known[0]["year"] if known else rows[0]["x"]
    highest = max([row["d"] for row in rows] + [it["share_pct"] for it in known] + [threshold])
    top = highest * 1.08
    x, y = _scales(first, deadline, top)
    level = PLOT_TOP + PLOT_HEIGHT * (1 - threshold / top)
    right = PLOT_LEFT + PLOT_WIDTH
    past = [{"x": it["year"], "m": it["share_pct"]} for it in known]
    small: Style = {"fontSize": 13, "color": colours.quiet}
    fan = alt.Chart(data(rows))
    layers: list[Any] = [
        fan.mark_area(color=colours.bands[1]).encode(x=x, y=y("a"), y2="d"),
        fan.mark_area(color=colours.bands[2]).encode(x=x, y=y("b"), y2="c"),
        fan.mark_line(color=colours.main, strokeDash=[6, 4], strokeWidth=2.5).encode(x=x, y=y("m")),
        alt.Chart(data(past)).mark_line(color=colours.ink, strokeWidth=2.5).encode(x=x, y=y("m")),
        alt.Chart(data([{}])).mark_rule(color=colours.target, strokeWidth=2, strokeDash=[8, 3, 2, 3]).encode(
            x=alt.XValue(PLOT_LEFT), x2=alt.X2Value(right), y=alt.YValue(level), y2=alt.Y2Value(level)
        ),
        label(text.bare(threshold), PLOT_LEFT, level - 10, options, fontSize=14, fontWeight="bold",
              color=colours.target),
        label(str(first), PLOT_LEFT, PLOT_TOP + PLOT_HEIGHT + 6, options, **small),
        label(str(deadline), right, PLOT_TOP + PLOT_HEIGHT + 6, options, align="right", **small),
    ]  # fmt: skip
    return layers


def _count(tally: Document, options: ChartOptions) -> list[Any]:
    """The distribution of the count; counts within the 80 % interval are filled."""
    colours, (low, high), most = options.colours, tally["interval_80"], tally["allies"]
    bars = [{"x": n, "p": p, "zero": 0, "inside": low <= n <= high} for n, p in enumerate(tally["distribution"])]
    x, y = _scales(-0.5, most + 0.5, max(bar["p"] for bar in bars) * 1.12)
    layers: list[Any] = []
    for inside in (True, False):
        part = [bar for bar in bars if bar["inside"] == inside]
        style: Style = {"color": colours.main} if inside else {"color": colours.bands[0], "stroke": colours.main}
        if part:
            mark = alt.Chart(data(part)).mark_bar(size=PLOT_WIDTH / (most + 1) * 0.72, strokeWidth=1, **style)
            layers.append(mark.encode(x=x, y=y("p"), y2="zero:Q"))
    small: Style = {"fontSize": 13, "color": colours.quiet, "align": "center"}
    for n in (0, tally["median"], most):
        place = PLOT_LEFT + PLOT_WIDTH * (n + 0.5) / (most + 1)
        if n == tally["median"] or abs(n - tally["median"]) > 3:
            layers.append(label(str(n), place, PLOT_TOP + PLOT_HEIGHT + 6, options, **small))
    return layers
