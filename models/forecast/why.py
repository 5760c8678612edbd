"""Why the probability of the core target is what it is, in points of probability that add up.

Each part adds one thing to those before it: the level alone (the panel model without momentum), then the momentum of
all allies, plans and budgets, pledges, and the scenario's levers. Another order would give other parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.ensemble.stacking import midpoints
from models.paths import Floats
from models.scenarios.targets import least_met

PARTS = {"level": "level", "panel": "momentum", "plans": "plans"}
"""What the members' own distributions add, in order: key of :attr:`models.simulation.path_store.Fit.alone` -> part."""
WHY_PARTS = ("level", "momentum", "plans", "pledge", "scenario")
"""The names of all parts, in order."""
_WORDS = {
    "momentum": "recent change of all allies",
    "plans": "budgets and plans",
    "pledge": "pledges",
    "scenario": "the scenario",
}


@dataclass(frozen=True)
class Why:
    """The parts, name -> probability that it adds, in order; their sum is the probability. ``sentence`` says it."""

    parts: Mapping[str, float]
    sentence: str


def probability_alone(quantiles: Floats, threshold: float) -> float:
    """The probability of at least ``threshold`` (% of GDP) by one year's quantiles at even midpoints, array (levels,).

    Linear between quantiles, and never exactly 0 or 1.
    """
    levels = midpoints(quantiles.size)
    return float(1 - np.interp(least_met(threshold), quantiles, levels))


def why(
    alone: Mapping[str, Floats], column: int, threshold: float, probability: float, baseline: float | None
) -> Why | None:
    """The parts of ``probability``; None for a series without a panel.

    Parameters
    ----------
    alone : see :attr:`models.simulation.path_store.Fit.alone`. column : the deadline's. threshold : % of GDP.
    baseline : the probability before the scenario's levers; None if it has none.
    """
    if not alone:
        return None
    parts: dict[str, float] = {}
    before = 0.0
    for key, part in PARTS.items():
        if key in alone:
            now = probability_alone(alone[key][column], threshold)
            parts[part], before = now - before, now
    fitted = probability if baseline is None else baseline
    if "plans" in alone:
        parts["pledge"] = fitted - before
    else:  # history alone: what the quantiles round belongs to the momentum
        parts["momentum"] += fitted - before
    if baseline is not None:
        parts["scenario"] = probability - baseline
    return Why(parts, _sentence(parts, probability))


def _sentence(parts: Mapping[str, float], probability: float) -> str:
    changes = []
    for name, words in _WORDS.items():
        points = round(100 * parts.get(name, 0.0))
        if points:
            changes.append(f"{words} {points:+d}")
    found = f"Today's level alone gives {100 * parts['level']:.0f} %"
    if changes:
        found += "; points from there: " + ", ".join(changes)
    return f"{found}. Together {100 * probability:.0f} %."
