"""The predictive distributions of all allies' shares, in the forms that forecasters exchange.

Forecast hubs take a distribution as mean, median, quantiles, probabilities not to exceed given values (its cumulative
distribution function) and samples of the joint distribution (Shandross et al. 2024, hubEnsembles). Sample i of every
ally, component and year is the same simulated world, since row i of all allies' paths is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.analysis.worlds import chosen_worlds
from models.dataset.countries import COMPONENTS, Ally, Component, allies
from models.errors import CannotForecast
from models.forecast import Forecaster, Question
from models.forecast.result import Fan, fans
from models.paths import Floats
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Targets, least_met, proportion
from models.series import Array

THRESHOLDS = tuple(
    sorted({n / 4 for n in range(1, 33)} | {round(least_met(Targets().threshold(part)), 3) for part in COMPONENTS})
)
"""Shares, % of GDP, for the cdf: every quarter of a point up to 8, and the least that NATO reports as at each target of
The Hague (3.495 for 3.5), at which the cdf is the probability of missing it."""


@dataclass(frozen=True)
class Predictive:
    """The distribution of one component's share of one ally, % of GDP, in each year from the origin's next on.

    Attributes
    ----------
    fan : mean, median and quantiles.
    cdf : array (thresholds, years), the probability of at most each threshold, never exactly 0 or 1.
    samples : array (samples, years).
    """

    ally: Ally
    component: Component
    fan: Fan
    cdf: Array
    samples: Floats


def worlds(draws: int, samples: int) -> list[int]:
    """The simulated worlds (rows of the paths) that ``samples`` of ``draws`` are (:func:`chosen_worlds`).

    Raises CannotForecast if there are not as many.
    """
    if samples > draws:
        raise CannotForecast("samples", f"must be at most {draws}, the simulated worlds of this service")
    return [int(number) for number in chosen_worlds(draws, samples)]


def predictive(
    forecaster: Forecaster,
    scenario: str | Scenario = "baseline",
    targets: Targets | None = None,
    *,
    countries: Collection[str] | None = None,
    levels: Sequence[float] = (),
    thresholds: Sequence[float] = (),
    samples: int = 0,
) -> Iterator[Predictive]:
    """The distributions of all allies' shares under a scenario, from the last year of the figures to the deadline.

    Allies that cannot be forecast, and components that do not apply to an ally, are left out.

    Parameters
    ----------
    scenario : name of a shipped scenario, which is built for each ally, or a scenario.
    targets : of these the deadline counts, and a related target above 1.5 %, which raises what the total counts.
    countries : alpha-3 codes; all allies if None.
    levels : of the quantiles, ascending, between 0 and 1. thresholds : of the cdf, % of GDP.
    samples : how many; see :func:`worlds`.

    Raises
    ------
    UnknownScenario, CannotForecast
    """
    targets = targets or Targets()
    forecaster.basis.check_years(forecaster.basis.origin(None), targets.deadline)
    rows = worlds(forecaster.draws, samples)
    for ally in allies(forecaster.figures.tables).values():
        if countries is not None and ally.code not in countries:
            continue
        question = Question.resolve(forecaster.basis, ally.code, scenario, targets)
        try:
            paths = forecaster.scenario_paths(question)
        except CannotForecast:
            continue
        found = fans(paths, tuple(levels))
        for component in COMPONENTS:
            if component in found:
                cdf = _cdf(paths.ordered(component)[1:], thresholds)
                yield Predictive(ally, component, found[component], cdf, paths.known(component)[rows, 1:])


def _cdf(by_year: Floats, thresholds: Sequence[float]) -> Array:
    """The probability of at most each threshold by sorted draws, array (years, draws); array (thresholds, years)."""
    at = np.array(thresholds, dtype=by_year.dtype)
    above = by_year.shape[1] - np.array([np.searchsorted(year, at, side="right") for year in by_year])
    found = [[1 - proportion(int(n), by_year.shape[1]) for n in row] for row in above.T]
    return np.array(found, dtype=float).reshape(len(at), len(by_year))  # also without thresholds
