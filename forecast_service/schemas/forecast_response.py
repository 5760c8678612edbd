"""The answer of a forecast, as it comes out."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_dump, pre_dump, validate

from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.explanations import BaselineSchema, PlausibilitySchema, WaterfallStepSchema, explained
from forecast_service.schemas.fields import Numbers, Rounded, component_out, probability_out, share_out, texts_out
from forecast_service.schemas.levers import LeverField, without_silence
from models.dataset.countries import COMPONENTS
from models.forecast.result import Fan, Forecast


class ProbabilitySchema(Schema):
    """How likely a target is met. Never exactly 0 or 1."""

    at_deadline = probability_out("The share is at the threshold in the deadline year: the headline.", required=True)
    by_deadline = probability_out("It is in some year from the origin up to the deadline.", required=True)
    held = probability_out("Probability that it is met from the first crossing through the deadline.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of at_deadline: simulation noise alone."}
    )
    across_members = fields.List(
        probability_out("at_deadline by a single member."),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "Lowest and highest probability at_deadline of any member: the honest uncertainty."},
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

    component = component_out("core, related or total.")
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

    mean = Numbers(share_out("Mean"), required=True, metadata={"description": "Mean across draws."})
    quantiles = fields.Dict(
        keys=fields.String(),
        values=Numbers(share_out("Quantile")),
        required=True,
        metadata={"description": "Level to values."},
    )


class FanSchema(Schema):
    """One amount of money, one value a year."""

    mean = Numbers(Rounded(3), required=True, metadata={"description": "Mean across draws."})
    quantiles = fields.Dict(
        keys=fields.String(),
        values=Numbers(Rounded(3)),
        required=True,
        metadata={"description": "Level to values."},
    )


class MoneySchema(Schema):
    """Core spending behind the shares."""

    usd = fields.Nested(
        FanSchema, required=True, metadata={"description": "Million US dollars at 2021 prices and exchange rates."}
    )
    national = fields.Nested(
        FanSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Billion national currency at current prices; null for Luxembourg (share of GNI)."},
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
    pledge_effect = fields.Boolean(
        metadata={"description": "False where its levers change the trend of history alone; absent for the baseline."}
    )
    components = fields.List(
        fields.String(), metadata={"description": "The components it touches; absent where it does not say."}
    )
    countries = fields.List(fields.String(), metadata={"description": "The allies it is about; absent for all."})
    based_on = fields.String(metadata={"description": "The scenario it derives from; absent where it does not say."})
    model_version = fields.String(
        metadata={"description": "Version of the statistics it was written for; absent where it does not say."}
    )
    vintage = fields.String(
        metadata={"description": "Vintage of the figures it was written for; absent where it does not say."}
    )

    @post_dump
    def _leave_out(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        # So that the scenario of an answer is a scenario that can be sent.
        return without_silence(data)


class ForecastSchema(Schema):
    """A forecast."""

    id = fields.String(required=True, metadata={"description": "A hash of all that determines the answer."})
    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    scenario = fields.Nested(ScenarioOutSchema, required=True, metadata={"description": "What was assumed."})
    origin = fields.Integer(required=True, metadata={"description": "Last year whose figure the forecast knows."})
    deadline = fields.Integer(required=True, metadata={"description": "Deadline year."})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    draws = fields.Integer(required=True, metadata={"description": "Number of simulated futures."})
    seed = fields.Integer(required=True, metadata={"description": "Seed of the simulation."})
    targets = fields.List(
        fields.Nested(TargetSchema), required=True, metadata={"description": "Always core, related and total."}
    )
    paths = fields.Nested(
        PathsSchema, required=True, metadata={"description": "The futures that every number is read off."}
    )
    money = fields.Nested(
        MoneySchema,
        required=True,
        allow_none=True,
        metadata={"description": "The money behind core spending; null where no amount is published for the origin."},
    )
    pledge_credibility = Rounded(
        4,
        required=True,
        allow_none=True,
        metadata={
            "description": "Fraction of the gap to its Hague pledge that the ally is expected to close, 0 to 1; "
            "what the lever pledge means by 'learned'. Null without a pledge on core."
        },
    )
    baseline = fields.Nested(
        BaselineSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The baseline, and how far this answer is from it; null for the baseline itself."},
    )
    waterfall = fields.List(
        fields.Nested(WaterfallStepSchema),
        required=True,
        metadata={
            "description": "From the baseline to this answer: what each lever did to the probability at the deadline, "
            "in the order in which they act. The changes add up to the difference from the baseline."
        },
    )
    plausibility = fields.Nested(
        PlausibilitySchema,
        required=True,
        allow_none=True,
        metadata={"description": "How likely the baseline finds this path; null for the baseline itself."},
    )
    members = fields.List(
        fields.Nested(MemberSchema), required=True, metadata={"description": "The ensemble behind core."}
    )
    notes = fields.List(
        fields.String(), required=True, metadata={"description": "What the reader should know of this answer."}
    )
    links = texts_out("Related addresses, relative to this one's origin.")

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
                name: _fan(forecast, paths) if (paths := forecast.components.get(name)) else None for name in COMPONENTS
            },
            "money": forecast.money
            and {
                "usd": _fan(forecast, forecast.money.usd),
                "national": forecast.money.national and _fan(forecast, forecast.money.national),
            },
            "pledge_credibility": forecast.credibility,
            **explained(forecast),
            "members": [{"name": n, "weight": w, "at_deadline": p, "left_out": None} for n, w, p in forecast.members]
            + [
                {"name": n, "weight": None, "at_deadline": None, "left_out": why}
                for n, why in forecast.left_out.items()
            ],
            "links": answer["links"],
        }


def _fan(forecast: Forecast, fan: Fan) -> dict[str, Any]:
    quantiles = zip(forecast.levels, fan.quantiles, strict=True)
    return {"mean": fan.mean.tolist(), "quantiles": {str(level): row.tolist() for level, row in quantiles}}
