"""Writes ``docs/accuracy.md`` from the published track record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.evaluation import published

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"

HEAD = """# How often were we right?

Every figure on this page is of model version {model_version}, vintage {vintage}. Made by `make publish`,
which runs `forecast-service backtest --publish`: every origin from {first} to {last} is refitted with nothing
later than it, all allies are forecast up to {horizon} years ahead, and what happened is scored. The same
figures come from `GET /v1/track-record`.

Skill is 1 - CRPS / CRPS of a random walk in logs: above 0 is better than assuming that nothing changes.
Intervals are 90 %, by a bootstrap over countries. `baseline` counts pledges, `trend` does not. `make
accuracy` prints the same scores beside statsforecast's AutoETS, AutoARIMA and AutoTheta, all run then and
there.

"""

TAIL = """
## What the model cannot know

- A war, a change of government, or a court. The spread covers what has happened to allies since 1949, not
  what has not.
- The present: NATO's last two years are estimates. Their usual revision is in the paths; a definition that
  changes is not.
- The level of related spending, which nobody publishes: a prior, not a fit.
- Whether this pledge is like the earlier ones. It is larger, and made after the invasion of Ukraine.
- How fast a panel can move: from 2014 on the 80 % interval covered {late:.0%} of outcomes, since the rise
  after 2022 was faster than anything the panel had shown for decades.

## What was chosen with the outcomes in sight

Parameters and weights are learned at each origin and see nothing later. The structure (two pooled members,
the shape of the pledge member, how much weight it starts with) was chosen by people who knew how 1999-2025
went, which flatters these figures somewhat. [Decision
4](decisions/0004-what-was-learned-and-what-was-chosen.md) says what was chosen how.
"""


def row(cells: list[object]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(str(c) for c in cells) + " |\n"


def scores(name: object, found: dict[str, Any], extra: tuple[object, ...] = ()) -> str:
    """One row of scores."""
    if not found["forecasts"]:
        return row([name, *extra, 0, "", "", "", "", ""])
    skill = f"{found['skill']:+.3f}"
    if "skill_low" in found:
        skill += f" ({found['skill_low']:+.3f} to {found['skill_high']:+.3f})"
    late = found.get("skill_from_2014")
    cells = [
        skill,
        "" if late is None else f"{late:+.3f}",
        f"{found['coverage_80']:.3f}",
        f"{found['coverage_95']:.3f}",
    ]
    return row([name, *extra, found["forecasts"], *cells, f"{found['brier']:.3f}"])


def table(first: list[str], rows: list[str]) -> str:
    """A table of scores with its heading."""
    heading = [*first, "forecasts", "skill", "skill from 2014", "80 % covers", "95 % covers", "Brier"]
    return row(heading) + row(["---"] * len(heading)) + "".join(rows)


def page(record: dict[str, Any]) -> str:
    """The whole page."""
    first, last = record["origins"]
    text = HEAD.format(first=first, last=last, **{k: record[k] for k in ("model_version", "vintage", "horizon")})
    text += table([""], [scores(n.replace("_", " "), record[n]) for n in ("random_walk", "trend", "baseline")])
    members = [scores(m["name"], m, (f"{m['weight']:.2f}",)) for m in record["members"]]
    text += "\n## Members\n\nEach by itself, with its weight at the last origin.\n\n" + table(
        ["member", "weight"], members
    )
    by_horizon = [scores(h["horizon"], h) for h in record["by_horizon"]]
    text += "\n## By horizon (baseline)\n\n" + table(["years ahead"], by_horizon)
    by_period = [scores(f"{p['from']}-{p['to']}", p) for p in record["by_period"]]
    text += "\n## By origin (baseline)\n\n" + table(["origins"], by_period)
    by_country = [scores(c["country"], c) for c in record["by_country"]]
    text += "\n## By country (baseline)\n\n" + table(["country"], by_country)
    text += "\n## Reliability\n\nA rise by at least 10, 30 or 50 %: what was said, and how often it happened.\n\n"
    text += row(["said", "happened", "forecasts"]) + row(["---"] * 3)
    text += "".join(
        row([f"{b['probability']:.2f}", f"{b['frequency']:.2f}", b["forecasts"]]) for b in record["reliability"]
    )
    text += "\nShare of outcomes in each tenth of their distribution (0.10 each if calibrated): "
    text += ", ".join(f"{x:.2f}" for x in record["pit"]) + ".\n"
    return text + wales(record["wales"]) + TAIL.format(late=record["baseline"]["coverage_80_from_2014"])


def wales(found: dict[str, Any]) -> str:
    """The section on the pledge of Wales."""
    text = (
        f"\n## The pledge of Wales\n\nOf {found['below_in_2014']} allies of today that were below 2 % in 2014, "
        f"{found['reached_in_2024']} were there in 2024. Brier score of that event, averaged by origin (2014-2023), "
        "then over origins; a coin scores 0.25. Finland and Sweden were bound by no pledge before 2022: *bound* leaves "
        "out whoever was not bound at the origin.\n\n"
    )
    names = ("random_walk", "trend", "baseline", "trend_bound", "baseline_bound")
    origins = sorted(found["baseline"]["by_origin"], key=int)
    text += row(["", "mean", *origins]) + row(["---"] * (len(origins) + 2))
    for name in names:
        by_origin = found[name]["by_origin"]
        cells = [f"{by_origin[o]:.2f}" if o in by_origin else "" for o in origins]
        text += row([name.replace("_", " "), f"{found[name]['brier']:.3f}", *cells])
    return text


def main() -> None:
    PAGE.write_text(page(published.load()), encoding="utf-8")


if __name__ == "__main__":
    main()
