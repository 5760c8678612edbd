"""Shared by all charts: colours, fonts, title and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt

from forecast_service.charts import text
from forecast_service.formatting import title
from models.scenarios.directions import DIRECTIONS

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""vl-convert includes Liberation Sans, so text is the same on every machine. Arial has the same widths."""
MARGIN = 14
TITLE, TITLE_NARROW, TEXT, SMALL, FOOT = 16, 14, 12, 11, 10
NARROW = 480
"""Charts narrower than this (pixels) show less."""
LONGEST_NAME = 40
"""Most characters shown of a scenario's name. The finding is also sent in a header, which gateways limit to 4 KB."""

Document = dict[str, Any]
Style = dict[str, Any]


@dataclass(frozen=True)
class Palette:
    """Colours, distinct for colour-blind readers (after Okabe and Ito). Colour is never the only difference."""

    ground: str
    ink: str
    quiet: str
    line: str
    main: str
    bands: tuple[str, str, str]  # 95, 80, 50 %
    target: str
    others: tuple[str, str, str]
    up: str
    down: str
    ramp: tuple[str, str]  # from 0 to 100 %


LIGHT = Palette(
    ground="#ffffff",
    ink="#1b2430",
    quiet="#5a6675",
    line="#dfe4ea",
    main="#0a5a9c",
    bands=("#dcebf7", "#b5d5ee", "#86b9e0"),
    target="#b34700",
    others=("#00755a", "#9c3f80", "#8a6100"),
    up="#0a6fb5",
    down="#c75200",
    ramp=("#eef4fa", "#084a87"),
)
DARK = Palette(
    ground="#12171f",
    ink="#e8edf3",
    quiet="#a3afbd",
    line="#2c3541",
    main="#8cc8ff",
    bands=("#1a2e42", "#23466a", "#2f6599"),
    target="#ff9f5a",
    others=("#4fd1ac", "#f09bd0", "#e8c15a"),
    up="#6bb5f0",
    down="#f0914a",
    ramp=("#1a222d", "#9ad0ff"),
)
DASHES = ((9, 3), (3, 3), (9, 3, 2, 3))
"""Dashes of the overlays' lines; those of the median are (6, 4)."""


@dataclass(frozen=True)
class Imprint:
    """What a picture says about itself, so that it can be credited and found again when it is away from its page.

    Parameters
    ----------
    published : day on which the newest figures were published, ISO 8601; empty if none is known.
    address : of the page that shows the same, without ``https://``; empty if the service's public address is not set.
    sipri : whether figures of SIPRI are among those that the answer rests on.
    """

    published: str = ""
    address: str = ""
    sipri: bool = False

    def source(self, vintage: str) -> str:
        """The publishers, the vintage and its day."""
        published = f", published {self.published}" if self.published else ""
        return f"Source: NATO{' and SIPRI' if self.sipri else ''} (vintage {vintage}{published})"

    def found_at(self, room: float, size: float) -> str:
        """As much of the address as ``room`` pixels hold: all, or without its query, or the host; else nothing."""
        whole = self.address
        path = whole.partition("?")[0]
        return next((one for one in (whole, path, path.partition("/")[0]) if text.width(one, size) <= room), "")


TERMS = "Free to use with this credit; NATO's figures not to be sold or used in advertising."
"""What DATA-LICENSE.md says of the figures that pictures show; the pictures themselves have no further terms."""


@dataclass(frozen=True)
class ChartOptions:
    """Theme and width (pixels) of a chart, and its imprint."""

    theme: str
    width: int
    imprint: Imprint = Imprint()

    @property
    def colours(self) -> Palette:
        return DARK if self.theme == "dark" else LIGHT

    @property
    def narrow(self) -> bool:
        return self.width < NARROW


@dataclass(frozen=True)
class PlotArea:
    """Height and margins (pixels) of the plot area, which holds the axes, within the chart."""

    left: float
    right: float
    height: float
    bottom: float = 24
    top: float = 10

    def inner(self, options: ChartOptions) -> float:
        """Width of the plot area."""
        return options.width - self.left - self.right


def values(rows: list[dict[str, Any]]) -> alt.InlineData:
    """``rows`` as inline data of the specification."""
    return alt.InlineData(values=rows)


def label(text: str | list[str], x: float, y: float, options: ChartOptions, **style: Any) -> alt.Chart:
    """Text at a position in pixels from the upper left corner of the plot area."""
    usual: Style = {"align": "left", "baseline": "middle", "fontSize": SMALL, "color": options.colours.ink}
    mark = alt.Chart(values([{}])).mark_text(text=text, **usual | style)
    return mark.encode(x=alt.XValue(x), y=alt.YValue(y))


def rule(options: ChartOptions, *, x: float | None = None, y: float | None = None, **style: Any) -> alt.Chart:
    """A line across the plot area at one value of an axis."""
    mark = alt.Chart(values([{"at": x if y is None else y}])).mark_rule(**style)
    return mark.encode(x="at:Q") if y is None else mark.encode(y="at:Q")


def years(first: int, last: int, width: float) -> list[int]:
    """Ticks of an axis of years that is ``width`` pixels wide."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if width / max(1, (last - first) / s) >= 42)
    return [year for year in range(first, last + 1) if year % step == 0]


def rows_from_above(count: int) -> alt.Scale:
    """A scale that puts row 0 at the top."""
    return alt.Scale(domain=[count, 0], nice=False, padding=0)


def footer(document: Document, options: ChartOptions, note: str = "") -> list[str]:
    """Source, vintage, its day, model version, a note of the chart, the terms, and the address of the page."""
    source = f"{options.imprint.source(document['vintage'])}, forecast_service model {document['model_version']}."
    wide = options.width - 2 * MARGIN
    lines = text.wrap(f"{source} {note} {TERMS}".replace("  ", " "), wide, FOOT)
    address = options.imprint.found_at(wide, FOOT)
    return [*lines, address] if address else lines


def scenario(document: Document) -> str:
    """The name of the scenario, which may be any user's text; of a shipped one as the page writes it."""
    named = document["scenario"]
    name = text.clean(named if isinstance(named, str) else named["name"]) or "unnamed"
    if name in DIRECTIONS and name != "baseline":
        name = title(name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def under(document: Document, *, begins: bool = False) -> str:
    """``in the baseline`` or ``under the scenario NAME``, with a capital if it begins a sentence."""
    name, first = scenario(document), "IU" if begins else "iu"
    return f"{first[0]}n the baseline" if name == "baseline" else f"{first[1]}nder the scenario {name}"


def chart(
    layers: list[Any],
    options: ChartOptions,
    area: PlotArea,
    *,
    title: str,
    subtitle: str,
    finding: str,
    foot: list[str],
) -> Document:
    """The specification: ``layers`` with title and footer, and ``finding`` as its description (the alt text)."""
    colours, wide = options.colours, options.width - 2 * MARGIN
    size = TITLE_NARROW if options.narrow else TITLE
    titles, subtitles = text.wrap(title, wide, size), text.wrap(subtitle, wide, TEXT)
    top = MARGIN + len(titles) * 20 + len(subtitles) * 16 + area.top
    bottom = area.bottom + 8 + len(foot) * 13 + MARGIN - 4
    head: Style = {"baseline": "top", "align": "left"}
    written = [
        label(
            titles, MARGIN - area.left, MARGIN - top, options, **head, fontSize=size, fontWeight="bold", lineHeight=20,
        ),
        label(
            subtitles, MARGIN - area.left, MARGIN - top + len(titles) * 20 + 2, options, **head, fontSize=TEXT,
            lineHeight=16, color=colours.quiet,
        ),
        label(
            foot, MARGIN - area.left, area.height + area.bottom + 8, options, **head, fontSize=FOOT, lineHeight=13,
            color=colours.quiet,
        ),
    ]  # fmt: skip
    chart = (
        alt.layer(*layers, *written)
        .properties(
            width=area.inner(options),
            height=area.height,
            autosize=alt.AutoSizeParams(type="none"),
            padding={"left": area.left, "right": area.right, "top": top, "bottom": bottom},
            background=colours.ground,
            description=finding,
        )
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=colours.quiet,
            labelFontSize=SMALL,
            domainColor=colours.quiet,
            tickColor=colours.quiet,
            gridColor=colours.line,
            titleColor=colours.quiet,
            titleFontSize=SMALL,
            titleFontWeight="normal",
        )
    )
    # altair would validate each part, which takes most of the time; the tests validate the whole specification.
    specification: Document = chart.to_dict(validate=False)
    return specification
