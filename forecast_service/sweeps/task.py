"""The task of a sweep, which any process can run: from plain data to bytes, without web or database."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from models.runtime import prepare

prepare()  # before numpy is imported, because a cluster's worker does not inherit the service's environment

# isort: split
from marshmallow import ValidationError

from forecast_service.schemas.levers import StoredScenarioSchema
from forecast_service.schemas.messages import flatten
from forecast_service.state_dir import StateDir
from models.analysis.sweep import InvalidPoint, Sweep, evaluate, read_document
from models.dataset.vintages import VintageStore
from models.forecast import MODEL_VERSION, Forecaster
from models.scenarios.scenario import Scenario
from models.simulation.path_store import PathStore

OWN_STATE = "FORECAST_STATE_DIR"
MADE_AHEAD = "FORECAST_FITS_DIR"


class OtherModel(RuntimeError):
    """This process has another version of the statistics than the sweep needs."""


def compute(document: str, chunk: int, folder: str | None, archive: bytes | None = None) -> bytes:
    """The packed columns of one chunk.

    Parameters
    ----------
    document : the sweep, as JSON.
    chunk : its number.
    folder : where fits are saved, or made on demand; None for the process's own.
    archive : of the sweep's vintage, which this process may not have; None if it is bundled.
    """
    sweep = _sweep(document)
    facts = sweep.document
    if facts["model_version"] != MODEL_VERSION:
        raise OtherModel(f"this process has version {MODEL_VERSION}, the sweep needs {facts['model_version']}")
    folder = folder or str(StateDir(Path(os.environ.get(OWN_STATE, "var"))).fits)
    forecaster = _forecaster(folder, facts["vintage"], facts["sipri"], facts["draws"], facts["seed"], archive)
    return evaluate(forecaster, sweep, chunk, read).pack()


@lru_cache(maxsize=4)
def _sweep(document: str) -> Sweep:
    return Sweep(read_document(document))


@lru_cache(maxsize=8)
def _forecaster(folder: str, vintage: str, sipri: bool, draws: int, seed: int, archive: bytes | None) -> Forecaster:
    store = PathStore(Path(folder))
    if os.environ.get(MADE_AHEAD):
        store.adopt(Path(os.environ[MADE_AHEAD]))
    vintages = VintageStore(StateDir(Path(folder).parent).vintages)
    if archive is not None:
        vintages.restore(vintage, archive)
    return Forecaster(vintages.figures(vintage, sipri=sipri), store, draws, seed)


@cache
def _schema() -> StoredScenarioSchema:
    return StoredScenarioSchema()


def read(scenario: dict[str, Any]) -> Scenario:
    """Parse the scenario of a point, by the rules of a saved scenario. Raises InvalidPoint."""
    try:
        parsed: Scenario = _schema().load(scenario)
    except ValidationError as error:
        path, why = next(flatten(error.messages))
        raise InvalidPoint(f"{'/'.join(path)}: {why}") from None
    return parsed
