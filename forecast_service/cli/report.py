"""A forecast in a terminal: a table of probabilities and a small fan chart."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from forecast_service.formatting import percent
from models.forecast.result import Fan, Forecast

WIDTH = 48
MARKS, ASCII_MARKS = "●━─┊≥", "o=-|>"
"""Of the median, the 80 % and 95 % intervals, the target, and the words "at least"."""


class Output(Console):
    """Standard output, whose closed pipe ends the command as everywhere else."""

    def on_broken_pipe(self) -> None:
        raise  # the BrokenPipeError that rich is handling


def show(forecast: Forecast, console: Console | None = None) -> None:
    """Print ``forecast``."""
    console = console or Output(highlight=False)
    marks = ASCII_MARKS if console.options.ascii_only else MARKS
    console.print(
        f"[bold]{forecast.ally.name}[/bold], {forecast.scenario.name}, {forecast.origin} to {forecast.deadline} "
        f"({forecast.vintage}, {forecast.draws:,} draws)"
    )
    table = Table("target", "at deadline", "by deadline", "held", "across members", "rests on")
    for target in forecast.targets:
        name = f"{target.component} {marks[4]} {target.threshold:g} %"
        if target.outcome is None:
            table.add_row(name, "n/a", "n/a", "n/a", "", target.reason)
            continue
        p = target.outcome.probability
        low, high = p.across_members
        table.add_row(
            name,
            percent(p.at_deadline),
            percent(p.by_deadline),
            percent(p.held),
            f"{percent(low)} to {percent(high)}",
            target.basis,
        )
    console.print(table)
    for name in ("core", "related"):
        if name in forecast.components:
            threshold = next(t.threshold for t in forecast.targets if t.component == name)
            legend = "median {}, 80 % {}, 95 % {}, target {}".format(*marks)
            console.print(f"\n{name}, % of {forecast.ally.denominator}: {legend}")
            for line in fan(forecast, forecast.components[name], threshold, marks):
                console.print(line)
            break
    for member, why in forecast.left_out.items():
        console.print(f"left out: {member} ({why})")
    for note in forecast.notes:
        console.print(note)


def show_real_time(record: dict[str, Any], console: Console | None = None) -> None:
    """Print the scores of a real-time backtest beside those of the ordinary one."""
    console = console or Output(highlight=False, width=None if sys.stdout.isatty() else 132)
    table = Table(
        title=f"as each edition said it, up to {record['horizon']} years ahead; outcomes: {record['vintage']}"
    )
    for column in ("edition", "origin", "known", "forecasts"):
        table.add_column(column, justify="right" if column in ("origin", "forecasts") else "left")
    for column in ("CRPS", "ordinary", "skill", "ordinary", "80 % covers", "ordinary"):
        table.add_column(column, justify="right")
    rows = [(e["edition"], str(e["origin"]), "all years" if e["whole"] else "last year", e) for e in record["editions"]]
    for name, label in (("whole", "whole editions"), ("single_columns", "single columns"), ("all", "all")):
        if found := record["together"].get(name):
            rows.append((label, "", f"{found['editions']} editions", found))
    for name, origin, known, found in rows:
        then, revised = found["real_time"], found["ordinary"]
        cells = [f"{side[what]:{form}}" for what, form in (("crps", ".3f"), ("skill", "+.3f"), ("coverage_80", ".3f"))
                 for side in (then, revised)]  # fmt: skip
        table.add_row(name, origin, known, str(found["forecasts"]), *cells)
    console.print(table)


def show_scores(record: dict[str, Any], console: Console | None = None) -> None:
    """Print the scores of a backtest."""
    # In a file, rich must not fold this wide table.
    console = console or Output(highlight=False, width=None if sys.stdout.isatty() else 132)
    first, last = record["origins"]
    table = Table(title=f"origins {first} to {last}, {record['horizon']} years ahead")
    for column in (
        "",
        "weight",
        "forecasts",
        "skill",
        "90 % interval",
        "skill from 2014",
        "80 % covers",
        "95 % covers",
        "Brier",
    ):
        table.add_column(column, justify="left" if not column else "right")
    rows = [
        ("random walk in logs", record["random_walk"]),
        ("trend", record["trend"]),
        ("baseline", record["baseline"]),
    ]
    for name, found in rows + [(member["name"], member) for member in record["members"]]:
        if found["forecasts"]:
            table.add_row(name, *_score_cells(found))
    console.print(table)
    wales = record["wales"]
    if wales["below_in_2014"]:
        briers = ", ".join(f"{name} {wales[name]['brier']:.3f}" for name in ("random_walk", "trend", "baseline"))
        console.print(f"Brier score of 2 % in 2024, averaged over origins 2014-2023: {briers}")


def _score_cells(found: dict[str, Any]) -> list[str]:
    late = found.get("skill_from_2014")
    return [
        f"{found['weight']:.2f}" if "weight" in found else "",
        str(found["forecasts"]),
        f"{found['skill']:+.3f}",
        f"{found['skill_low']:+.3f} to {found['skill_high']:+.3f}" if "skill_low" in found else "",
        "" if late is None else f"{late:+.3f}",
        f"{found['coverage_80']:.3f}",
        f"{found['coverage_95']:.3f}",
        f"{found['brier']:.3f}",
    ]


def fan(forecast: Forecast, paths: Fan, threshold: float, marks: str = MARKS) -> list[str]:
    """One line for each year: the median, its 80 % and 95 % intervals, and the threshold."""
    at = dict(zip(forecast.levels, paths.quantiles, strict=True))
    top = max(float(at[0.975].max()), threshold) * 1.02

    def column(value: float) -> int:
        return int(np.clip(round(value / top * (WIDTH - 1)), 0, WIDTH - 1))

    lines = []
    for t, year in enumerate(forecast.years):
        cells = [" "] * WIDTH
        for low, high, mark in ((0.025, 0.975, marks[2]), (0.1, 0.9, marks[1])):
            first, last = column(at[low][t]), column(at[high][t])
            cells[first : last + 1] = [mark] * (last + 1 - first)
        cells[column(threshold)] = marks[3]
        cells[column(at[0.5][t])] = marks[0]
        lines.append(f"{year}  {''.join(cells)}  {at[0.5][t]:.2f} ({at[0.1][t]:.2f} to {at[0.9][t]:.2f})")
    return lines
