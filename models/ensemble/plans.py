"""Budgets and plans as forecasts of the next years, in both directions.

A plan for the year ``y`` is an observation of that year's log share with an error. Its sd is that of resolved plans of
its status, times the root of the years between its statement and ``y`` (:func:`plan_errors`). Paths are conditioned on
it as an ensemble Kalman filter does (Evensen 1994, with perturbed observations): every year moves by its regression on
year ``y`` over the draws. So a plan carries the years before and after its own as far as the model ties them to it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.dataset.plan_record import ResolvedPlan
from models.series import Array

FORECASTS = ("plan", "budget", "law")
"""Statuses of a statement that count as a forecast; a bare aim is a pledge."""
ERROR_SD, ERROR_WEIGHT = 0.10, 5.0
"""Prior sd of a plan's log error one year ahead, and how many resolved plans it counts as. NATO's first estimates of a
year, which rest on budgets, miss the final figure by 8-10 % (``share_vintages.csv``)."""


@dataclass(frozen=True)
class Plan:
    """A government's plan to spend ``share_pct`` % of GDP in ``year``, stated in the year ``made``."""

    series: str
    status: str
    made: int
    year: int
    share_pct: float


def plan_errors(record: Iterable[ResolvedPlan]) -> Mapping[str, float]:
    """By status, the sd of a plan's log error, per root of the years ahead; a status without a record has all plans'.

    Parameters
    ----------
    record : plans whose outcome is known.
    """
    squares: dict[str, list[float]] = defaultdict(list)
    for plan in record:
        ahead = max(plan.year - plan.made, 1)
        squares[plan.status].append(math.log(plan.outcome_pct / plan.plan_pct) ** 2 / ahead)
    every = [square for found in squares.values() for square in found]
    overall = _shrunk(every, ERROR_SD**2)
    return {status: math.sqrt(_shrunk(squares[status], overall)) for status in FORECASTS}


def _shrunk(squares: Sequence[float], prior: float) -> float:
    return (sum(squares) + ERROR_WEIGHT * prior) / (len(squares) + ERROR_WEIGHT)


def in_force(plans: Iterable[Plan], series: str, origin: int) -> list[Plan]:
    """The plans of ``series`` known at ``origin`` for later years, one a year (the latest), by year."""
    known = [p for p in plans if p.series == series and p.made <= origin < p.year]
    latest = {p.year: p for p in sorted(known, key=lambda p: p.made)}
    return [latest[year] for year in sorted(latest)]


def condition(
    paths: Array, origin: int, plans: Iterable[Plan], errors: Mapping[str, float], rng: np.random.Generator
) -> Array:
    """Log paths (draws, horizon) from the year after ``origin``, conditioned on ``plans``, as :func:`in_force`."""
    for plan in plans:
        column = plan.year - origin - 1
        if column >= paths.shape[1]:
            continue
        error = errors[plan.status] * math.sqrt(max(plan.year - plan.made, 1))
        centred = paths - paths.mean(axis=0)
        seen = centred[:, column]
        gain = (seen @ centred) / len(seen) / (seen @ seen / len(seen) + error**2)
        observed = math.log(plan.share_pct) + error * rng.standard_normal(len(seen))
        paths = paths + (observed - paths[:, column])[:, None] * gain
    return paths
