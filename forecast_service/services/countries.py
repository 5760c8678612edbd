"""The allies and their figures."""

from __future__ import annotations

from typing import Any

from forecast_service.forecasting.registry import forecasters
from models.dataset.countries import Ally, allies, resolve
from models.dataset.observations import Figures


def listed() -> list[dict[str, Any]]:
    """All countries with their latest figure."""
    figures = forecasters().current.figures
    return [_with_latest(ally, figures) for ally in allies(figures.tables).values()]


def one(code: str) -> dict[str, Any]:
    """One country with its latest figure. Raises UnknownCountry."""
    figures = forecasters().current.figures
    return _with_latest(resolve(code, figures.tables), figures)


def history(code: str, vintage: str | None) -> dict[str, Any]:
    """The figures of a country in a vintage; in the current vintage if None.

    Raises UnknownCountry or UnknownVintage.
    """
    figures = forecasters().forecaster(vintage).figures
    ally = resolve(code, figures.tables)
    return {"ally": ally, "vintage": figures.vintage, "observations": figures.observations.get(ally.code, ())}


def _with_latest(ally: Ally, figures: Figures) -> dict[str, Any]:
    observations = figures.observations.get(ally.code)
    return {name: getattr(ally, name) for name in (*Ally.__dataclass_fields__, "stance")} | {
        "latest": observations[-1] if observations else None
    }
