"""Look up a scenario: one that ships by its name, a saved one by its id."""

from __future__ import annotations

from marshmallow import ValidationError

from forecast_service.callers import caller
from forecast_service.errors import ServiceError
from forecast_service.forecasting.registry import forecasters
from forecast_service.schemas.levers import StoredScenarioSchema
from forecast_service.store import scenarios
from models.scenarios.builtin import named_scenarios
from models.scenarios.scenario import ContradictoryLevers, Scenario, UnusableLever


class UnknownSaved(ServiceError):
    """No scenario has this name or id; ``field`` is the input that holds it."""

    status, kind = 422, "unknown-scenario"

    def __init__(self, field: str = "scenario") -> None:
        detail = "no scenario that you may read has this name or id; GET /v1/scenarios lists them"
        super().__init__(detail=f"{field}: {detail}", errors=[{"field": field, "detail": detail}])


class UnusableScenario(ServiceError):
    """A lever of a scenario, named in the query beside others, cannot be used."""

    status = 422

    def __init__(self, field: str, error: UnusableLever) -> None:
        detail = f"a scenario's lever {error.index + 1} cannot be used: {error.detail}"
        kind = "contradictory-levers" if isinstance(error, ContradictoryLevers) else None
        super().__init__(detail=f"{field}: {detail}", kind=kind, errors=[{"parameter": field, "detail": detail}])


class OldForm(ServiceError):
    """A saved scenario cannot be used: today's levers cannot express it, or its vintage is gone."""

    status, kind = 409, "old-form"
    detail = "This release no longer has its levers in this form, or its vintage."


class ModelGone(ServiceError):
    """This release no longer has the model or the figures of a version, and its answer was not saved."""

    status, kind = 410, "model-gone"

    def __init__(self, model_version: str, vintage: str) -> None:
        written = f"It was written for model {model_version} and {vintage}"
        super().__init__(detail=f"{written}, and no answer to this question was saved. Ask with model=latest.")


def as_scenario(saved: scenarios.ScenarioVersion) -> Scenario:
    """The scenario of a saved version, with the model and vintage that it was written for. Raises OldForm."""
    if not forecasters().has(saved.vintage):
        raise OldForm
    provenance = {"model_version": saved.model_version, "vintage": saved.vintage}
    if saved.based_on is not None:
        provenance["based_on"] = saved.based_on
    try:
        scenario: Scenario = StoredScenarioSchema().load(saved.body | provenance)
    except ValidationError:
        raise OldForm from None
    return scenario


def look_up(
    scenario: str | Scenario, field: str = "scenario"
) -> tuple[str | Scenario, scenarios.ScenarioVersion | None]:
    """``scenario`` as the statistics take it: the id of a saved scenario becomes its current version, returned too.

    Raises
    ------
    UnknownSaved, OldForm
    UnknownVintage
        if ``scenario`` was written for a vintage that does not exist here.
    """
    if isinstance(scenario, Scenario):
        if scenario.vintage is not None:
            forecasters().known(scenario.vintage, f"{field}/vintage")
        return scenario, None
    if scenario in named_scenarios():
        return scenario, None
    try:
        version = scenarios.read(caller(), scenario)
    except scenarios.NoSuchScenario:
        raise UnknownSaved(field) from None
    return as_scenario(version), version
