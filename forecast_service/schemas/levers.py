"""Levers and scenarios in requests and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_dump, post_load, validate

from forecast_service.ids import SAVED_ID, is_id
from forecast_service.schemas.fields import BoundedList, PlainText, StrictBoolean, vintage_in
from forecast_service.schemas.lever_types import SCHEMAS, countries_in
from forecast_service.schemas.requests import RequestSchema, shared
from forecast_service.schemas.texts import appearance
from models.dataset.groups import canonical
from models.scenarios.builtin import named_scenarios
from models.scenarios.levers import LEVER_COMPONENTS, Lever
from models.scenarios.scenario import Scenario

MAX_LEVERS = 50


class LeverField(fields.Field[Lever]):
    """Any lever; its ``type`` says which."""

    takes = "must be an object, a lever"

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        dumped = shared(SCHEMAS[value.type]).dump(value)
        if value.last_year is None:
            dumped.pop("after", None)
        return {"type": value.type} | {name: x for name, x in dumped.items() if x not in (None, [])}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Lever:
        if not isinstance(value, dict):
            raise ValidationError(self.takes)
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in SCHEMAS:
            known = f"must be one of {', '.join(SCHEMAS)}"
            raise ValidationError({"type": [known if "type" in value else f"is missing; {known}"]})
        lever: Lever = shared(SCHEMAS[kind]).load(value)
        return lever


def without_defaults(scenario: dict[str, Any]) -> dict[str, Any]:
    """A dumped scenario without null and default values, so that a client can send it again."""
    defaults = {"components": [], "countries": [], "pledge_effect": True}
    return {name: value for name, value in scenario.items() if value is not None and value != defaults.get(name)}


PRINTABLE = "Printable text, which is read in Unicode's form NFC and without surrounding blanks"


def not_reserved(name: str) -> None:
    """Refuse the name of a shipped scenario: an answer that bears it rests on that one."""
    if is_reserved(name):
        raise ValidationError("is the name of a scenario that ships: send it as text, or give yours another name")


def is_reserved(name: str) -> bool:
    """Whether readers would take ``name`` for that of a shipped scenario."""
    return appearance(name) in named_scenarios()


def name_in(**kwargs: Any) -> PlainText:
    """The name of a scenario of the caller's own."""
    metadata = {
        "description": f"Its name. {PRINTABLE}; no name of a shipped scenario, in any case.",
        "example": "half way",
    }
    return PlainText(most=100, checks=[not_reserved], metadata=metadata, **kwargs)


def description_in(**kwargs: Any) -> PlainText:
    """The description of a scenario of the caller's own."""
    metadata = {"description": f"In words. {PRINTABLE}; it may have several lines."}
    return PlainText(most=2000, least=0, lines=True, metadata=metadata, **kwargs)


def model_version_in(description: str) -> PlainText:
    """The version of the statistics, as input."""
    return PlainText(most=20, metadata={"description": description})


class ScenarioSchema(RequestSchema):
    """A scenario: a name and a list of levers, which act in a fixed order (docs/scenarios.md)."""

    # Editors write it into a file to know by which schema to check it; nobody should have to take it out again.
    json_schema = fields.String(
        data_key="$schema",
        load_only=True,
        validate=validate.Length(max=1000),
        metadata={"description": "Address of the JSON Schema by which an editor checks the document; not used."},
    )
    name: fields.String = name_in(load_default="custom")
    description: fields.String = description_in(load_default="")
    levers = BoundedList(
        LeverField(),
        required=True,
        most=MAX_LEVERS,
        what="levers",
        metadata={"description": f"At most {MAX_LEVERS} assumptions."},
    )
    pledge_effect = StrictBoolean(
        load_default=True,
        metadata={
            "description": "Whether the levers change the baseline, which includes pledges (true), or the trend of "
            "history alone (false); true if absent."
        },
    )
    components = BoundedList(
        fields.String(
            validate=validate.OneOf(LEVER_COMPONENTS), metadata={"description": "A component that it touches."}
        ),
        least=1,
        most=2,
        what="components; leave it out for both",
        metadata={"description": "The components that its levers may touch; any if absent."},
    )
    countries = countries_in("The allies that its levers act on, and groups; all if absent.")
    based_on: fields.String = PlainText(
        most=100, metadata={"description": "The scenario it derives from, by name or id.", "example": "baseline"}
    )
    model_version: fields.String = model_version_in(
        "Version of the statistics it was written for; a note reports if it differs."
    )
    vintage = vintage_in("Vintage of the figures it was written for; a note reports if it differs.")

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Scenario:
        # One spelling of each question: all components, or all allies, are the same as none in particular.
        touched = tuple(name for name in LEVER_COMPONENTS if name in data.get("components", ()))
        data.pop("json_schema", None)
        data["components"] = () if touched == LEVER_COMPONENTS else touched
        data["countries"] = canonical(data.get("countries", ()))
        return Scenario(**data | {"levers": tuple(data["levers"])})

    @post_dump
    def _leave_out(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return without_defaults(data)


class StoredScenarioSchema(ScenarioSchema):
    """A scenario as it was saved, perhaps by a release that allowed any text."""

    name = fields.String(load_default="custom")
    description = fields.String(load_default="")
    based_on = fields.String()
    model_version = fields.String()


def _scenarios() -> str:
    return f"the id of a saved scenario or one of {', '.join(named_scenarios())}"


class KnownForm(validate.Validator):
    """Refuses a text that is neither the name of a shipped scenario nor a possible id of a saved one."""

    def __init__(self) -> None:
        self.error: str = f"must be {_scenarios()}"

    def __call__(self, value: str) -> str:
        if value not in named_scenarios() and not is_id(value):
            raise ValidationError(self.error)
        return value


known_form = KnownForm()


def known_forms() -> list[dict[str, Any]]:
    """The JSON Schema of the texts that :func:`known_form` accepts."""
    return [{"type": "string", "enum": list(named_scenarios())}, {"type": "string", "pattern": f"^{SAVED_ID}$"}]


class ScenarioField(fields.Field[Scenario | str]):
    """The name of a shipped scenario, the id of a saved one, or a scenario itself."""

    takes = f"must be an object, {_scenarios()}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Scenario | str:
        if isinstance(value, str):
            if value not in named_scenarios() and not is_id(value):
                raise ValidationError(self.takes)
            return value
        if not isinstance(value, dict):
            raise ValidationError(self.takes)
        scenario: Scenario = shared(ScenarioSchema).load(value)
        return scenario
