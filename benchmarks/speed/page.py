"""Writes the measured parts of ``docs/performance.md`` and its chart from ``benchmarks/speed/results.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/speed/results.json"
PAGE = ROOT / "docs/performance.md"
PICTURE = ROOT / "docs/growth.svg"
BEGIN, END = "<!-- {}: made by `make bench` -->", "<!-- end of {} -->"


def row(cells: list[object]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def table(heading: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    return row(list(heading)) + row(["---"] * len(heading)) + "".join(row(cells) for cells in rows)


def sections(results: dict[str, Any]) -> dict[str, str]:
    """The measured parts of the page, by name."""
    targets = [
        [t["what"], t["ratio"], f"{t['holds']} {t['bound']:g}", _yes_no(t["met"]), t["spread"]]
        for t in results["targets"]
    ]
    growth = [
        [
            g["what"],
            f"{g['sizes'][0]:g} to {g['sizes'][-1]:g}",
            f"{g['costs'][-1]:.3g}",
            g["exponent"],
            g["bound"],
            g["why"],
        ]
        for g in results["growth"]
    ]
    profile = [[part, f"{share:.0%}"] for part, share in results["profile"].items()]
    return {
        "targets": table(["what / compared with", "ratio", "target", "met", "requests per worker, %"], targets),
        "growth": table(["cost of", "sizes", "last / first", "exponent", "at most", "why"], growth),
        "profile": table(["part", "share of CPU time"], profile),
    }


def _yes_no(met: bool) -> str:
    return "yes" if met else "**no**"


def page(text: str, results: dict[str, Any]) -> str:
    """``text`` with new measured parts."""
    for name, content in sections(results).items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"docs/performance.md lacks its part {name}")
        text = f"{before}{begin}\n\n{content}\n{end}{after}"
    return text


def picture(results: dict[str, Any]) -> str:
    """An SVG of cost by size, both relative to the first, on logarithmic axes."""
    import altair
    import vl_convert

    values = [
        {"what": g["name"], "size": size / g["sizes"][0], "cost": cost}
        for g in results["growth"]
        for size, cost in zip(g["sizes"], g["costs"], strict=True)
    ]
    chart = (
        altair.Chart(altair.Data(values=values))
        .mark_line(point=True)
        .encode(
            x=altair.X("size:Q", scale=altair.Scale(type="log"), title="size / first size"),
            y=altair.Y("cost:Q", scale=altair.Scale(type="log"), title="cost / first cost"),
            color=altair.Color("what:N", title=None, scale=altair.Scale(scheme="tableau20")),
        )
        .properties(width=560, height=360)
    )
    drawn: str = vl_convert.vegalite_to_svg(chart.to_json())
    return drawn


def main() -> None:
    results = json.loads(RESULTS.read_text())
    PAGE.write_text(page(PAGE.read_text(), results))
    PICTURE.write_text(picture(results))


if __name__ == "__main__":
    main()
