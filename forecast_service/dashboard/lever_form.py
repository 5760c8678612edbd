"""The assumptions that readers can set on the page. Each has a field of the query, a number input and a slider."""

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
    name : field of the query.
    lever, value : type of the lever, and its field with the number.
    low, high, step : of the slider; the number input accepts what the API accepts.
    neutral : position of the slider while the assumption is not set.
    fixed : further fields of the lever, which readers cannot set.
    dated : whether it has the years 'from' and 'to'.
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
    fixed: Mapping[str, Any] = field(default_factory=dict)
    dated: bool = True


CONTROLS = (
    Control(
        "gdp", "Growth of GDP", "More or less than projected. Money stays, so less growth raises the share.",
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
BY_NAME = {control.name: control for control in CONTROLS}
FREEZES = {"share": "the share of GDP", "real": "real money", "nominal": "nominal money"}
YEARS = ("from", "to")
FURTHER = ("pledge_year", "belief", "freeze", *YEARS)
FIELDS = (*(control.name for control in CONTROLS), *FURTHER)


def number(text: str) -> Any:
    """The number in ``text``; if it is none, ``text`` itself, so that the API names the field in its error."""
    try:
        found = float(text)
    except ValueError:
        return text
    if not math.isfinite(found):
        return text
    return int(found) if found == found // 1 else found


def levers(fields: Mapping[str, str], deadline: int) -> list[tuple[str, dict[str, Any]]]:
    """The levers set by ``fields`` (which holds no empty text), each with the name of its field."""
    years = {name: number(fields[name]) for name in YEARS if name in fields}
    found: list[tuple[str, dict[str, Any]]] = []
    for control in CONTROLS:
        if control.name not in fields:
            continue
        lever = {"type": control.lever, control.value: number(fields[control.name])} | dict(control.fixed)
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
