"""Draws how paths go on after each lever that ends, light and dark: ``make images``.

Italy's median core share (for ``shock``: its 90 % quantile) from the service's own forecasts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from forecast_service import create_app
from forecast_service.charts.theme import DARK, FONT, LIGHT, Palette

FOLDER = Path(__file__).parent
COUNTRY, ENDS = "ITA", 2030
LEVERS: tuple[dict[str, Any], ...] = (
    {"type": "freeze", "what": "real"},
    {"type": "share_path", "points": {"2030": 2.1}},
    {"type": "cap", "share_pct": 2.1},
    {"type": "floor", "share_pct": 3.0},
    {"type": "pledge", "share_pct": 3.2, "year": 2030},
    {"type": "delay", "years": 3},
    {"type": "shock", "spread_factor": 2},
)
LINES = ("without the lever", "continue", "resume")


def rows() -> list[dict[str, Any]]:
    """One row for each lever, line and year."""
    client = create_app().test_client()
    found = []
    for lever in LEVERS:
        quantile = "0.9" if lever["type"] == "shock" else "0.5"
        for line in LINES:
            levers = [] if line == LINES[0] else [lever | {"to": ENDS, "after": line}]
            asked = {"country": COUNTRY, "scenario": {"name": "picture", "levers": levers}, "quantiles": [0.5, 0.9]}
            answer = client.post("/v1/forecasts", json=asked)
            if answer.status_code != 200:
                raise SystemExit(answer.text)
            paths = answer.json["paths"]
            shares = paths["core"]["quantiles"][quantile]
            found += [
                {"lever": lever["type"], "line": line, "year": year, "share": share}
                for year, share in zip(paths["years"], shares, strict=True)
            ]
    return found


def drawn(data: list[dict[str, Any]], colours: Palette) -> str:
    """The chart as SVG."""
    base = alt.Chart(alt.InlineData(values=data)).encode(
        x=alt.X("year:Q", title=None, axis=alt.Axis(format="d", values=[2027, 2030, 2035], grid=False)),
        y=alt.Y("share:Q", title=None, scale=alt.Scale(zero=False)),
        color=alt.Color(
            "line:N",
            title=None,
            sort=LINES,
            scale=alt.Scale(domain=LINES, range=[colours.quiet, colours.main, colours.target]),
        ),
        strokeDash=alt.StrokeDash("line:N", sort=LINES, scale=alt.Scale(domain=LINES, range=[[2, 2], [1, 0], [6, 3]])),
    )
    chart = (
        base.mark_line(strokeWidth=2)
        .properties(width=190, height=120)
        .facet(alt.Facet("lever:N", title=None, sort=[lever["type"] for lever in LEVERS]), columns=3)
        .resolve_scale(y="independent")
        .properties(background=colours.ground)
        .configure(font=FONT)
        .configure_view(stroke=colours.line)
        .configure_header(labelColor=colours.ink, labelFontSize=13)
        .configure_legend(labelColor=colours.ink, orient="top", symbolSize=300)
        .configure_axis(
            labelColor=colours.quiet,
            domainColor=colours.quiet,
            tickColor=colours.quiet,
            gridColor=colours.line,
        )
    )
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[])
    return svg


def main() -> None:
    """Draw the chart in both themes."""
    data = rows()
    for theme, colours in (("light", LIGHT), ("dark", DARK)):
        (FOLDER / f"after-{theme}.svg").write_text(drawn(data, colours), encoding="utf-8")


if __name__ == "__main__":
    main()
