"""The assumptions that the page lets a reader set: each a field of the query, a number input and a slider."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Control:
    """One assumption.

    Parameters
    ----------
    name : of the field of the query.
    lever, value : type of the lever, and its field that holds the number.
    low, high, step : of the slider; the number input takes what the API takes.
    neutral : where the slider stands while the assumption is not made.
    beside : further fields of the lever, always the same.
    dated : whether the years 'from' and 'to' hold for it.
    """

    name: str
    label: str
    hint: str
    unit: str
    lever: str
    value: str
    low: float
    high: float
    step: float
    neutral: float
    beside: Mapping[str, Any] = field(default_factory=dict)
    dated: bool = True


CONTROLS = (
    Control(
        "gdp", "Growth of GDP", "More or less than projected; spending in money stays what it is.",
        "points a year", "gdp_growth", "change_pp", -6, 6, 0.5, 0,
    ),
    Control(
        "spend", "Growth of core spending", "Real growth on top of what each future has anyway.",
        "points a year", "spending_growth", "change_pp", -8, 8, 0.5, 0,
    ),
    Control(
        "pledge", "A pledge on core", "Reached in a straight line; those above it stay above.",
        "% of GDP", "pledge", "share_pct", 1.5, 6, 0.1, 3.5, dated=False,
    ),
    Control(
        "delay", "Plans arrive later", "The whole path waits so many years, then goes on.",
        "years", "delay", "years", 0, 8, 1, 0, {}, dated=False,
    ),
    Control(
        "floor", "Floor", "No future falls below this share.", "% of GDP", "floor", "share_pct", 0.5, 6, 0.1, 2,
    ),
    Control(
        "cap", "Cap", "No future rises above this share.", "% of GDP", "cap", "share_pct", 0.5, 6, 0.1, 3.5,
    ),
    Control(
        "spread", "Uncertainty", "1 as it is; 2 twice as far from the middle, 0.5 half as far.",
        "times", "shock", "spread_factor", 0.5, 2, 0.1, 1,
    ),
    Control(
        "related_pledge", "A pledge on related spending", "The 1.5 % part, reached by the deadline.",
        "% of GDP", "pledge", "share_pct", 0.2, 3, 0.1, 1.5, {"component": "related"}, dated=False,
    ),
    Control(
        "recount", "Counted as related", "Spending that exists already and is now counted.",
        "% of GDP", "reclassify", "share_pct", 0.1, 1.5, 0.1, 0.1, {"component": "related"},
    ),
)  # fmt: skip
FREEZES = {"share": "the share of GDP", "real": "real money", "nominal": "nominal money"}
YEARS = ("from", "to")
BESIDE = ("pledge_year", "belief", "freeze", *YEARS)
FIELDS = (*(control.name for control in CONTROLS), *BESIDE)


def number(text: str) -> Any:
    """A number where the text is one; otherwise the text itself, which the API then refuses by name."""
    try:
        found = float(text)
    except ValueError:
        return text
    if not math.isfinite(found):
        return text
    return int(found) if found == found // 1 else found


def levers(fields: Mapping[str, str], deadline: int) -> list[tuple[str, dict[str, Any]]]:
    """The levers that the fields ask for, each with the name of its field; ``fields`` holds no empty text."""
    years = {name: number(fields[name]) for name in YEARS if name in fields}
    found: list[tuple[str, dict[str, Any]]] = []
    for control in CONTROLS:
        if control.name not in fields:
            continue
        lever = {"type": control.lever, control.value: number(fields[control.name])} | dict(control.beside)
        if control.dated:
            lever |= years
        if control.lever == "pledge":
            lever["year"] = deadline
        if control.name == "pledge":
            lever["year"] = number(fields.get("pledge_year", str(deadline)))
            if "belief" in fields:
                lever["credibility"] = number(fields["belief"])
        found.append((control.name, lever))
    if "freeze" in fields:
        found.append(("freeze", {"type": "freeze", "what": fields["freeze"]} | years))
    return found
