"""The documents of a hub's configuration, and its models' metadata, as the hubverse's schemas 6.0.0 take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from forecast_service.hub.tables import END, LOCATION, OBSERVABLE_UNIT, SHARE, TARGET, TARGETS, last_day
from forecast_service.schemas.hub import MOST_SAMPLES
from forecast_service.version import VERSION
from models.analysis.predictive import THRESHOLDS
from models.dataset.countries import Component, allies
from models.dataset.observations import Figures
from models.evaluation.levels import HUB_LEVELS
from models.forecast import MODEL_VERSION
from models.scenarios.builtin import named_scenarios
from models.scenarios.targets import HAGUE_DEADLINE, LAST_DEADLINE

Document = dict[str, Any]

SCHEMAS = "https://raw.githubusercontent.com/hubverse-org/schemas/main/v6.0.0/"
TEAM = "forecast_service"
BASELINE, RANDOM_WALK = f"{TEAM}-baseline", f"{TEAM}-random_walk"
"""The models' ids."""
INPUTS = {BASELINE: "; plans and pledges of governments; GDP by the IMF", RANDOM_WALK: ""}
METHODS = {
    BASELINE: "Panel model of all allies' core shares with common shocks, drawn towards governments' plans and "
    "pledges by a trust learned from earlier ones.",
    RANDOM_WALK: "Random walk in logs from the last figure, with the sd of the ally's own annual log changes up to "
    "then. The benchmark of every skill.",
}
"""At most 200 characters each."""
NAMES: dict[Component, str] = {
    "core": "Core defence spending",
    "related": "Defence- and security-related spending",
    "total": "Core spending and what counts of related spending",
}
A_SHARE = {"type": "double", "minimum": 0}
POINT = {"output_type_id": {"required": None}, "value": A_SHARE, "is_required": False}
QUANTILE = {"output_type_id": {"required": list(HUB_LEVELS)}, "value": A_SHARE, "is_required": True}
EVERY_OUTPUT = {
    "mean": POINT,
    "median": POINT,
    "quantile": QUANTILE,
    "cdf": {
        "output_type_id": {"required": list(THRESHOLDS)},
        "value": {"type": "double", "minimum": 0, "maximum": 1},
        "is_required": False,
    },
    "sample": {
        "output_type_id_params": {
            "type": "integer",
            "min_samples_per_task": 1,
            "max_samples_per_task": MOST_SAMPLES,
            # One sample is one simulated world: it is joint across locations, targets and horizons.
            "compound_taskid_set": ["origin_date", "scenario_id"],
        },
        "value": A_SHARE,
        "is_required": False,
    },
}


def admin(figures: Figures, repository: str) -> Document:
    """``admin.json``; ``repository`` (owner/name on GitHub) is the one that will hold the hub."""
    owner, name = repository.split("/")
    return {
        "schema_version": f"{SCHEMAS}admin-schema.json",
        "name": "Defence spending of NATO's allies",
        "maintainer": TEAM,
        "contact": {"name": f"The maintainers of {repository}"},
        "repository": {"host": "github", "owner": owner, "name": name},
        "file_format": ["csv", "parquet"],
        "timezone": "Europe/Brussels",
        "additional_metadata": {
            "vintage": figures.vintage,
            "figures_of_sipri": figures.sipri,
            "model_version": MODEL_VERSION,
            "release": VERSION,
        },
    }


def tasks(figures: Figures, first: int, last: int, horizon: int) -> Document:
    """``tasks.json``: a round for each past origin ``first`` ... ``last``, and one for the last figures' forecast.

    Parameters
    ----------
    horizon : years ahead of the past forecasts.
    """
    every = allies(figures.tables).values()
    codes, armed = [ally.code for ally in every], [ally.code for ally in every if ally.has_armed_forces]
    now, scenarios = figures.origin, list(named_scenarios())
    ahead = (HAGUE_DEADLINE - now, LAST_DEADLINE - now)
    past = _model_task(
        ["core"], range(first, last + 1), armed, ["baseline"], (horizon, horizon), {"quantile": QUANTILE}
    )
    current = [
        _model_task(["core", "total"], [now], armed, scenarios, ahead, EVERY_OUTPUT),
        _model_task(["related"], [now], codes, scenarios, ahead, EVERY_OUTPUT),
    ]
    return {
        "schema_version": f"{SCHEMAS}tasks-schema.json",
        "rounds": [_round("Backtest", [past]), _round("Forecast from the last figures", current)],
        "output_type_id_datatype": "double",
        "derived_task_ids": [END.name],
    }


def _round(name: str, model_tasks: list[Document]) -> Document:
    return {
        "round_id_from_variable": True,
        "round_id": "origin_date",
        "round_name": name,
        "model_tasks": model_tasks,
        # NATO first estimates a year in its middle, so forecasts that know the year are made from then on.
        "submissions_due": {"relative_to": "origin_date", "start": -184, "end": 366},
    }


def _model_task(
    parts: Sequence[Component],
    origins: Sequence[int],
    locations: Sequence[str],
    scenarios: Sequence[str],
    horizons: tuple[int, int],
    output_type: Document,
) -> Document:
    """Tasks of all combinations. The first scenario, and the horizons up to the first of ``horizons``, are required."""
    required, longest = horizons
    years = sorted({origin + ahead for origin in origins for ahead in range(1, longest + 1)})
    targets = [TARGETS[part] for part in parts]
    return {
        "task_ids": {
            "origin_date": _values(optional=[last_day(origin).isoformat() for origin in origins]),
            LOCATION.name: _values(optional=locations),
            TARGET.name: _values(targets),
            "scenario_id": _values(scenarios[:1], scenarios[1:]),
            "horizon": _values(range(1, required + 1), range(required + 1, longest + 1)),
            END.name: _values(optional=[last_day(year).isoformat() for year in years]),
        },
        "output_type": output_type,
        "target_metadata": [
            {
                "target_id": TARGETS[part],
                "target_name": NAMES[part],
                "target_units": SHARE,
                "target_keys": {TARGET.name: TARGETS[part]},
                "target_type": "continuous",
                # A horizon counts years, which the schema's units of time do not include.
                "is_step_ahead": False,
                "additional_metadata": {"time_unit_of_horizon": "year"},
            }
            for part in parts
        ],
    }


def _values(required: Iterable[Any] = (), optional: Iterable[Any] = ()) -> Document:
    return {"required": list(required) or None, "optional": list(optional) or None}


def target_data() -> Document:
    """``target-data.json``."""
    return {
        "schema_version": f"{SCHEMAS}target-data-schema.json",
        "observable_unit": list(OBSERVABLE_UNIT),
        "date_col": END.name,
        "versioned": False,
        "time-series": {
            "non_task_id_schema": {"estimate": "logical", "definition": "character", "source": "character"}
        },
        "oracle-output": {"has_output_type_ids": True},
    }


def model_metadata_schema() -> Document:
    """``model-metadata-schema.json``: the fields that the hubverse recommends and this hub has."""
    text = {"type": "string"}
    name = {"type": "string", "pattern": "^[a-zA-Z0-9_]+$", "maxLength": 16}
    fields: Document = {
        "team_name": text,
        "team_abbr": name,
        "model_name": text,
        "model_abbr": name,
        "model_version": text,
        "license": text,
        "designated_model": {"type": "boolean"},
        "data_inputs": text,
        "methods": {"type": "string", "maxLength": 200},
        "ensemble_of_models": {"type": "boolean"},
        "ensemble_of_hub_models": {"type": "boolean"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Metadata of a model of this hub",
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def model_metadata(model: str) -> Document:
    """The metadata of a model, by its id."""
    team, short = model.split("-")
    return {
        "team_name": TEAM,
        "team_abbr": team,
        "model_name": short.replace("_", " "),
        "model_abbr": short,
        "model_version": MODEL_VERSION,
        "license": "MIT",
        "designated_model": model == BASELINE,
        "data_inputs": "NATO's core shares and the longer history joined to them" + INPUTS[model],
        "methods": METHODS[model],
        "ensemble_of_models": model == BASELINE,
        "ensemble_of_hub_models": False,
    }
