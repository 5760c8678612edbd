"""Writes ``docs/accuracy.md`` from the published track record, today's answers and the frozen forecasts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy.today import CHOSEN, HIGH, Cells, ally_table, bundled, class_table, today, variant_table
from models.dataset.observations import load_figures
from models.dataset.plan_record import resolved_plans
from models.evaluation import frozen, published

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"
WRONG = 0.1
"""A larger mean log error, or difference between what was said and what was, is called wrong."""
FEW = 10
"""Fewer resolved views are too few to judge anybody by."""

HEAD = """# How good were past forecasts?

For every origin from {first} to {last} the models were fitted on figures up to that year. Their forecasts of all
allies, up to {horizon} years ahead, were compared with the outcomes known so far. Model version {model_version},
vintage {vintage}.

`make publish` computes the scores; `GET /v1/track-record` returns them, and `GET /v1/track-record/forecasts` the
baseline's forecasts beside the outcomes. `make accuracy` adds statsforecast's AutoETS, AutoARIMA and AutoTheta.
`python -m benchmarks.accuracy.compare` puts other versions beside this one.

- **skill**: 1 - CRPS / CRPS of a random walk in logs. Above 0 is better than expecting no change. In brackets: its 90 %
  interval, by a bootstrap over countries and five-year blocks of origins.
- **80 % covers**: fraction of outcomes inside the 80 % interval.
- **Brier**: mean Brier score for a rise by at least 10, 30 and 50 %. Lower is better.
- **trend** is the panel model: history alone. **baseline** adds plans, budgets and pledges.

"""

TAIL = """
## What the model cannot know

- **Where all allies go together.** The figures do not tell to which level their shares return, nor how long a surge
  lasts. Both are wide, and assumed (see the constants above).
- **Events without a precedent** among allies since 1949.
- **The present.** NATO's last two years are estimates. Forecasts allow for their usual revision, not for a new
  definition.
- **Related spending.** Nobody publishes its level; it rests on a prior.
- **Whether this pledge is like earlier ones.** It is larger, and it followed the invasion of Ukraine.
- **How fast allies can change.** From 2014 on the trend's 80 % interval covered {late:.0f} % of outcomes: the rise
  after 2022 was the fastest for decades.
- **What plans are worth.** The plans in the data were made since 2024, so the scores hardly test them; their errors are
  those of earlier plans.

## What was chosen after the outcomes were known

Structure and priors rest on outcomes up to 2013. But the people who chose them had seen other models' scores up to
2025, and two earlier versions of this model were scored before this one. So scores from 2014 on are not blind:
[decision 13](decisions/0013-the-panel-model.md) has the order of events.
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


def page(record: dict[str, Any], now: dict[str, Any]) -> str:
    """The whole page.

    Parameters
    ----------
    record : the published track record.
    now : as :func:`benchmarks.accuracy.today.today` makes it.
    """
    first, last = record["origins"]
    text = HEAD.format(first=first, last=last, **{k: record[k] for k in ("model_version", "vintage", "horizon")})
    text += table([""], [scores(n.replace("_", " "), record[n]) for n in ("random_walk", "trend", "baseline")])
    text += since_1965(record["since_1965"]) + by_level(record["by_level"])
    members = [scores(m["name"], m, (f"{m['weight']:.2f}",)) for m in record["members"]]
    text += (
        "\n## Members (each alone)\n\n`panel` is the trend. The baseline of an ally with a pledge is a mixture of "
        "`plans` (the panel model, informed by budgets and plans) and `pledge` (the same, lifted by pledges), with "
        "their weights at the last origin; without a pledge it is `plans`.\n\n"
    )
    text += table(["member", "weight"], members)
    by_horizon = [scores(h["horizon"], h) for h in record["by_horizon"]]
    text += "\n## By horizon (baseline)\n\n" + table(["years ahead"], by_horizon)
    by_period = [scores(f"{p['from']}-{p['to']}", p) for p in record["by_period"]]
    text += "\n## By origin (baseline)\n\n" + table(["origins"], by_period)
    by_country = [scores(c["country"], c) for c in record["by_country"]]
    text += "\n## By country (baseline)\n\n" + table(["country"], by_country)
    text += "\n## Reliability\n\nForecasts of a rise by at least 10, 30 or 50 %, in groups of similar probability.\n\n"
    groups = [[f"{b['probability']:.2f}", f"{b['frequency']:.2f}", b["forecasts"]] for b in record["reliability"]]
    text += plain(["mean probability", "happened", "forecasts"], groups)
    text += "\nFraction of outcomes in each tenth of the forecast distribution (0.10 each if calibrated): "
    text += ", ".join(f"{x:.2f}" for x in record["pit"]) + ".\n"
    text += wales(record["wales"]) + parameters(record["parameters"])
    text += todays_answers(now) + outside_views(record["outside_views"])
    text += frozen_forecasts(frozen.record(load_figures(), frozen.read_all()))
    return text + TAIL.format(late=100 * record["trend"]["coverage_80_from_2014"])


def plain(heading: list[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of any cells."""
    return row([*heading]) + row(["---"] * len(heading)) + "".join(row([*cells]) for cells in rows)


def since_1965(found: dict[str, Any]) -> str:
    """The section on the trend from origins before 1999."""
    return (
        "\n## Since 1965 (trend)\n\nOrigins 1965, 1970 ... 1995. No pledge of those years is in the data.\n\n"
        + table([""], [scores("trend", found)])
    )


def by_level(rows: list[dict[str, Any]]) -> str:
    """The section on forecasts 8 to 10 years ahead by the share at the origin."""
    text = (
        "\n## By level of spending\n\nForecasts 8 to 10 years ahead, by the share at the origin. **log error**: mean "
        "of log(outcome / median), above 0 if forecasts were too low. **said, was**: mean probability of a rise by at "
        "least 30 %, and how often it happened.\n\n"
    )
    heading = ["scenario", "origins", "share, % of GDP", "forecasts", "log error", "80 % covers", "said", "was"]
    text += plain(heading, [_level_cells(found) for found in rows])
    text += "\nStill wrong (log error beyond 0.1, or said and was more than 0.1 apart):\n\n"
    text += "".join(f"- {line}\n" for line in map(_still_wrong, rows) if line)
    return text + (
        "\nMost shares above 1.5 % fell from 1965 to 1995, and low ones rose from 2014 on. The model assumes that all "
        "allies together go neither way for long. A drift would have made the errors of one period smaller and those "
        "of the other larger.\n"
    )


def _level_cells(found: dict[str, Any]) -> list[object]:
    return [
        found["scenario"],
        f"{found['from_origin']}-{found['to_origin']}",
        _class(found),
        found["forecasts"],
        f"{found['log_error']:+.2f}",
        f"{found['coverage_80']:.2f}",
        f"{found['said_rise_30']:.2f}",
        f"{found['was_rise_30']:.2f}",
    ]


def _class(found: dict[str, Any]) -> str:
    low, high = found["share_from"], found["share_to"]
    return f"< {high:g}" if not low else f">= {low:g}" if high >= 100 else f"{low:g}-{high:g}"


def _still_wrong(found: dict[str, Any]) -> str:
    """What is wrong with one class, in words; empty if nothing is."""
    error, said, was = found["log_error"], found["said_rise_30"], found["was_rise_30"]
    wrong = []
    if abs(error) > WRONG:
        wrong.append(f"outcomes were {_percent(error)} the median")
    if abs(said - was) > WRONG:
        wrong.append(
            f"a rise by 30 % was said {'too often' if said > was else 'too seldom'} ({said:.2f}, was {was:.2f})"
        )
    where = f"{found['scenario']}, {found['from_origin']}-{found['to_origin']}, shares {_class(found)} %"
    return f"{where}: {' and '.join(wrong)}." if wrong else ""


def _percent(log_ratio: float) -> str:
    """A log ratio in words, such as "20 % above"."""
    return f"{100 * abs(math.expm1(log_ratio)):.0f} % {'above' if log_ratio > 0 else 'below'}"


def parameters(rows: list[dict[str, Any]]) -> str:
    """The section on every parameter."""
    origins = sorted({origin for found in rows for origin in found["at"]}, key=int)
    text = (
        "\n## Every parameter\n\nWhat was assumed, and what the figures up to an origin made of it (mean +- standard "
        "error). Where an estimate is the prior, there was no evidence yet. What the figures cannot move is called a "
        "constant.\n\n"
    )

    def estimate(found: dict[str, Any], origin: str) -> str:
        if not found["at"]:
            return "constant"
        at = found["at"].get(origin)
        return "" if at is None else f"{at['mean']:.2g}" + ("" if at["sd"] is None else f" +- {at['sd']:.2g}")

    cells = [[f["name"], f["meaning"], f["prior"], *(estimate(f, o) for o in origins)] for f in rows]
    return text + plain(["parameter", "meaning", "prior", *origins], cells)


def todays_answers(now: dict[str, Any]) -> str:
    """The section on today's answers beside base rates."""
    years = now["years"]
    high = next(found for found in now["classes"] if found["share_from"] == HIGH)
    said = high["said"]
    largest = max(row[scenario]["mean_2060"] for row in now["allies"] for scenario in ("trend", "baseline"))
    text = (
        f"\n## Today's answers beside history\n\n`python -m benchmarks.accuracy.today`. Core shares in % of GDP: now, "
        f"median and 97.5 % point in 2035, probability of being 30 % above the present share in 2035, mean in 2060. No "
        f"number is capped; the largest mean in 2060 is {largest:.1f}.\n\n{_markdown(ally_table(now))}\nHistory's base "
        f"rate: separate windows of {years} years of today's allies since 1949, some of them before they joined, by "
        f"the share at their start, and how many ended 30 % up. Beside it the mean probability of the allies that are "
        f"in the class now; the last columns change the trend. *No momentum*: the recent change of all allies is over. "
        f"*Shocks alone*: nor does any ally return toward the others. *Fading*: the part of what goes on of a change "
        f"that is left a year later; {CHOSEN.fading[0]:g} as it is. *Level "
        f"known*: all allies return to their present level, without the wide "
        f"error.\n\n{_markdown(class_table(now))}\nOf shares from {HIGH:g} to {high['share_to']:g} %, {high['rose']} "
        f"of {high['windows']} rose by 30 %; the trend says {said['trend']:.2f}. **The momentum causes most of the "
        f"distance**: all shares grew by {100 * now['smoothed_change']:.0f} % a year of late (smoothed), "
        f"{now['momentum']:.2f} of which goes on in the next year; without it {said['no momentum']:.2f} is left. How "
        f"fast it fades is the judgement that matters most: {said['fading 0.4']:.2f} at 0.4 and "
        f"{said['fading 0.8']:.2f} at 0.8 a year. In the other classes the same holds, and below 2.5 % the return "
        f"toward allies that spend more adds to it. What is left is the spread of the shocks, which is learned from "
        f"shares of all levels. The effect on each ally above {HIGH:g} %:\n\n"
    )
    return text + _markdown(variant_table(now))


def _markdown(found: Cells) -> str:
    return plain(*found)


def outside_views(rows: list[dict[str, Any]]) -> str:
    """The section on what others expect."""
    scored = [found for found in rows if found["log_error"] is not None]
    low = sum(found["log_error"] > 0 for found in scored)
    text = (
        "\n## What others expect\n\nOutside views of core spending, each by who holds it, at an address that can be "
        "opened. They are no anchor: nothing is fitted to them. Beside each stands the median of our baseline, its 80 "
        "% interval and, where the view is one bound, our probability that it holds. Where the figure is known, ours "
        "is the forecast from the year before the statement, and both have a log error (above 0: too low).\n\n"
    )
    heading = ["who", "stated", "about", "year", "view", "ours", "we give it", "outcome", "its error", "our error"]
    text += plain(heading, [_view_cells(found) for found in rows])
    if scored:
        errors = [sum(abs(found[name]) for found in scored) / len(scored) for name in ("log_error", "our_log_error")]
        text += (
            f"\nResolved so far: {len(scored)}, of which {low} {'was' if low == 1 else 'were'} too low. Mean absolute "
            f"log error {errors[0]:.2f}, ours {errors[1]:.2f}."
            + (" That is too few to say who is better.\n" if len(scored) < FEW else "\n")
        )
    plans = [math.log(plan.outcome_pct / plan.plan_pct) for plan in resolved_plans()]
    outrun = sum(error > 0 for error in plans) / len(plans)
    return text + (
        f"\nThere are more plans of governments than outside views: of {len(plans)} whose year is known "
        f"(`models/data/plan_record.csv`), {100 * outrun:.0f} % were outrun; the median outcome was "
        f"{_percent(statistics.median(plans))} the plan.\n"
    )


def _view_cells(found: dict[str, Any]) -> list[object]:
    low, high, ours = found["low_pct"], found["high_pct"], found["ours"]
    if low is None and high is None:
        view = ""
    elif low is None or high is None:
        view = f"< {high:g}" if low is None else f">= {low:g}"
    else:
        view = f"{low:g}" if low == high else f"{low:g}-{high:g}"
    if found["rank"] is not None:
        view = f"{view} (group {found['rank']} of its order)".strip()
    number = "" if ours is None else f"{ours['median_pct']:.2f} ({ours['low_pct']:.2f}-{ours['high_pct']:.2f})"
    given = "" if ours is None or ours["probability"] is None else f"{ours['probability']:.2f}"
    scored = ("" if x is None else f"{x:+.2f}" for x in (found["log_error"], found["our_log_error"]))
    outcome = "" if found["outcome_pct"] is None else f"{found['outcome_pct']:.2f}"
    who = f"[{found['who']}]({found['source']})"
    about = found["country"] or found["group"]
    return [who, found["stated_on"], about, found["year"], view, number, given, outcome, *scored]


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
    with bundled() as forecaster:
        PAGE.write_text(page(published.load(), today(forecaster)), encoding="utf-8")


if __name__ == "__main__":
    main()
