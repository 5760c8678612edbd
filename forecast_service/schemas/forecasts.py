"""Forecasts: the questions, and the answer."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, pre_dump, validate
from webargs.fields import DelimitedList

from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.fields import (
    COMPONENTS,
    FIRST_YEAR,
    BoundedList,
    Number,
    QueryNumber,
    QueryYear,
    Rounded,
    Year,
    probability_out,
    share_in,
    share_out,
    year_in,
)
from forecast_service.schemas.levers import LeverField, ScenarioField
from models.forecast import LEVELS, Forecast
from models.history import CURRENT_VINTAGE, load_figures
from models.named import NAMED
from models.targets import Targets

MAX_QUANTILES = 25
LAST_ORIGIN = load_figures(CURRENT_VINTAGE).origin


CORE = "Threshold of core spending; 3.5 if absent"
RELATED = "Threshold of related spending; 1.5 if absent. The total's threshold is the sum"


def _level(kind: type[Number] = Number) -> Number:
    return kind(
        validate=validate.Range(min=0.001, max=0.999, error="must be from {min} to {max}"),
        metadata={"description": "Level of a quantile, 0.001 to 0.999."},
    )


def _deadline(kind: type[Year] = Year) -> Year:
    return year_in("Deadline year; 2035 if absent. It must lie after the origin.", first=FIRST_YEAR + 1, kind=kind)


class TargetsSchema(Schema):
    """What is to be met, and by when."""

    deadline = _deadline()
    core = share_in(CORE)
    related = share_in(RELATED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Targets:
        return Targets(**data)


def _origin(kind: type[Year] = Year) -> Year:
    return year_in("Last year the forecast may know; the last of the figures if absent.", last=LAST_ORIGIN, kind=kind)


class ForecastQuerySchema(Schema):
    """The question, as a query."""

    scenario = fields.String(
        validate=validate.OneOf(list(NAMED), error="must be one of {choices}"),
        metadata={"description": "A scenario that ships with the service; baseline if absent."},
    )
    deadline = _deadline(QueryYear)
    core = share_in(CORE, kind=QueryNumber)
    related = share_in(RELATED, kind=QueryNumber)
    origin = _origin(QueryYear)
    quantiles = DelimitedList(
        _level(QueryNumber),
        validate=validate.Length(min=1, max=MAX_QUANTILES, error="must hold {min} to {max} levels"),
        metadata={
            "description": f"Levels of the quantiles, separated by commas, at most {MAX_QUANTILES}.",
            "example": [0.1, 0.5, 0.9],
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        targets = Targets(**{name: data.pop(name) for name in ("deadline", "core", "related") if name in data})
        return {"targets": targets, "levels": data.pop("quantiles", LEVELS)} | data


class ForecastRequestSchema(Schema):
    """The question, as a body."""

    country = fields.String(
        required=True,
        validate=validate.Length(min=2, max=60),
        metadata={"description": "ISO alpha-2, ISO alpha-3 or English name, in any case.", "example": "DEU"},
    )
    scenario = ScenarioField(metadata={"description": "The name of a scenario, or one's own; baseline if absent."})
    targets = fields.Nested(
        TargetsSchema, metadata={"description": "Thresholds and deadline; those of The Hague if absent."}
    )
    origin = _origin()
    quantiles = BoundedList(
        _level(),
        least=1,
        most=MAX_QUANTILES,
        what="levels",
        metadata={"description": f"Levels of the quantiles, at most {MAX_QUANTILES}."},
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"levels": data.pop("quantiles", LEVELS)} | data


class ProbabilitySchema(Schema):
    """How likely a target is met. Never exactly 0 or 1."""

    at_deadline = probability_out("The share is at the threshold in the deadline year: the headline.", required=True)
    by_deadline = probability_out("It is in some year from the origin up to the deadline.", required=True)
    held = probability_out("It is from the first crossing through the deadline.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of at_deadline: simulation noise alone."}
    )
    across_members = fields.List(
        probability_out("at_deadline by a single member."),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "Lowest and highest at_deadline of any member: the honest uncertainty."},
    )


class RequiredSchema(Schema):
    """What would just meet the target."""

    real_growth_pct = Rounded(
        2,
        required=True,
        metadata={"description": "Constant real growth of spending from the origin to the deadline (% a year)."},
    )


class TargetSchema(Schema):
    """One target and its probability."""

    component = fields.String(
        required=True, validate=validate.OneOf(COMPONENTS), metadata={"description": "core, related or total."}
    )
    threshold = share_out("The threshold", required=True)
    basis = fields.String(
        required=True,
        validate=validate.OneOf(["history", "prior", "history and prior"]),
        metadata={"description": "Whether the paths are fitted to figures or drawn from a documented prior."},
    )
    rests_on = fields.String(required=True, metadata={"description": "What the basis is, in words."})
    probability = fields.Nested(
        ProbabilitySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where the target does not apply."},
    )
    first_year = fields.Dict(
        keys=fields.String(),
        values=probability_out("Probability that this is the first year at the threshold, the origin's year included."),
        required=True,
        metadata={"description": "Year to probability; years without a draw are left out."},
    )
    required = fields.Nested(
        RequiredSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where the target does not apply."},
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why the target does not apply, where it does not."}
    )


class ComponentPathsSchema(Schema):
    """The paths of one component, one value a year."""

    mean = fields.List(share_out("Mean"), required=True, metadata={"description": "Mean across draws."})
    quantiles = fields.Dict(
        keys=fields.String(),
        values=fields.List(share_out("Quantile")),
        required=True,
        metadata={"description": "Level to values."},
    )


class PathsSchema(Schema):
    """What the simulated futures look like. Components that do not apply are null."""

    years = fields.List(
        fields.Integer(), required=True, metadata={"description": "From the year after the origin to the deadline."}
    )
    core = fields.Nested(
        ComponentPathsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Core; null for an ally without armed forces."},
    )
    related = fields.Nested(ComponentPathsSchema, required=True, allow_none=True, metadata={"description": "Related."})
    total = fields.Nested(
        ComponentPathsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Core and related, of the latter at most 1.5; null where core is."},
    )


class MemberSchema(Schema):
    """One member of the ensemble."""

    name = fields.String(required=True, metadata={"description": "Name of the statistical model."})
    weight = Rounded(
        4, required=True, metadata={"description": "Its share of the draws; null if it was left out."}, allow_none=True
    )
    at_deadline = probability_out(
        "Its own probability for the core target; null if it was left out.", required=True, allow_none=True
    )
    left_out = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it was left out; null if it was not."}
    )


class ScenarioOutSchema(Schema):
    """The scenario that was asked for, as it was understood."""

    name = fields.String(required=True, metadata={"description": "Its name."})
    description = fields.String(required=True, metadata={"description": "In words."})
    levers = fields.List(
        LeverField(), required=True, metadata={"description": "In the order given; they act in a fixed order."}
    )


class ForecastSchema(Schema):
    """A forecast."""

    id = fields.String(required=True, metadata={"description": "A hash of all that determines the answer."})
    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    scenario = fields.Nested(ScenarioOutSchema, required=True, metadata={"description": "What was assumed."})
    origin = fields.Integer(required=True, metadata={"description": "Last year whose figure the forecast knows."})
    deadline = fields.Integer(required=True, metadata={"description": "Deadline year."})
    vintage = fields.String(required=True, metadata={"description": "Edition of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    draws = fields.Integer(required=True, metadata={"description": "Number of simulated futures."})
    seed = fields.Integer(required=True, metadata={"description": "Seed of the simulation."})
    targets = fields.List(
        fields.Nested(TargetSchema), required=True, metadata={"description": "Always core, related and total."}
    )
    paths = fields.Nested(
        PathsSchema, required=True, metadata={"description": "The futures that every number is read off."}
    )
    members = fields.List(
        fields.Nested(MemberSchema), required=True, metadata={"description": "The ensemble behind core."}
    )
    notes = fields.List(
        fields.String(), required=True, metadata={"description": "What the reader should know of this answer."}
    )
    links = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Related addresses, relative to this one's origin."},
    )

    @pre_dump
    def _compose(self, answer: dict[str, Any], **_: Any) -> dict[str, Any]:
        forecast: Forecast = answer["forecast"]
        return {
            name: getattr(forecast, name)
            for name in ("id", "scenario", "origin", "deadline", "vintage", "model_version", "draws", "seed", "notes")
        } | {
            "country": forecast.ally,
            "targets": [
                {
                    "component": t.component,
                    "threshold": t.threshold,
                    "basis": t.basis,
                    "rests_on": t.rests_on,
                    "probability": t.outcome.probability if t.outcome else None,
                    "first_year": {str(y): p for y, p in t.outcome.first_year.items()} if t.outcome else {},
                    "required": None if t.required_growth is None else {"real_growth_pct": t.required_growth},
                    "reason": t.reason,
                }
                for t in forecast.targets
            ],
            "paths": {"years": forecast.years}
            | {
                name: None
                if (paths := forecast.components.get(name)) is None
                else {
                    "mean": paths.mean.tolist(),
                    "quantiles": {
                        str(level): row.tolist() for level, row in zip(forecast.levels, paths.quantiles, strict=True)
                    },
                }
                for name in COMPONENTS
            },
            "members": [{"name": n, "weight": w, "at_deadline": p, "left_out": None} for n, w, p in forecast.members]
            + [
                {"name": n, "weight": None, "at_deadline": None, "left_out": why}
                for n, why in forecast.left_out.items()
            ],
            "links": answer["links"],
        }
