"""The hubverse's tables: model output, and the target data by which it is scored.

A year stands in them as its last day. Shares are in % of GDP (Luxembourg: of GNI).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from forecast_service.http.tables import Column, Table
from forecast_service.schemas.hub import OUTPUT_TYPES
from models.analysis.predictive import THRESHOLDS, Predictive
from models.dataset.countries import Component
from models.dataset.observations import Figures
from models.evaluation.levels import HUB_LEVELS
from models.evaluation.published import PastForecast
from models.paths import rounded_shares

TARGETS: dict[Component, str] = {"core": "core share", "related": "related share", "total": "total share"}
SHARE = "% of GDP (Luxembourg: of GNI)"
PROBABILITY_PLACES = 6

LOCATION = Column("location", "string", "ISO 3166 alpha-3 code of the ally.")
TARGET = Column("target", "string", f"What is forecast: {', '.join(TARGETS.values())}.")
END = Column("target_end_date", "date", "Last day of the year that is forecast.")
TYPE = Column("output_type", "string", f"Form of the distribution: {', '.join(OUTPUT_TYPES)}.")
TYPE_ID = Column(
    "output_type_id",
    "number",
    "Level of a quantile, threshold of a cdf (% of GDP), or number of a sample: the same number is the same simulated "
    "world for all locations, targets and years. Empty for mean and median.",
)
MODEL_OUTPUT = (
    Column("origin_date", "date", "Last day of the last year that the forecast knows."),
    LOCATION,
    TARGET,
    Column("scenario_id", "string", "Name or id of the scenario."),
    Column("horizon", "integer", "How many years after the origin."),
    END,
    TYPE,
    TYPE_ID,
    Column("value", "number", "The share; of a cdf the probability of at most the threshold.", SHARE),
)
TASK_IDS = tuple(column.name for column in MODEL_OUTPUT[:6])
OBSERVABLE_UNIT = (LOCATION.name, END.name, TARGET.name)


def last_day(year: int) -> date:
    """The date that stands for a year."""
    return date(year, 12, 31)


def model_output(
    said: Iterable[Predictive],
    vintage: str,
    origin: int,
    scenario: str,
    output_types: Collection[str],
    sample_ids: Sequence[int] = (),
) -> Table:
    """Distributions as rows: each ally's, component's and year's forms, those of ``output_types``.

    Parameters
    ----------
    said : with quantiles on :data:`HUB_LEVELS`, a cdf at :data:`THRESHOLDS` and the samples ``sample_ids``, if asked.
    """
    rows: list[tuple[Any, ...]] = []
    for one in said:
        for step, forms in enumerate(zip(*_forms(one, output_types, sample_ids), strict=True)):
            year = origin + 1 + step
            task = (last_day(origin), one.ally.code, TARGETS[one.component], scenario, step + 1, last_day(year))
            rows += [(*task, *row) for form in forms for row in form]
    return _table(f"Forecasts under {scenario}", MODEL_OUTPUT, rows, vintage, ("output_type", "output_type_id"))


Form = Iterator[list[tuple[str, float | None, float]]]
"""One form of a distribution: for each year its output type, ids and values."""


def _forms(one: Predictive, output_types: Collection[str], sample_ids: Sequence[int]) -> list[Form]:
    values: dict[str, tuple[Sequence[float | None], Any]] = {
        "mean": ([None], one.fan.mean[None]),
        "median": ([None], one.fan.median[None]),
        "quantile": (HUB_LEVELS, one.fan.quantiles),
        "cdf": (THRESHOLDS, one.cdf),
        "sample": (sample_ids, one.samples),
    }
    return [_form(name, *values[name]) for name in OUTPUT_TYPES if name in output_types]


def _form(name: str, ids: Sequence[float | None], values: Any) -> Form:
    for year in values.T.tolist():
        shown = [round(p, PROBABILITY_PLACES) for p in year] if name == "cdf" else rounded_shares(year)
        yield [(name, id, value) for id, value in zip(ids, shown, strict=True)]


def past_output(said: Iterable[PastForecast], vintage: str) -> Table:
    """Past forecasts of the core share, with quantiles on :data:`HUB_LEVELS`, as rows."""
    rows = [
        (*_past_task(one), "quantile", level, value)
        for one in said
        for level, value in zip(HUB_LEVELS, one.quantiles, strict=True)
    ]
    return _table("Past forecasts", MODEL_OUTPUT, rows, vintage, ("output_type", "output_type_id"))


def _past_task(one: PastForecast) -> tuple[Any, ...]:
    ends = last_day(one.origin), last_day(one.year)
    return (ends[0], one.country, TARGETS["core"], "baseline", one.year - one.origin, ends[1])


def time_series(figures: Figures) -> Table:
    """All figures of core shares, as the models know them."""
    columns = (
        LOCATION,
        END,
        TARGET,
        Column("observation", "number", "The share, by NATO's present counting rule.", SHARE),
        Column("estimate", "boolean", "Whether the publisher marks it as an estimate."),
        Column("definition", "string", "Whose counting rule, and whether it was rescaled to NATO's present one."),
        Column("source", "string", "Key of the source."),
    )
    rows = [
        (code, last_day(seen.year), TARGETS["core"], seen.share_pct, seen.estimate, seen.definition, seen.source)
        for code, observed in figures.observations.items()
        for seen in observed
    ]
    return _table("Core shares", columns, rows, figures.vintage)


def oracle_output(figures: Figures, first: int) -> Table:
    """The outcomes from the year ``first`` on, by which past forecasts are scored.

    The columns of the output type are there since the hub takes cdf, too; only quantiles have outcomes yet.
    """
    columns = (LOCATION, END, TARGET, TYPE, TYPE_ID, Column("oracle_value", "number", "The share that came.", SHARE))
    rows = [
        (code, last_day(year), TARGETS["core"], "quantile", None, series.at(year))
        for code, series in figures.panel().items()
        for year in series.years
        if year >= first
    ]
    return _table("Outcomes", columns, rows, figures.vintage)


def _table(
    title: str, columns: tuple[Column, ...], rows: list[tuple[Any, ...]], vintage: str, more: tuple[str, ...] = ()
) -> Table:
    names = [column.name for column in columns]
    key = tuple(name for name in names if name in {*TASK_IDS, *more})
    return Table(title, columns, key, rows, {"dc:source": vintage})
