"""From the name or id of a scenario to the scenario: shipped ones by name, kept ones by id."""

from __future__ import annotations

from marshmallow import ValidationError

from forecast_service.callers import caller
from forecast_service.errors import ServiceError
from forecast_service.forecasting.registry import forecasters
from forecast_service.schemas.levers import ScenarioSchema
from forecast_service.store import scenarios
from models.scenarios.builtin import named_scenarios
from models.scenarios.scenario import Scenario


class UnknownSaved(ServiceError):
    """No scenario goes by this name or id; ``field`` is the input that holds it."""

    status, kind = 422, "unknown-scenario"

    def __init__(self, field: str = "scenario") -> None:
        detail = "no scenario that ships or that you may read goes by this name or id; GET /v1/scenarios lists them"
        super().__init__(detail=f"{field}: {detail}", errors=[{"field": field, "detail": detail}])


class OldForm(ServiceError):
    """A saved scenario that today's levers cannot express any more, or that was written for a vintage that is gone."""

    status, kind = 409, "old-form"
    detail = "It uses levers that this release does not have in this form."


class ModelGone(ServiceError):
    """The model or figures of a version run here no more, and its answer was not kept."""

    status, kind = 410, "model-gone"

    def __init__(self, model_version: str, vintage: str) -> None:
        written = f"It was written for model {model_version} and {vintage}"
        super().__init__(detail=f"{written}, and no answer to this was kept then. Ask with model=latest.")


def as_scenario(kept: scenarios.ScenarioVersion) -> Scenario:
    """The scenario that a saved version says, and what it was written for.

    Raises
    ------
    OldForm
    """
    if kept.vintage not in forecasters().vintages():
        raise OldForm
    beside = {"model_version": kept.model_version, "vintage": kept.vintage}
    if kept.based_on is not None:
        beside["based_on"] = kept.based_on
    try:
        scenario: Scenario = ScenarioSchema().load(kept.body | beside)
    except ValidationError:
        raise OldForm from None
    return scenario


def resolve(scenario: str | Scenario, field: str = "scenario") -> str | Scenario:
    """``scenario`` as the statistics take it: the id of a kept one becomes what its current version says.

    Raises
    ------
    UnknownSaved, OldForm
    UnknownVintage
        if one's own was written for a vintage that is not here.
    """
    if isinstance(scenario, Scenario):
        if scenario.vintage is not None:
            forecasters().known(scenario.vintage, f"{field}/vintage")
        return scenario
    if scenario in named_scenarios():
        return scenario
    try:
        return as_scenario(scenarios.read(caller(), scenario))
    except scenarios.NoSuchScenario:
        raise UnknownSaved(field) from None
