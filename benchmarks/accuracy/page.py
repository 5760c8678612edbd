"""Writes ``docs/accuracy.md`` from the published track record and the frozen forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.dataset.observations import load_figures
from models.evaluation import frozen, published

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"

HEAD = """# How good were past forecasts?

For every origin from {first} to {last} the models were fitted on figures up to that year. Their forecasts of all
allies, up to {horizon} years ahead, were compared with the outcomes known so far. Model version {model_version},
vintage {vintage}.

`make publish` computes the scores; `GET /v1/track-record` returns them. `make accuracy` adds statsforecast's AutoETS,
AutoARIMA and AutoTheta.

- **skill**: 1 - CRPS / CRPS of a random walk in logs. Above 0 is better than expecting no change. In brackets: its 90 %
  interval, by a bootstrap over countries.
- **80 % covers**: fraction of outcomes inside the 80 % interval.
- **Brier**: mean Brier score for a rise by at least 10, 30 and 50 %. Lower is better.
- **baseline** includes pledges; **trend** does not.

"""

TAIL = """
## What the model cannot know

- **Events without a precedent** among allies since 1949.
- **The present.** NATO's last two years are estimates. Forecasts allow for their usual revision, not for a new
  definition.
- **Related spending.** Nobody publishes its level; it rests on a prior.
- **Whether this pledge is like earlier ones.** It is larger, and it followed the invasion of Ukraine.
- **How fast allies can change.** From 2014 on the 80 % interval covered {late:.0f} % of outcomes: the rise after 2022
  was the fastest for decades.

## What was chosen after the outcomes were known

People who knew the outcomes chose the model's structure. So the scores look somewhat better than they are:
[decision 4](decisions/0004-what-was-learned-and-what-was-chosen.md).
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
    text += (
        "\n## Members (each alone)\n\nWeights are those at the last origin. `pledge` has its weight where a pledge "
        "applies; the others share the rest in proportion to their weights.\n\n"
    )
    text += table(["member", "weight"], members)
    by_horizon = [scores(h["horizon"], h) for h in record["by_horizon"]]
    text += "\n## By horizon (baseline)\n\n" + table(["years ahead"], by_horizon)
    by_period = [scores(f"{p['from']}-{p['to']}", p) for p in record["by_period"]]
    text += "\n## By origin (baseline)\n\n" + table(["origins"], by_period)
    by_country = [scores(c["country"], c) for c in record["by_country"]]
    text += "\n## By country (baseline)\n\n" + table(["country"], by_country)
    text += "\n## Reliability\n\nForecasts of a rise by at least 10, 30 or 50 %, in groups of similar probability.\n\n"
    text += row(["mean probability", "happened", "forecasts"]) + row(["---"] * 3)
    text += "".join(
        row([f"{b['probability']:.2f}", f"{b['frequency']:.2f}", b["forecasts"]]) for b in record["reliability"]
    )
    text += "\nFraction of outcomes in each tenth of the forecast distribution (0.10 each if calibrated): "
    text += ", ".join(f"{x:.2f}" for x in record["pit"]) + ".\n"
    text += wales(record["wales"]) + frozen_forecasts(frozen.record(load_figures()))
    return text + TAIL.format(late=100 * record["baseline"]["coverage_80_from_2014"])


def wales(found: dict[str, Any]) -> str:
    """The section on the pledge of Wales."""
    text = (
        f"\n## The pledge of Wales\n\nOf today's allies {found['below_in_2014']} were below 2 % in 2014; "
        f"{found['reached_in_2024']} of them spent 2 % or more in 2024. The table has that event's Brier score. "
        "Always saying 50 % scores 0.25. Rows with *bound* leave out allies that had made no pledge by that origin "
        "(Finland and Sweden before 2022).\n\n"
    )
    names = ("random_walk", "trend", "baseline", "trend_bound", "baseline_bound")
    origins = sorted(found["baseline"]["by_origin"], key=int)
    text += row(["", "mean", *origins]) + row(["---"] * (len(origins) + 2))
    for name in names:
        by_origin = found[name]["by_origin"]
        cells = [f"{by_origin[o]:.2f}" if o in by_origin else "" for o in origins]
        text += row([name.replace("_", " "), f"{found[name]['brier']:.3f}", *cells])
    return text


def frozen_forecasts(found: list[dict[str, Any]]) -> str:
    """The section on frozen forecasts, as :func:`models.evaluation.frozen.record` returns them."""
    text = (
        "\n## Frozen forecasts\n\nAll scores above are of forecasts made anew for past origins. At each release, and "
        "when a vintage is bundled, the day's forecasts of all allies are frozen: files in `models/data/frozen` that "
        "never change. `SHA256SUMS` lists them. The figures of later years score them.\n\n"
    )
    if not found:
        return text + "None has been frozen yet.\n"
    heading = ["file", "release", "allies", "figures known since", "skill", "trend", "80 % covers", "95 % covers"]
    text += row([*heading, "SHA-256"]) + row(["---"] * (len(heading) + 1))
    for it in found:
        cells = [""] * 4
        if it["resolved"]:
            skills = [f"{scored['skill']:+.3f}" for scored in (it, it["trend"])]
            cells = [*skills, f"{it['coverage_80']:.3f}", f"{it['coverage_95']:.3f}"]
        text += row([it["file"], it["release"], it["allies"], it["resolved"], *cells, it["sha256"][:12]])
    return text


def main() -> None:
    PAGE.write_text(page(published.load()), encoding="utf-8")


if __name__ == "__main__":
    main()
