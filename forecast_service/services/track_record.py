"""The track record: scores of past forecasts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from forecast_service.errors import ServiceError
from forecast_service.forecasting.registry import forecasters
from models.dataset.countries import resolve
from models.dataset.observations import Figures, Observation
from models.evaluation import frozen, published
from models.evaluation.published import PastForecast, load


def read() -> dict[str, Any]:
    """The backtest's scores, and the frozen forecasts scored by the current figures; which of them were altered."""
    found, altered = frozen.read_intact()
    return load() | {"frozen": frozen.record(forecasters().current.figures, found), "altered": altered}


def backtest() -> dict[str, Any]:
    """The backtest's scores alone, which no vintage changes."""
    return load()


def forecasts(country: str | None = None, origin: int | None = None) -> dict[str, Any]:
    """The backtest's forecasts of an ally and from an origin, each all if None. Raises UnknownCountry."""
    figures, record = forecasters().current.figures, load()
    code = _code(country, figures)
    facts = {name: record[name] for name in ("vintage", "model_version")}
    return facts | _beside(published.forecasts(code, origin), published.LEVELS, figures)


def outside_forecasts(country: str | None = None, resolved: bool | None = None) -> dict[str, Any]:
    """The published outside views of an ally, whose figure is known or not, each all if None; with their scores.

    Raises UnknownCountry.
    """
    record, code = load(), _code(country, forecasters().current.figures)
    items = [
        view
        for view in record["outside_views"]
        if code in (None, view["country"]) and resolved in (None, view["outcome_pct"] is not None)
    ]
    facts = {name: record[name] for name in ("vintage", "model_version")}
    return facts | {"summary": published.outside_summary(items), "items": items, "next": None}


def frozen_forecast(name: str, country: str | None = None) -> dict[str, Any]:
    """The frozen forecast of this name (its file's, without the ending), of one ally or of all if None.

    404 if there is none, or if it was altered. Raises UnknownCountry.
    """
    figures = forecasters().current.figures
    code = _code(country, figures)
    found = next((one for one in frozen.read_intact()[0] if one.name == f"{name}.json"), None)
    if found is None:
        raise ServiceError(404, "No frozen forecast has this name; GET /v1/track-record lists them.")
    facts = {field: found.content[field] for field in ("date", "release", "vintage", "model_version")}
    said = (one for one in frozen.forecasts(found) if code in (None, one.country))
    return facts | {"sha256": found.sha256} | _beside(said, found.content["levels"], figures)


def _code(country: str | None, figures: Figures) -> str | None:
    return None if country is None else resolve(country, figures.tables).code


def _beside(said: Iterable[PastForecast], levels: Iterable[float], figures: Figures) -> dict[str, Any]:
    """Forecasts and the figures of their years."""
    came = {(code, seen.year): seen for code, observed in figures.observations.items() for seen in observed}
    return {
        "component": "core",
        "scenario": "baseline",
        "scored_on": figures.vintage,
        "levels": levels,
        "items": [one._asdict() | _outcome(came.get((one.country, one.year))) for one in said],
        "next": None,
    }


def _outcome(seen: Observation | None) -> dict[str, Any]:
    return {"outcome_pct": seen and seen.share_pct, "outcome_estimate": seen and seen.estimate}
