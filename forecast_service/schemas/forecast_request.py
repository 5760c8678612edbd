"""Requests for forecasts."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, post_load, validate, validates_schema
from webargs.fields import DelimitedList

from forecast_service.schemas.fields import (
    FIRST_YEAR,
    BoundedList,
    Number,
    Points,
    QueryNumber,
    QueryYear,
    WholeText,
    Year,
    country_in,
    one_or_other,
    share_in,
    vintage_in,
    year_in,
)
from forecast_service.schemas.lever_types import rule_in
from forecast_service.schemas.levers import ScenarioField, known_form, known_forms
from forecast_service.schemas.requests import RequestSchema
from models.forecast.question import LEVELS
from models.scenarios.targets import Targets
from models.series import Series

MAX_QUANTILES = 25
LEVEL_PLACES = 6
CORE = "Threshold of core spending; 3.5 if absent"
RELATED = (
    "Threshold of related spending; 1.5 if absent. The total's threshold is the sum. Above 1.5 it also raises how much "
    "related spending counts towards the total"
)


def _level(kind: type[Number] = Number) -> Number:
    return kind(
        places=LEVEL_PLACES,
        validate=validate.Range(min=0.001, max=0.999, error="must be a number from {min} to {max}"),
        metadata={"description": f"Level of a quantile, 0.001 to 0.999, read to {LEVEL_PLACES} decimals."},
    )


def _deadline(kind: type[Year] = Year) -> Year:
    return year_in("Deadline year; 2035 if absent. It must be after the origin.", first=FIRST_YEAR + 1, kind=kind)


class TargetsSchema(RequestSchema):
    deadline = _deadline()
    core = share_in(CORE)
    related = share_in(RELATED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Targets:
        return Targets(**data)


def origin_field(kind: type[Year] = Year) -> Year:
    return year_in("Last year the forecast may know; the last of the figures if absent.", kind=kind)


def rule_field() -> fields.String:
    return rule_in("; all three by their weights, or the scenario's own, if absent. As a last lever counting_rule")


def vintage_field() -> fields.String:
    return vintage_in("Vintage of the figures; the current one if absent. Its last year is the origin.")


class ForecastQuerySchema(RequestSchema):
    scenario = fields.String(
        validate=known_form,
        metadata={
            "description": "The name of a shipped scenario or the id of a saved one; baseline if absent.",
            "anyOf": known_forms(),
            "example": "baseline",
        },
    )
    deadline = _deadline(QueryYear)
    core = share_in(CORE, kind=QueryNumber)
    related = share_in(RELATED, kind=QueryNumber)
    rule = rule_field()
    origin = origin_field(QueryYear)
    vintage = vintage_field()
    quantiles = DelimitedList(
        _level(QueryNumber),
        validate=validate.Length(min=1, max=MAX_QUANTILES, error="must be {min} to {max} numbers, with commas between"),
        metadata={
            "description": f"Levels of the quantiles, separated by commas, at most {MAX_QUANTILES}.",
            "example": [0.1, 0.5, 0.9],
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        targets = Targets(**{name: data.pop(name) for name in ("deadline", "core", "related") if name in data})
        return {"targets": targets, "levels": data.pop("quantiles", LEVELS)} | data


class ForecastRequestSchema(RequestSchema):
    """The body of a request for a forecast."""

    # A country, a history, or both.
    constraint: ClassVar[dict[str, Any]] = one_or_other("country", "history")

    country = country_in(" It may be absent if a history is sent; the history is then forecast by itself.")
    history = Points(
        keys=fields.String(validate=WholeText(r"^(19|20)[0-9]{2}$", error="must be a year from 1900 to 2099")),
        values=Number(
            validate=validate.Range(min=1e-6, max=1e12, error="must be a number from {min:g} to {max:g}"),
            metadata={"description": "Value of that year, positive."},
        ),
        validate=validate.Length(min=8, max=150, error="must be an object with {min} to {max} years, year to value"),
        metadata={
            "description": "The analyst's own figures, year to value, without gaps; % of GDP if they replace an ally's "
            "core shares. The last year is the origin.",
            "propertyNames": {"pattern": "^(19|20)[0-9]{2}$"},
            "minProperties": 8,
            "maxProperties": 150,
        },
    )
    scenario = ScenarioField(metadata={"description": "A scenario, its name or its id; baseline if absent."})
    targets = fields.Nested(
        TargetsSchema, metadata={"description": "Thresholds and deadline; those of The Hague if absent."}
    )
    rule = rule_field()
    origin = origin_field()
    vintage = vintage_field()
    quantiles = BoundedList(
        _level(),
        least=1,
        most=MAX_QUANTILES,
        what="levels",
        metadata={"description": f"Levels of the quantiles, at most {MAX_QUANTILES}."},
    )

    @validates_schema
    def _country_or_history(self, data: dict[str, Any], **_: Any) -> None:
        if "country" not in data and "history" not in data:
            raise ValidationError("give 'country', 'history' or both")
        years = sorted(map(int, data.get("history", ())))
        missing = sorted(set(range(years[0], years[-1] + 1)) - set(years)) if years else []
        if missing:
            raise ValidationError(f"must have no gaps; {', '.join(map(str, missing[:5]))} is missing", "history")

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "history" in data:
            points = {int(year): value for year, value in data["history"].items()}
            data["history"] = Series.from_points("history", points)
        return {"levels": data.pop("quantiles", LEVELS), "country": data.pop("country", None)} | data
