"""Axes: the places in a scenario where a sweep has many values in place of one."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from forecast_service.schemas.fields import BoundedList, Number, Year
from forecast_service.schemas.lever_types import AllyOrGroupField, CredibilityField
from forecast_service.schemas.levers import LeverField, ScenarioSchema
from forecast_service.schemas.requests import RequestSchema, shared
from models.analysis.sweep import Axis, AxisPath, Sweep, Value, find_axes, with_value
from models.scenarios.scenario import ContradictoryLevers, Scenario

MAX_AXES, MAX_GRID, MAX_STEPS = 10, 1000, 10_000
MAX_DEPTH = 10
_ALLY = AllyOrGroupField()


class GridValue(fields.Field[Value]):
    """A number or a word of a lever, which the lever's own schema checks."""

    takes = "must be a number or a word"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Value:
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError(self.takes)
        number: float = Number().deserialize(value)
        return value if isinstance(value, int) else number


def _grid(inner: fields.Field[Any]) -> BoundedList:
    metadata = {"description": f"The values, at most {MAX_GRID}; what stands there twice counts once."}
    return BoundedList(inner, required=True, least=1, most=MAX_GRID, what="values", metadata=metadata)


class GridSchema(RequestSchema):
    """An axis whose values are listed."""

    grid = _grid(GridValue())

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"grid": list(dict.fromkeys(data["grid"]))}


class NumberGridSchema(GridSchema):
    """As the contract has it where a value is a number."""

    grid = _grid(Number())


class WordGridSchema(GridSchema):
    """As the contract has it where a value is one of some words."""

    grid = _grid(fields.String())


class CredibilityGridSchema(GridSchema):
    """As the contract has it where a value may be either."""

    grid = _grid(CredibilityField())


class StepsSchema(RequestSchema):
    """An axis of evenly spaced numbers."""

    first = Number(data_key="from", required=True, metadata={"description": "The first value."})
    last = Number(data_key="to", required=True, metadata={"description": "The last value, another than the first."})
    steps = Year(
        required=True,
        validate=validate.Range(min=2, max=MAX_STEPS, error="must be a whole number from {min} to {max}"),
        metadata={"description": "Number of values, both ends included."},
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["first"] == data["last"]:
            raise ValidationError("must differ from 'from'", "to")
        return {"from": data["first"], "to": data["last"], "steps": data["steps"]}


def _read_axis(path: AxisPath, values: dict[str, Any]) -> dict[str, Any]:
    """The axis ``values`` in one form. Raises ValidationError."""
    if path[2:] == ("type",):
        raise ValidationError("must be one type: an axis cannot choose the lever")
    values = {name: value for name, value in values.items() if value is not None}
    schema = GridSchema if values.keys() == {"grid"} else StepsSchema
    if schema is StepsSchema and values.keys() != {"from", "to", "steps"}:
        raise ValidationError("give 'grid'; or 'from', 'to' and 'steps'")
    axis: dict[str, Any] = shared(schema).load(values)
    return axis


class SweptScenarioField(fields.Field[dict[str, Any]]):
    """A scenario with axes among the values of its levers."""

    takes = "must be an object, a scenario whose levers may hold axes"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError(self.takes)
        if _deeper(value, MAX_DEPTH):
            raise ValidationError("is nested too deeply")
        axes = find_axes(value)
        if len(axes) > MAX_AXES:
            raise ValidationError({"levers": [f"must hold at most {MAX_AXES} axes, has {len(axes)}"]})
        read = []
        for path, values in axes:
            try:
                read.append((path, _read_axis(path, values)))
            except ValidationError as error:
                raise ValidationError(nested(path, error.messages)) from None
        for path, values in read:
            value = with_value(value, path, values)
        _try(value, [Axis.of(path, values) for path, values in read])
        value = _without_nulls({name: inner for name, inner in value.items() if name != "$schema"})
        texts = {name: ScenarioSchema._declared_fields[name] for name in ("name", "description") if name in value}
        value = _with_codes({**value, "levers": [_with_codes(lever) for lever in value["levers"]]})
        return value | {name: field.deserialize(value[name]) for name, field in texts.items()}


def _with_codes(part: dict[str, Any]) -> dict[str, Any]:
    """A scenario or a lever with the codes of the allies that it names: what computes it knows no names."""
    if "countries" not in part:
        return part
    codes = [_with_code(item) for item in part["countries"]]
    return {**part, "countries": [code for place, code in enumerate(codes) if code not in codes[:place]]}


def _with_code(item: Any) -> Any:
    if isinstance(item, dict):  # an axis
        return {"grid": list(dict.fromkeys(map(_ALLY.deserialize, item["grid"])))}
    return _ALLY.deserialize(item)


def _without_nulls(value: Any) -> Any:
    """A copy of ``value`` whose objects hold no null."""
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}


def _deeper(value: object, depth: int) -> bool:
    """Whether lists and objects are nested deeper than ``depth``; the code that reads them recurses."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth < 0 or any(_deeper(inner, depth - 1) for inner in inside)


def nested(path: AxisPath, messages: Any) -> dict[Any, Any]:
    for step in reversed(path):
        messages = {step: messages}
    return dict(messages)


def _try(scenario: dict[str, Any], axes: list[Axis]) -> None:
    """Parse the scenario with each value of each axis in turn, the other axes at their first value.

    Raises
    ------
    ValidationError
        if a value is invalid in every scenario.
    ContradictoryLevers
        if the levers contradict each other at every value that was tried.
    """
    sweep = Sweep({"scenario": scenario})
    first = [axis.values[0] for axis in axes]
    tried = [_contradiction(sweep, first)]
    for index, axis in enumerate(axes):
        for number, value in enumerate(axis.values):
            if number % (len(axis.values) // MAX_GRID + 1) == 0:
                _try_lever(sweep, [*first[:index], value, *first[index + 1 :]], int(axis.path[1]))
        tried.append(_contradiction(sweep, [*first[:index], axis.values[-1], *first[index + 1 :]]))
    if all(tried) and tried[0]:
        raise tried[0]


def _try_lever(sweep: Sweep, values: list[Value], index: int) -> None:
    """Parse one lever alone, because a scenario may have many."""
    try:
        LeverField().deserialize(sweep.scenario(values)["levers"][index])
    except ValidationError as error:
        raise ValidationError(nested(("levers", index), error.messages)) from None


def _contradiction(sweep: Sweep, values: list[Value]) -> ContradictoryLevers | None:
    parsed: Scenario = shared(ScenarioSchema).load(sweep.scenario(values))
    try:
        parsed.check()
    except ContradictoryLevers as error:
        return error
    return None
