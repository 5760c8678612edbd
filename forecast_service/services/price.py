"""The price of a question, known before it is computed.

A unit is the time of one forecast of one ally to 2035 with one lever, 10,000 draws and saved fits.
``python -m benchmarks.speed.price`` compares prices with times.

The time grows with the years and the draws, and with every lever in every year. With Y years, L levers and the fraction
d of 10,000 draws a forecast costs

    d * (BASE + Y * (YEAR + LEVER_YEAR * L))

units, rounded up. The other questions are multiples or sums of it.
"""

from __future__ import annotations

import math

from models.analysis.sensitivity import lever_years
from models.forecast.question import DRAWS, Question

BASE, YEAR, LEVER_YEAR = 0.19, 0.07, 0.02
REQUIREMENT = 2.0
"""A requirement, as a multiple of a forecast."""
OF_ALLIANCE = 0.6
"""One ally within the alliance, as a multiple of a forecast."""
MOVED_BASE, MOVED_YEAR, MOVED_LEVER_YEAR = 0.3, 0.5, 0.027
"""A sensitivity: in all, for every year, and for every year that a lever changes in any of its scenarios."""
DISTRIBUTION_ROWS, PATH_ROWS = 400, 1_000
"""So many rows of a table of distributions, and of one of simulated paths, cost a unit: the first are written row by
row, the others by column.
"""
FIT = 25
"""A fit that is not saved."""
DRAWING = 10
"""A chart."""


def forecast(question: Question, fits: int = 0) -> int:
    """The price of a forecast; ``fits`` are those that are not saved."""
    return _whole(_forecast(question), question.basis.draws, fits)


def requirement(question: Question, fits: int = 0) -> int:
    """The price of a requirement; parameters as :func:`forecast`."""
    return _whole(REQUIREMENT * _forecast(question), question.basis.draws, fits)


def sensitivity(question: Question, fits: int = 0) -> int:
    """The price of a sensitivity; parameters as :func:`forecast`."""
    years = question.deadline - question.origin
    moved = MOVED_BASE + MOVED_YEAR * years + MOVED_LEVER_YEAR * lever_years(question)
    return _whole(_forecast(question) + moved, question.basis.draws, fits)


def alliance(years: int, levers: int, allies: int, draws: int, fits: int = 0) -> int:
    """The price of a forecast of several allies together.

    Parameters
    ----------
    years : from the origin to the deadline. levers : of the scenario.
    allies, draws : how many. fits : that are not saved.
    """
    return _whole(allies * OF_ALLIANCE * _units(years, levers), draws, fits)


def distributions(years: int, levers: int, allies: int, draws: int, fits: int = 0, *, rows: int) -> int:
    """The price of several allies' whole distributions as ``rows`` of a table; the others as :func:`alliance`."""
    return _whole(allies * _units(years, levers), draws, fits) + math.ceil(rows / DISTRIBUTION_ROWS)


def paths_together(years: int, levers: int, allies: int, draws: int, fits: int = 0, *, rows: int) -> int:
    """The price of the simulated paths of several allies as ``rows`` of a table; the others as :func:`alliance`."""
    return alliance(years, levers, allies, draws, fits) + path_rows(rows)


def path_rows(count: int) -> int:
    """The price of writing so many rows of simulated paths, on top of the forecast that they come from.

    It lies between that of Parquet and that of CSV, since the format is not known yet.
    """
    return math.ceil(count / PATH_ROWS)


def _forecast(question: Question) -> float:
    return _units(question.deadline - question.origin, len(question.scenario.acting(question.ally)))


def _units(years: int, levers: int) -> float:
    return BASE + years * (YEAR + LEVER_YEAR * levers)


def _whole(units: float, draws: int, fits: int) -> int:
    return math.ceil(round(units * draws / DRAWS, 6)) + fits * FIT
