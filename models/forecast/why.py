"""Why the probability of the core target is what it is, in points of probability that add up.

Each part adds one thing to those before it: the level alone (the panel model without momentum), then the momentum of
all allies, plans and budgets, pledges, and the scenario's levers. Another order would give other parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.paths import Floats
from models.scenarios.targets import least_met, proportion

PARTS = {"level": "level", "panel": "momentum", "plans": "plans"}
"""What the members' own distributions add, in order: key of :attr:`models.simulation.path_store.Fit.alone` -> part."""
WHY_PARTS = ("level", "momentum", "plans", "pledge", "scenario")
"""The names of all parts, in order."""
_WORDS = {
    "momentum": ("the recent change of all allies", "adds", "takes away"),
    "plans": ("budgets and plans", "add", "take away"),
    "pledge": ("pledges", "add", "take away"),
    "scenario": ("the scenario", "adds", "takes away"),
}
"""Part -> its name, and the verbs for more and for less."""


@dataclass(frozen=True)
class Why:
    """The parts, name -> probability that it adds, in order; their sum is the probability. ``sentence`` says it."""

    parts: Mapping[str, float]
    sentence: str


def probability_alone(quantiles: Floats, threshold: float, draws: int) -> float:
    """The probability of at least ``threshold`` (% of GDP) by one year's quantiles, array (levels,), of ``draws``.

    The quantiles go from the lowest to the highest draw in equal parts; linear between them, never exactly 0 or 1.
    """
    levels = np.linspace(0, 1, quantiles.size)
    least = proportion(0, draws)
    return float(np.clip(1 - np.interp(least_met(threshold), quantiles, levels), least, 1 - least))


def why(
    alone: Mapping[str, Floats], draws: int, column: int, threshold: float, probability: float, baseline: float | None
) -> Why | None:
    """The parts of ``probability``; None for a series without a panel.

    Parameters
    ----------
    alone : see :attr:`models.simulation.path_store.Fit.alone`; of so many ``draws``.
    column : the deadline's. threshold : % of GDP.
    baseline : the probability before the scenario's levers; None if they leave core unchanged.
    """
    if not alone:
        return None
    fitted = probability if baseline is None else baseline
    reached = [
        (part, probability_alone(alone[key][column], threshold, draws)) for key, part in PARTS.items() if key in alone
    ]
    if "pledge" in alone:
        reached.append(("pledge", fitted))
    else:  # the last part has all draws: its probability is the fit's
        reached[-1] = reached[-1][0], fitted
    if baseline is not None:
        reached.append(("scenario", probability))
    before = [0.0, *(p for _, p in reached)]
    parts = {part: p - earlier for (part, p), earlier in zip(reached, before, strict=False)}
    return Why(parts, _sentence(reached))


def _sentence(reached: Sequence[tuple[str, float]]) -> str:
    """The parts in words; differences of whole percentages, so that they add up as they are read."""
    level, *later = [(part, round(100 * p)) for part, p in reached]
    changes: list[str] = []
    before = level[1]
    for part, now in later:
        if now != before:
            name, more, less = _WORDS[part]
            points = abs(now - before)
            unit = "" if changes else " point" if points == 1 else " points"
            changes.append(f"{name} {more if now > before else less} {points}{unit}")
        before = now
    found = f"Today's level alone gives a chance of {_whole(level[1])}."
    if not changes:
        return f"{found} Nothing else changes that."
    said = ", ".join(changes)
    return f"{found} {said[:1].upper()}{said[1:]}: together {_whole(before)}."


def _whole(percent: int) -> str:
    """A whole percentage; none is certain."""
    return "less than 1 %" if percent == 0 else "more than 99 %" if percent == 100 else f"{percent} %"
