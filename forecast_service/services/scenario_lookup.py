"""From the name or id of a scenario to the scenario: shipped ones by name, kept ones by id."""

from __future__ import annotations

from marshmallow import ValidationError

from forecast_service.callers import caller
from forecast_service.schemas.levers import ScenarioSchema
from forecast_service.settings.panel import shipped
from forecast_service.store import scenarios
from models.scenarios.builtin import UnknownScenario
from models.scenarios.scenario import Scenario


class UnknownKept(UnknownScenario):
    """No scenario goes by this id; ``field`` is the input that holds it."""

    def __init__(self, identifier: str, field: str = "scenario") -> None:
        super().__init__(identifier)
        self.field = field


class OldForm(Exception):
    """A kept scenario that today's levers cannot express any more."""


class ModelGone(Exception):
    """The model or figures of a version run here no more, and its answer was not kept."""

    def __init__(self, model_version: str, vintage: str) -> None:
        super().__init__()
        self.model_version = model_version
        self.vintage = vintage


def as_scenario(kept: scenarios.Kept) -> Scenario:
    """The scenario that a kept version says, and what it was written for.

    Raises
    ------
    OldForm
    """
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
    UnknownKept, OldForm
    """
    if not isinstance(scenario, str) or scenario in shipped():
        return scenario
    try:
        return as_scenario(scenarios.read(caller(), scenario))
    except scenarios.NoSuchScenario:
        raise UnknownKept(scenario, field) from None
