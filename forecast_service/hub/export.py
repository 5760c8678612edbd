"""Writes a whole hub as files: configuration, models' metadata, model output of every round, target data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from forecast_service.http.tables import Table, csv_bytes, parquet_bytes
from forecast_service.hub import config, tables
from forecast_service.schemas.hub import OUTPUT_TYPES, SAMPLES
from forecast_service.schemas.tables import csv_options
from models.analysis.predictive import THRESHOLDS, predictive, worlds
from models.dataset.observations import Figures
from models.evaluation import published
from models.evaluation.levels import HUB_LEVELS
from models.evaluation.published import PastForecast
from models.forecast import Forecaster

WRITERS: dict[str, Callable[[Table], bytes]] = {
    "csv": lambda table: csv_bytes(table, csv_options({})),
    "parquet": parquet_bytes,
}
"""The formats of tables; Parquet needs pyarrow."""
README = """\
# Forecasts of NATO allies' defence spending as a hub

Made by `forecast-service hub export` from the figures of the vintage {vintage}. https://hubverse.io describes the form.
A year stands here as its last day; shares are in % of GDP (Luxembourg: of GNI).

- `{baseline}`: of the origins {oldest} to {newest} what the backtest says on the figures up to then, and the forecast
  from the last figures. `{walk}`: the benchmark of every skill; absent without SIPRI's figures.
- Scored by `target-data/oracle-output`, the quantiles of the origins up to {newest} give the service's track record.
- A sample's `output_type_id` is the number of a simulated world: the same for all locations, targets and years.

The forecasts are under the MIT licence. The figures in `target-data`, from which the random walk starts, belong to
their publishers, which the column `source` names. Credit NATO, Defence Investment of NATO Countries, and where it is
named: Information from the Stockholm International Peace Research Institute (SIPRI),
https://www.sipri.org/databases/milex. Ask SIPRI before you publish more than 10 % of its database.
"""


@dataclass(frozen=True)
class Written:
    """How many files were written, and how many rows of model output are in them."""

    files: int
    rows: int


def export(folder: Path, forecaster: Forecaster, repository: str, format: str) -> Written:
    """Write the hub into the empty ``folder``.

    The random walk is left out of a service that leaves SIPRI's figures out: its medians are those figures.

    Parameters
    ----------
    forecaster : on the vintage that the track record was made of (:func:`models.evaluation.published.load`).
    repository : owner/name on GitHub of the repository that will hold the hub.
    format : of the tables, a key of :data:`WRITERS`.

    Raises
    ------
    OSError, and the errors of :func:`models.analysis.predictive.predictive`
    """
    figures, said = forecaster.figures, list(published.scored_forecasts())
    oldest, newest = min(one.origin for one in said), max(one.origin for one in said)
    models = [config.BASELINE, *([config.RANDOM_WALK] if figures.sipri else [])]
    documents = {
        "hub-config/admin.json": config.admin(figures, repository),
        "hub-config/tasks.json": config.tasks(figures, oldest, newest, published.load()["horizon"]),
        "hub-config/target-data.json": config.target_data(),
        "hub-config/model-metadata-schema.json": config.model_metadata_schema(),
        # JSON is YAML too.
        **{f"model-metadata/{model}.yml": config.model_metadata(model) for model in models},
    }
    for name, document in documents.items():
        _write(folder / name, (json.dumps(document, indent=2) + "\n").encode())
    facts = {"vintage": figures.vintage, "baseline": config.BASELINE, "walk": config.RANDOM_WALK}
    _write(folder / "README.md", README.format(**facts, oldest=oldest, newest=newest).encode())
    targets = {"time-series": tables.time_series(figures), "oracle-output": tables.oracle_output(figures, oldest + 1)}
    for name, table in targets.items():
        _write(folder / "target-data" / f"{name}.{format}", WRITERS[format](table))
    files = rows = 0
    for model, table in _rounds(forecaster, said):
        origin_date = next(iter(table.rows))[0]
        _write(folder / "model-output" / model / f"{origin_date}-{model}.{format}", WRITERS[format](table))
        files, rows = files + 1, rows + len(table.rows)
    return Written(len(documents) + 1 + len(targets) + files, rows)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _rounds(forecaster: Forecaster, said: list[PastForecast]) -> Iterator[tuple[str, Table]]:
    """Each model and round, one after the other: all rows together would fill much memory."""
    figures = forecaster.figures
    yield config.BASELINE, _current(forecaster)
    past = [(config.BASELINE, said)]
    if figures.sipri:
        past.append((config.RANDOM_WALK, _random_walks(said, figures)))
    for model, forecasts in past:
        by_origin = sorted(forecasts, key=lambda one: one.origin)
        for _, each in groupby(by_origin, key=lambda one: one.origin):
            yield model, tables.past_output(each, figures.vintage)


def _random_walks(said: list[PastForecast], figures: Figures) -> list[PastForecast]:
    """The benchmark's forecasts of the same allies, origins and years."""
    import numpy as np

    from models.evaluation.track_record import random_walk  # loads SciPy

    rows = [(one.country, one.origin, one.year - one.origin) for one in said]
    walks = random_walk(figures.panel(), rows, np.array(HUB_LEVELS))
    return [one._replace(quantiles=tuple(walk)) for one, walk in zip(said, walks.tolist(), strict=True)]


def _current(forecaster: Forecaster) -> Table:
    """The forecast from the last figures, in every form."""
    figures = forecaster.figures
    found = predictive(forecaster, levels=HUB_LEVELS, thresholds=THRESHOLDS, samples=SAMPLES)
    ids = worlds(forecaster.draws, SAMPLES)
    return tables.model_output(found, figures.vintage, figures.origin, "baseline", OUTPUT_TYPES, ids)
