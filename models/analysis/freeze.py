"""Makes the content of a frozen forecast: :mod:`models.evaluation.frozen` saves and scores it."""

from __future__ import annotations

from datetime import date
from typing import Any

from models.dataset.countries import COMPONENTS, Ally, allies
from models.dataset.observations import load_figures
from models.errors import CannotForecast
from models.evaluation.frozen import SCENARIOS
from models.evaluation.scores import log_change_sd
from models.forecast import MODEL_VERSION, Forecaster
from models.forecast.question import LEVELS
from models.forecast.result import Forecast
from models.scenarios.targets import HAGUE_DEADLINE, Probability, Targets

PLACES = 4
"""Decimals of all numbers."""
LEAST = 10**-PLACES


def freeze(forecaster: Forecaster, day: date, release: str) -> dict[str, Any]:
    """What ``forecaster`` says of all allies and The Hague's targets, from the last year of its figures.

    Parameters
    ----------
    day : of the freezing.
    release : version of the service.

    Returns
    -------
    dict with ``date``, ``release``, ``model_version``, ``vintage``, ``origin``, ``draws`` and ``seed``; ``targets``
    (thresholds in % of GDP, and the deadline); ``scenarios``; the quantiles' ``levels``; ``years``, from the one after
    the origin to the deadline; ``allies`` by alpha-3 code. Each ally has ``origin_share_pct``, the core share of the
    origin in the figures (% of GDP); ``sd_log_change``, the standard deviation of its annual log changes up to then,
    which the benchmark needs; and by ``scenarios`` the probabilities (at_deadline, by_deadline, held) of ``core``,
    ``related`` and ``total``, and ``core_share_pct``, the quantiles by year (% of GDP). None where something does not
    apply.

    Numbers are rounded to 4 decimals; a probability is never 0 or 1, so that its log score is finite.

    Raises
    ------
    CannotForecast
        if the figures reach the deadline, or newer ones are bundled: what is known already is not forecast.
    StoreUnavailable
    """
    figures, targets, known = forecaster.figures, Targets(), load_figures().origin
    if figures.origin < known:
        raise CannotForecast("vintage", f"must have figures up to {known}, since those are known already")
    forecaster.basis.check_years(figures.origin, HAGUE_DEADLINE)
    return {
        "date": day.isoformat(),
        "release": release,
        "model_version": MODEL_VERSION,
        "vintage": figures.vintage,
        "origin": figures.origin,
        "draws": forecaster.draws,
        "seed": forecaster.seed,
        "targets": {"deadline": targets.deadline} | {name: targets.threshold(name) for name in COMPONENTS},
        "scenarios": list(SCENARIOS),
        "levels": list(LEVELS),
        "years": list(range(figures.origin + 1, HAGUE_DEADLINE + 1)),
        "allies": {code: _ally(forecaster, ally) for code, ally in allies(figures.tables).items()},
    }


def _ally(forecaster: Forecaster, ally: Ally) -> dict[str, Any]:
    figures = forecaster.figures
    reached = figures.reach(ally, figures.origin)
    series = figures.panel().get(ally.code) if reached else None
    return {
        "origin_share_pct": None if series is None else _rounded(series.at(figures.origin)),
        "sd_log_change": None if series is None else _rounded(log_change_sd(series)),
        "scenarios": {
            scenario: _said(forecaster.forecast(ally.code, scenario)) if reached else _nothing()
            for scenario in SCENARIOS
        },
    }


def _nothing() -> dict[str, None]:
    """Of an ally whose figures are too few for a forecast."""
    return dict.fromkeys((*COMPONENTS, "core_share_pct"))


def _said(forecast: Forecast) -> dict[str, Any]:
    core = forecast.components.get("core")
    probabilities = {
        target.component: target.outcome and _probability(target.outcome.probability) for target in forecast.targets
    }
    shares = None
    if core is not None:
        by_year = zip(forecast.years, core.quantiles.T, strict=True)
        shares = {str(year): [_rounded(share) for share in quantiles] for year, quantiles in by_year}
    return probabilities | {"core_share_pct": shares}


def _probability(found: Probability) -> dict[str, float]:
    ways = {"at_deadline": found.at_deadline, "by_deadline": found.by_deadline, "held": found.held}
    return {way: min(max(_rounded(p), LEAST), 1 - LEAST) for way, p in ways.items()}


def _rounded(value: float) -> float:
    return round(float(value), PLACES)
