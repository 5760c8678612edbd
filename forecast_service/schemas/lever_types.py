"""The schemas of the levers, with units, bounds and examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from forecast_service.schemas.fields import (
    COUNTRY,
    LAST_YEAR,
    BoundedList,
    Number,
    Points,
    WholeText,
    Year,
    one_or_other,
    share_in,
    year_in,
)
from forecast_service.schemas.messages import unknown_country
from forecast_service.schemas.requests import RequestSchema
from models.dataset.countries import UnknownCountry, allies, resolve
from models.dataset.groups import GROUPS, canonical
from models.paths import RULES
from models.scenarios.levers import (
    AFTER,
    LEVER_COMPONENTS,
    Cap,
    CountingRule,
    Delay,
    Exit,
    Floor,
    Freeze,
    GdpGrowth,
    HistoryOverride,
    Lever,
    PledgeLever,
    Purchase,
    Reclassify,
    SharePath,
    Shock,
    SpendingGrowth,
)

LEARNED = "learned"
MOST_COUNTRIES = len(GROUPS) + len(allies())


class AllyOrGroupField(fields.String):
    """An ally, by code or name, or a group of allies; the value is the ISO alpha-3 code or the group."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if text in GROUPS:
            return text
        try:
            return resolve(text).code
        except UnknownCountry as error:
            raise ValidationError(f"{unknown_country(error)}; or name a group: {', '.join(GROUPS)}") from None


def countries_in(description: str) -> BoundedList:
    """A list of allies and groups of allies, as input."""
    return BoundedList(
        AllyOrGroupField(metadata={"description": f"{COUNTRY} Or a group of allies: {', '.join(GROUPS)}."}),
        least=1,
        most=MOST_COUNTRIES,
        what="countries; leave it out for all",
        metadata={"description": description, "example": ["borders-russia-or-belarus", "SWE"]},
    )


def rule_in(more: str = "", *, required: bool = False) -> fields.String:
    """The rule that counts related spending, as input; ``more`` ends its description."""
    return fields.String(
        required=required,
        validate=validate.OneOf(RULES, error="must be one of {choices}"),
        metadata={
            "description": "What counts as related spending: new money of the kinds that the declaration lists "
            f"(strict), what governments say they count (claimed), existing spending of those kinds (broad){more}.",
            "example": "claimed",
        },
    )


class LeverSchema(RequestSchema):
    """The base of every lever."""

    lever: ClassVar[type[Lever]]
    # JSON Schema of the object beyond its properties, for the contract.
    constraint: ClassVar[dict[str, Any]] = {}
    example: ClassVar[dict[str, Any]]

    type = fields.String(required=True)
    first_year = year_in("First year the lever acts on; the year after the origin if absent.", data_key="from")
    last_year = year_in("Last year the lever acts on, inclusive; the deadline if absent.", data_key="to")
    countries = countries_in("The allies it acts on, and groups; all if absent.")

    @validates_schema
    def _years_in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("first_year", 0) > data.get("last_year", LAST_YEAR):
            raise ValidationError("must not lie before 'from'", "to")

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Lever:
        data.pop("type")
        if "countries" in data:
            data["countries"] = canonical(data["countries"])
        return self.lever(**data)


def _type(name: str) -> fields.String:
    return fields.String(
        required=True, validate=validate.Equal(name), metadata={"enum": [name], "description": "Type of the lever."}
    )


def _number(low: float, high: float, description: str, *, required: bool = False) -> Number:
    return Number(
        required=required,
        validate=validate.Range(min=low, max=high, error="must be a number from {min} to {max}"),
        metadata={"description": description},
    )


def _count(low: int, high: int, description: str, *, required: bool = False) -> Year:
    return Year(
        required=required,
        validate=validate.Range(min=low, max=high, error="must be a whole number from {min} to {max}"),
        metadata={"description": description},
    )


def _component(description: str = "The component it acts on; core if absent.") -> fields.String:
    return fields.String(validate=validate.OneOf(LEVER_COMPONENTS), metadata={"description": description})


class TemporarySchema(LeverSchema):
    """The base of levers that may end before the deadline."""

    after = fields.String(
        validate=validate.OneOf(AFTER, error="must be one of {choices}"),
        metadata={
            "description": "How the path goes on after 'to': from where the lever left it (continue), or back on its "
            "path without the lever (resume); continue if absent. Without 'to' it has no effect."
        },
    )


class _GrowthSchema(LeverSchema):
    constraint: ClassVar[dict[str, Any]] = one_or_other("change_pp", "rate_pct") | {
        "not": {"required": ["change_pp", "rate_pct"]}
    }

    change_pp = _number(-50, 50, "Change of real growth (percentage points a year).")
    rate_pct = _number(-50, 50, "Real growth in place of the projection (% a year).")

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("change_pp" in data) == ("rate_pct" in data):
            raise ValidationError("give either 'change_pp' or 'rate_pct'")


class GdpGrowthSchema(_GrowthSchema):
    """Changes the growth of GDP; spending in money stays."""

    lever = GdpGrowth
    example: ClassVar[dict[str, Any]] = {"type": "gdp_growth", "change_pp": -5, "from": 2027, "to": 2027}
    type = _type("gdp_growth")


class SpendingGrowthSchema(_GrowthSchema):
    """Changes the growth of real spending on a component."""

    lever = SpendingGrowth
    example: ClassVar[dict[str, Any]] = {"type": "spending_growth", "rate_pct": 4, "to": 2030}
    type = _type("spending_growth")
    component = _component()


class SharePathSchema(TemporarySchema):
    """Sets the median share to given points."""

    lever = SharePath
    example: ClassVar[dict[str, Any]] = {"type": "share_path", "points": {"2030": 2.9, "2035": 3.5}}
    type = _type("share_path")
    component = _component()
    points = Points(
        keys=fields.String(validate=WholeText(r"^20([0-5][0-9]|60)$", error="must be a year from 2000 to 2060")),
        values=share_in("Median share of that year"),
        required=True,
        validate=validate.Length(min=1, max=61, error="must be an object with {min} to {max} points, year to share"),
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
    """A fraction, or 'learned' for the one that the past of the allies suggests."""

    takes = f"must be a number from 0 to 1, or '{LEARNED}'"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float | str:
        if value == LEARNED:
            return LEARNED
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValidationError(self.takes)
        return Number().deserialize(value)


class PledgeSchema(TemporarySchema):
    """A pledge, fulfilled to the degree of its credibility."""

    lever = PledgeLever
    example: ClassVar[dict[str, Any]] = {"type": "pledge", "share_pct": 3.5, "year": 2035, "credibility": 0.6}
    type = _type("pledge")
    component = _component()
    share_pct = share_in("Pledged share", required=True)
    year = year_in("Year of the pledge.", required=True)
    credibility = CredibilityField(
        metadata={"description": "Fraction of the gap that is closed, 0 to 1, or 'learned'; 1 if absent."}
    )


class DelaySchema(TemporarySchema):
    """Delays the path."""

    lever = Delay
    example: ClassVar[dict[str, Any]] = {"type": "delay", "years": 2, "from": 2028}
    type = _type("delay")
    component = _component()
    years = _count(0, 30, "Number of years for which the path stands still before it continues.", required=True)


class ExitSchema(LeverSchema):
    """Ends a plan after an election."""

    class Meta:
        # Its years follow from the election.
        exclude = ("first_year", "last_year")

    lever = Exit
    example: ClassVar[dict[str, Any]] = {"type": "exit", "year": 2029, "reversion": 0.5, "over_years": 4}
    type = _type("exit")
    component = _component()
    year = year_in("Election year: the last year of the plan.", required=True)
    reversion = _number(0, 1, "Fraction of the distance that spending reverts in the end, 0 to 1; 1 if absent.")
    over_years = _count(1, 30, "Years that the reversion takes; 4 if absent.")
    toward = fields.String(
        validate=validate.OneOf(["trend", "origin"]),
        metadata={
            "description": "What spending reverts to: the median of that year by history alone (trend), or the median "
            "of the origin; the trend if absent."
        },
    )
    probability = _number(0, 1, "Probability of the exit: fraction of futures that revert, 0 to 1; 1 if absent.")


class ShockSchema(TemporarySchema):
    """Makes the spread wider or narrower, or its tails heavier."""

    lever = Shock
    constraint: ClassVar[dict[str, Any]] = one_or_other("spread_factor", "tails")
    example: ClassVar[dict[str, Any]] = {"type": "shock", "spread_factor": 1.5, "from": 2028}
    type = _type("shock")
    component = _component()
    spread_factor = _number(0.1, 5, "Factor on every future's distance from the median, in logs; 1 if absent.")
    tails = _number(
        1, 2, "Exponent that moves the outer half of the futures further out, 1 (no change) to 2; 1 if absent."
    )

    @validates_schema
    def _anything(self, data: dict[str, Any], **_: Any) -> None:
        if "spread_factor" not in data and "tails" not in data:
            raise ValidationError("give 'spread_factor', 'tails' or both")


class PurchaseSchema(LeverSchema):
    """Adds a one-off purchase."""

    lever = Purchase
    example: ClassVar[dict[str, Any]] = {"type": "step", "share_pct": 0.3, "from": 2028}
    type = _type("step")
    component = _component()
    first_year = year_in("Year of the purchase.", data_key="from", required=True)
    last_year = year_in("Last year of the purchase, inclusive; 'from' if absent.", data_key="to")
    share_pct = share_in("Points added in each of these years", required=True)


class ReclassifySchema(LeverSchema):
    """Counts existing spending as core or related."""

    lever = Reclassify
    example: ClassVar[dict[str, Any]] = {
        "type": "reclassify",
        "component": "related",
        "share_pct": 0.4,
        "from": 2027,
        "years": 3,
    }
    type = _type("reclassify")
    component = _component("The component that it is counted as; core if absent.")
    share_pct = share_in("Points counted in addition", required=True)
    years = _count(1, 30, "Years over which they are added, in equal steps; 1 (all at once) if absent.")
    from_component = fields.String(
        validate=validate.OneOf(["other", *LEVER_COMPONENTS]),
        metadata={
            "description": "The component that it was counted as before, which loses it, or neither (other); other if "
            "absent."
        },
    )


class HistoryOverrideSchema(LeverSchema):
    """Replaces figures of past years by the analyst's own."""

    class Meta:
        # Its years are those of its points.
        exclude = ("first_year", "last_year")

    lever = HistoryOverride
    example: ClassVar[dict[str, Any]] = {"type": "history_override", "points": {"2025": 2.22, "2026": 2.5}}
    type = _type("history_override")
    points = Points(
        keys=fields.String(
            validate=WholeText(r"^(19[0-9]{2}|20[0-5][0-9]|2060)$", error="must be a year from 1900 to 2060")
        ),
        values=share_in("Share of that year"),
        required=True,
        validate=validate.Length(min=1, max=100, error="must be an object with {min} to {max} points, year to share"),
        metadata={
            "description": "Year to core share (% of GDP), in place of the published figure. Years that the figures do "
            "not cover up to the origin are not used, and the answer's notes say so.",
            "propertyNames": {"pattern": "^(19[0-9]{2}|20[0-5][0-9]|2060)$"},
            "minProperties": 1,
            "maxProperties": 100,
            "example": {"2025": 2.22, "2026": 2.5},
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> Lever:
        points = {int(year): value for year, value in data["points"].items()}
        lever: Lever = super()._build(data | {"points": points}, **kwargs)
        return lever


class CountingRuleSchema(LeverSchema):
    """Counts related spending by one rule."""

    class Meta:
        # A rule binds the whole alliance, in all years.
        exclude = ("first_year", "last_year", "countries")

    lever = CountingRule
    example: ClassVar[dict[str, Any]] = {"type": "counting_rule", "rule": "claimed"}
    type = _type("counting_rule")
    rule = rule_in(required=True)


class FreezeSchema(TemporarySchema):
    """Freezes spending at the level of the year before."""

    lever = Freeze
    example: ClassVar[dict[str, Any]] = {"type": "freeze", "what": "nominal", "from": 2028, "to": 2030}
    type = _type("freeze")
    component = _component()
    what = fields.String(
        validate=validate.OneOf(["share", "nominal", "real"]),
        metadata={"description": "What is frozen: the share, nominal money or real money; the share if absent."},
    )


class FloorSchema(TemporarySchema):
    """Keeps every future at or above a share."""

    lever = Floor
    example: ClassVar[dict[str, Any]] = {"type": "floor", "component": "related", "share_pct": 1.0}
    type = _type("floor")
    component = _component()
    share_pct = share_in("Lowest share", required=True)


class CapSchema(TemporarySchema):
    """Keeps every future at or below a share."""

    lever = Cap
    example: ClassVar[dict[str, Any]] = {"type": "cap", "share_pct": 2.1}
    type = _type("cap")
    component = _component()
    share_pct = share_in("Highest share", required=True)


SCHEMAS: Mapping[str, type[LeverSchema]] = {
    schema.lever.type: schema
    for schema in (
        HistoryOverrideSchema,
        CountingRuleSchema,
        GdpGrowthSchema,
        SpendingGrowthSchema,
        SharePathSchema,
        PledgeSchema,
        DelaySchema,
        ExitSchema,
        ShockSchema,
        FreezeSchema,
        PurchaseSchema,
        ReclassifySchema,
        FloorSchema,
        CapSchema,
    )
}
"""By type, in the order in which the levers act."""
