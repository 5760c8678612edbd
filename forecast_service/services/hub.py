"""The current forecast of all allies in the hubverse's form."""

from __future__ import annotations

from functools import partial
from typing import Any

from forecast_service.forecasting.registry import forecasters
from forecast_service.http.tables import Table
from forecast_service.hub import tables
from forecast_service.observability import telemetry
from forecast_service.services import forecasts, price
from forecast_service.services.scenario_lookup import look_up
from models.analysis.predictive import THRESHOLDS, predictive, worlds
from models.dataset.countries import COMPONENTS, allies
from models.errors import CannotForecast
from models.evaluation.levels import HUB_LEVELS
from models.scenarios.targets import Targets

MOST_ROWS = 200_000
"""Of an answer: every form but samples, of all allies up to the last deadline."""


def model_output(
    *,
    targets: Targets,
    output_type: list[str],
    samples: int,
    scenario: str = "baseline",
    vintage: str | None = None,
    location: list[str] | None = None,
) -> tuple[Table, dict[str, Any]]:
    """The distributions of the allies of ``location`` (alpha-3 codes; all if None) under a scenario; facts about them.

    Parameters
    ----------
    scenario : a name or an id. targets : of these the deadline counts.
    output_type : of :data:`forecast_service.schemas.hub.OUTPUT_TYPES`. samples : how many, if samples are asked for.

    Raises
    ------
    UnknownSaved, OldForm, FitUnavailable, CannotForecast, and the errors of
    :func:`forecast_service.services.admission.computing`
    """
    (found, _), forecaster = look_up(scenario), forecasters().forecaster(vintage)
    figures, asked = forecaster.figures, set(output_type)
    ids = worlds(forecaster.draws, samples) if "sample" in asked else []
    wanted = [ally for code, ally in allies(figures.tables).items() if location is None or code in location]
    years = targets.deadline - figures.origin
    rows = _rows(years * sum(len(COMPONENTS) if ally.has_armed_forces else 1 for ally in wanted), asked, len(ids))
    levels, thresholds = HUB_LEVELS if "quantile" in asked else (), THRESHOLDS if "cdf" in asked else ()
    priced = partial(price.distributions, rows=rows)
    with forecasts.computing_together(forecaster, found, priced, targets, countries=location):
        forms = {"levels": levels, "thresholds": thresholds}
        said = predictive(forecaster, found, targets, countries=location, samples=len(ids), **forms)
        table = tables.model_output(said, figures.vintage, figures.origin, scenario, asked, ids)
    telemetry.annotate(scenario=forecasts.logged(scenario), vintage=figures.vintage)
    return table, {"scenario": scenario, "deadline": targets.deadline, "vintage": figures.vintage}


def _rows(tasks: int, output_types: set[str], samples: int) -> int:
    """The rows of an answer with so many ``tasks`` (ally, target and year). Raises CannotForecast if too many."""
    others = {"mean": 1, "median": 1, "quantile": len(HUB_LEVELS), "cdf": len(THRESHOLDS)}
    each = sum(others.get(name, 0) for name in output_types)
    if tasks * (each + samples) > MOST_ROWS:
        detail = f"must be at most {MOST_ROWS // tasks - each}, as an answer has at most {MOST_ROWS:,} rows; more for "
        raise CannotForecast("samples", detail + "fewer locations or an earlier deadline")
    return tasks * (each + samples)
