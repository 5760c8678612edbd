"""A forecast in one line, for notebooks."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from models.dataset.observations import load_figures
from models.forecast.forecaster import Forecaster
from models.forecast.question import DRAWS, SEED
from models.forecast.result import Forecast
from models.scenarios.scenario import Scenario
from models.scenarios.targets import Targets
from models.simulation.path_store import PathStore


def forecast_country(
    country: str,
    scenario: str | Scenario = "baseline",
    targets: Targets | None = None,
    *,
    origin: int | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Forecast:
    """The probability that ``country`` meets ``targets`` under ``scenario``, by the newest figures.

    The first forecast of an ally takes seconds, since its models are fitted; its fits are saved in a temporary
    folder until the process ends.

    Parameters
    ----------
    country : ISO alpha-2, alpha-3 or English name.
    scenario : the name of a shipped scenario, or a scenario.
    targets : thresholds in % of GDP and the deadline; The Hague's if None.
    origin : the last year known; the last of the figures if None.
    draws, seed : how many futures are simulated, and from which random numbers.

    Raises
    ------
    UnknownCountry, UnknownScenario, ContradictoryLevers, LeverOverflow, CannotForecast
    """
    return _forecaster(draws, seed).forecast(country, scenario, targets, origin=origin)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """The folder of the fits; deleted when the process ends."""
    return tempfile.TemporaryDirectory(prefix="forecasts-")


@cache
def _forecaster(draws: int, seed: int) -> Forecaster:
    return Forecaster(load_figures(), PathStore(Path(_folder().name)), draws, seed)
