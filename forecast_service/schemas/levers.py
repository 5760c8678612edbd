"""Levers and scenarios: as they are sent, and as an answer repeats them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from forecast_service.schemas.fields import LAST_YEAR, BoundedList, Number, share_in, year_in
from models.levers import Cap, Floor, Freeze, GdpGrowth, Lever, PledgeLever, SharePath, SpendingGrowth
from models.named import NAMED
from models.scenario import Scenario

MAX_LEVERS = 50
LEARNED = "learned"


class LeverSchema(Schema):
    """What every lever has."""

    lever: ClassVar[type[Lever]]
    # What JSON Schema says of the object beyond its properties; repeated in the contract.
    constraint: ClassVar[dict[str, Any]] = {}

    type = fields.String(required=True)
    first_year = year_in("First year the lever acts on; the year after the origin if absent.", data_key="from")
    last_year = year_in("Last year the lever acts on, inclusive; the deadline if absent.", data_key="to")

    @validates_schema
    def _years_in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("first_year", 0) > data.get("last_year", LAST_YEAR):
            raise ValidationError("must not lie before 'from'", "to")

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Lever:
        data.pop("type")
        return self.lever(**data)


def _type(name: str) -> fields.String:
    return fields.String(
        required=True, validate=validate.Equal(name), metadata={"enum": [name], "description": "Which lever it is."}
    )


def _component() -> fields.String:
    return fields.String(
        validate=validate.OneOf(["core", "related"]),
        metadata={"description": "The component it acts on; core if absent."},
    )


class _GrowthSchema(LeverSchema):
    constraint: ClassVar[dict[str, Any]] = {"oneOf": [{"required": ["change_pp"]}, {"required": ["rate_pct"]}]}

    change_pp = Number(
        validate=validate.Range(min=-50, max=50, error="must be from {min} to {max}"),
        metadata={"description": "Change of real growth (percentage points a year)."},
    )
    rate_pct = Number(
        validate=validate.Range(min=-50, max=50, error="must be from {min} to {max}"),
        metadata={"description": "Real growth instead of the projected (% a year)."},
    )

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("change_pp" in data) == ("rate_pct" in data):
            raise ValidationError("give either 'change_pp' or 'rate_pct'", "change_pp")


class GdpGrowthSchema(_GrowthSchema):
    """Another growth of GDP, spending in money unchanged."""

    lever = GdpGrowth
    type = _type("gdp_growth")


class SpendingGrowthSchema(_GrowthSchema):
    """Another growth of real spending on a component."""

    lever = SpendingGrowth
    type = _type("spending_growth")
    component = _component()


class SharePathSchema(LeverSchema):
    """The median share follows given points."""

    lever = SharePath
    type = _type("share_path")
    component = _component()
    points = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"^20([0-5][0-9]|60)$", error="must be a year from 2000 to 2060")),
        values=share_in("Median share of that year"),
        required=True,
        validate=validate.Length(min=1, max=61, error="must hold {min} to {max} points"),
        metadata={
            "description": "Year to median share (% of GDP); a line between the points, level after the last.",
            "propertyNames": {"pattern": "^20([0-5][0-9]|60)$"},
            "minProperties": 1,
            "maxProperties": 61,
            "example": {"2030": 2.9, "2035": 3.5},
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> Lever:
        points = {int(year): value for year, value in data["points"].items()}
        lever: Lever = super()._build(data | {"points": points}, **kwargs)
        return lever


class CredibilityField(fields.Field[Any]):
    """A fraction, or the word that stands for the one learned from what allies did."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float | str:
        if value == LEARNED:
            return LEARNED
        number = Number().deserialize(value)
        if not 0 <= number <= 1:
            raise ValidationError(f"must be from 0 to 1, or '{LEARNED}'")
        return number


class PledgeSchema(LeverSchema):
    """A pledge, kept to the degree of its credibility."""

    lever = PledgeLever
    type = _type("pledge")
    component = _component()
    share_pct = share_in("Pledged share", required=True)
    year = year_in("Year by which it is pledged.", required=True)
    credibility = CredibilityField(
        metadata={"description": "Fraction of the gap that is closed, 0 to 1, or 'learned'; 1 if absent."}
    )


class FreezeSchema(LeverSchema):
    """Spending frozen at the level of the year before."""

    lever = Freeze
    type = _type("freeze")
    component = _component()
    what = fields.String(
        validate=validate.OneOf(["share", "nominal", "real"]),
        metadata={"description": "What stays: the share, nominal money or real money; the share if absent."},
    )


class FloorSchema(LeverSchema):
    """No future falls below a share."""

    lever = Floor
    type = _type("floor")
    component = _component()
    share_pct = share_in("Lowest share", required=True)


class CapSchema(LeverSchema):
    """No future rises above a share."""

    lever = Cap
    type = _type("cap")
    component = _component()
    share_pct = share_in("Highest share", required=True)


SCHEMAS: Mapping[str, type[LeverSchema]] = {
    schema.lever.type: schema
    for schema in (
        GdpGrowthSchema,
        SpendingGrowthSchema,
        SharePathSchema,
        PledgeSchema,
        FreezeSchema,
        FloorSchema,
        CapSchema,
    )
}


class LeverField(fields.Field[Lever]):
    """Any lever; ``type`` says which."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        dumped = SCHEMAS[value.type]().dump(value)
        return {"type": value.type} | {name: x for name, x in dumped.items() if x is not None}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Lever:
        if not isinstance(value, dict):
            raise ValidationError("must be an object")
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in SCHEMAS:
            raise ValidationError({"type": [f"must be one of {', '.join(SCHEMAS)}"]})
        lever: Lever = SCHEMAS[kind]().load(value)
        return lever


class ScenarioSchema(Schema):
    """A scenario: a name and a list of levers, which act in a fixed order (docs/scenarios.md)."""

    name = fields.String(
        load_default="custom",
        validate=validate.Length(min=1, max=100),
        metadata={"description": "What the analyst calls it.", "example": "half way"},
    )
    description = fields.String(
        load_default="", validate=validate.Length(max=2000), metadata={"description": "In words."}
    )
    levers = BoundedList(
        LeverField(),
        required=True,
        most=MAX_LEVERS,
        what="levers",
        metadata={"description": f"At most {MAX_LEVERS} assumptions."},
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Scenario:
        return Scenario(data["name"], data["description"], tuple(data["levers"]))


class ScenarioField(fields.Field[Scenario | str]):
    """The name of a shipped scenario, or a scenario of one's own."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Scenario | str:
        if isinstance(value, str):
            if value not in NAMED:
                raise ValidationError(f"must be an object or one of {', '.join(NAMED)}")
            return value
        if not isinstance(value, dict):
            raise ValidationError("must be an object or the name of a scenario")
        scenario: Scenario = ScenarioSchema().load(value)
        return scenario
