"""Levers in words, for everything that a reader sees: notes, charts, the page. It imports nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NAMES: Mapping[str, str] = {
    "counting_rule": "What counts as related",
    "history_override": "Own figures of the past",
    "gdp_growth": "Growth of GDP",
    "spending_growth": "Growth of spending",
    "share_path": "Path of the share",
    "pledge": "Pledge",
    "delay": "Delay",
    "exit": "Plan ends after an election",
    "shock": "More or less uncertainty",
    "freeze": "Freeze",
    "step": "One-off purchase",
    "reclassify": "Counted as defence",
    "floor": "Floor",
    "cap": "Cap",
    "without_pledges": "Plans and pledges left out",
}
"""By type of lever. The last is no lever: a scenario can leave out the effect of plans and pledges."""

OF_NO_COMPONENT = frozenset({"counting_rule", "history_override", "gdp_growth", "without_pledges"})
COMPONENTS = {"core": "core defence", "related": "related spending"}
"""What a lever acts on."""
JOINED: Mapping[str, str] = {
    "share_path": "Path of {}",
    "delay": "Delay of {}",
    "exit": "Plan for {} ends after an election",
    "shock": "More or less uncertainty about {}",
    "reclassify": "Counted as {}",
}
"""The name with what the lever acts on, where "NAME on WHAT" would be no English."""

NUMBERS: Mapping[str, str] = {
    "share_pct": "its share of GDP",
    "change_pp": "its points a year",
    "rate_pct": "its growth a year",
    "credibility": "how far it is kept",
    "spread_factor": "its factor of the spread",
    "tails": "its tails",
    "reversion": "how far it goes back",
    "probability": "its probability",
}
"""The numbers of levers, by field."""


def named(lever: Mapping[str, Any]) -> str:
    """A lever in few words: its name, what it acts on and its years.

    Parameters
    ----------
    lever : as in JSON: ``type``, and where they apply ``component`` (core if absent), ``from`` and ``to`` (years).
    """
    name = NAMES.get(lever["type"], lever["type"].replace("_", " ").capitalize())
    if lever["type"] not in OF_NO_COMPONENT:
        part = COMPONENTS[lever.get("component") or "core"]
        name = JOINED.get(lever["type"], f"{name} on {{}}").format(part)
    first, last = lever.get("from"), lever.get("to")
    if first and first == last:
        when = f" in {first}"
    else:
        when = (f" from {first}" if first else "") + (f" to {last}" if last else "")
    return name + when


def numbered(names: Iterable[str]) -> list[str]:
    """``names``, each that occurs several times with its place among its likes."""
    listed = list(names)
    seen: dict[str, int] = {}
    found = []
    for name in listed:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} ({seen[name]} of {listed.count(name)})" if listed.count(name) > 1 else name)
    return found
