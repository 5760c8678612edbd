"""The answer of a forecast."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_dump, pre_dump, validate

from forecast_service.schemas.citation import cite_out
from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.explanations import BaselineSchema, PlausibilitySchema, WaterfallStepSchema, explained
from forecast_service.schemas.fast_dump import writer
from forecast_service.schemas.fields import (
    USD,
    Numbers,
    Rounded,
    component_out,
    currency_out,
    national,
    probability_out,
    share_out,
    texts_out,
    unit_out,
)
from forecast_service.schemas.levers import LeverField, without_defaults
from models.dataset.countries import COMPONENTS
from models.forecast.result import Fan, Forecast
from models.forecast.why import WHY_PARTS
from models.paths import RULES
from models.scenarios.targets import LEAST_WEIGHT

MEDIAN = "Median across draws: the middle future. A few extreme futures can take the mean far above it."


class ProbabilitySchema(Schema):
    """The probabilities of meeting a target; never exactly 0 or 1."""

    at_deadline = probability_out("The share is at the threshold in the deadline year: the headline.", required=True)
    by_deadline = probability_out("It is at the threshold in some year from the origin to the deadline.", required=True)
    held = probability_out(
        "Probability of staying at the threshold from the first crossing to the deadline.", required=True
    )
    standard_error = Rounded(
        6,
        required=True,
        metadata={"description": "Monte-Carlo standard error of at_deadline, at most: simulation noise."},
    )
    across_members = fields.List(
        probability_out("at_deadline by a single member."),
        required=True,
        validate=validate.Length(equal=2),
        metadata={
            "description": "Lowest and highest probability at_deadline of the members whose weight is at least "
            f"{LEAST_WEIGHT}, and of all together. Of core, before any lever, each member has all draws of its own."
        },
    )


class RequiredSchema(Schema):
    """The growth that takes the share of the origin to the threshold in the deadline year."""

    real_growth_pct = Rounded(
        2,
        required=True,
        metadata={
            "description": "Constant real growth of spending from from_year to the deadline (% a year), with real GDP "
            "as in the median of this scenario's futures. For a series of no ally GDP is constant: growth of the "
            "series itself."
        },
    )
    from_year = fields.Integer(required=True, metadata={"description": "Year in which the growth starts: the origin."})
    from_share_pct = share_out("Median share of that year, from which it grows", required=True)


class TargetWhyPartSchema(Schema):
    """What one part adds to the probability."""

    name = fields.String(
        required=True,
        validate=validate.OneOf(WHY_PARTS),
        metadata={
            "description": "The level of today alone, the recent change of all allies (momentum), plans and budgets, "
            "pledges, and the scenario's levers, each on top of those before it."
        },
    )
    points = Rounded(4, required=True, metadata={"description": "Percentage points of probability."})


class TargetWhySchema(Schema):
    """Why a probability is what it is."""

    sentence = fields.String(required=True, metadata={"description": "The parts in words."})
    parts = fields.List(
        fields.Nested(TargetWhyPartSchema),
        required=True,
        metadata={"description": "In order; their points add up to 100 times the probability at the deadline."},
    )


class RuleProbabilitySchema(Schema):
    """One rule that counts related spending."""

    rule = fields.String(
        required=True,
        validate=validate.OneOf(RULES),
        metadata={
            "description": "strict: new money of the kinds that the declaration lists; claimed: what governments say "
            "they count; broad: existing spending of those kinds."
        },
    )
    weight = Rounded(
        4,
        required=True,
        metadata={"description": "Its fraction of the futures, a judgement (0 to 1); 1 for a rule that was chosen."},
    )
    at_deadline = probability_out("Probability at_deadline in its futures.", required=True)


class TargetSchema(Schema):
    component = component_out("core, related or total.")
    threshold = share_out("The threshold", required=True)
    basis = fields.String(
        required=True,
        validate=validate.OneOf(["history", "prior", "history and prior"]),
        metadata={"description": "Whether the paths are fitted to figures or drawn from a documented prior."},
    )
    rests_on = fields.String(required=True, metadata={"description": "The basis in words."})
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
    rules = fields.List(
        fields.Nested(RuleProbabilitySchema),
        required=True,
        allow_none=True,
        metadata={
            "description": "How much of the probability is what counts as related spending: at_deadline by counting "
            "rule, the narrowest first. Null for core, and where the target does not apply."
        },
    )
    counted_related_max = share_out(
        "The most of related spending that counts towards the total, 1.5 or a higher related target: in each future "
        "total = core + min(related, counted_related_max). Null for core and related",
        required=True,
        allow_none=True,
    )
    required = fields.Nested(
        RequiredSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null where the target does not apply."},
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why the target does not apply; null if it does."}
    )
    why = fields.Nested(
        TargetWhySchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "What the core target's probability is made of; null for the other targets, and for a "
            "series that belongs to no ally."
        },
    )


class ComponentPathsSchema(Schema):
    """The paths of one component, one value per year."""

    mean = Numbers(share_out("Mean"), required=True, metadata={"description": "Mean across draws."})
    median = Numbers(share_out("Median"), required=True, metadata={"description": MEDIAN})
    quantiles = fields.Dict(
        keys=fields.String(),
        values=Numbers(share_out("Quantile")),
        required=True,
        metadata={"description": "Level to values."},
    )


class FanSchema(Schema):
    """One amount of money, one value per year."""

    currency = currency_out()
    unit = unit_out()
    mean = Numbers(Rounded(3), required=True, metadata={"description": "Mean across draws."})
    median = Numbers(Rounded(3), required=True, metadata={"description": MEDIAN})
    quantiles = fields.Dict(
        keys=fields.String(),
        values=Numbers(Rounded(3)),
        required=True,
        metadata={"description": "Level to values."},
    )


class MoneySchema(Schema):
    """Core spending in money."""

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
    """The simulated futures, summarised by year. Components that do not apply are null."""

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
        metadata={
            "description": "Core plus related, which counts for at most 1.5 or a higher related target; null where "
            "core is null."
        },
    )


class MemberSchema(Schema):
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
    name = fields.String(required=True, metadata={"description": "Its name."})
    description = fields.String(required=True, metadata={"description": "In words."})
    levers = fields.List(
        LeverField(), required=True, metadata={"description": "In the order given; they act in a fixed order."}
    )
    pledge_effect = fields.Boolean(
        metadata={"description": "False if its levers change the trend of history alone; otherwise absent."}
    )
    components = fields.List(
        fields.String(), metadata={"description": "The components it touches; absent if unspecified."}
    )
    countries = fields.List(fields.String(), metadata={"description": "The allies it is about; absent for all."})
    based_on = fields.String(metadata={"description": "The scenario it derives from; absent if unspecified."})
    model_version = fields.String(
        metadata={"description": "Version of the statistics it was written for; absent if unspecified."}
    )
    vintage = fields.String(
        metadata={"description": "Vintage of the figures it was written for; absent if unspecified."}
    )

    @post_dump
    def _leave_out(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        # So that a client can send the scenario of an answer.
        return without_defaults(data)


class ForecastSchema(Schema):
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
        PathsSchema, required=True, metadata={"description": "The simulated futures that every number comes from."}
    )
    money = fields.Nested(
        MoneySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Core spending in money; null where no amount is published for the origin."},
    )
    pledge_credibility = Rounded(
        4,
        required=True,
        allow_none=True,
        metadata={
            "description": "Fraction of the gap to its Hague pledge that the ally is expected to close, 0 to 1; the "
            "value of 'learned' in the lever pledge. Null without a pledge on core."
        },
    )
    baseline = fields.Nested(
        BaselineSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The baseline, and this answer minus it; null for the baseline itself."},
    )
    waterfall = fields.List(
        fields.Nested(WaterfallStepSchema),
        required=True,
        metadata={
            "description": "How each lever changes the probability at the deadline, in the order in which they act. "
            "The changes add up to the difference from the baseline."
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
    notes = fields.List(fields.String(), required=True, metadata={"description": "Remarks about this answer."})
    links = texts_out("Related addresses, relative to this one's origin.")
    cite = cite_out()

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """As the original, but a single whole answer is dumped by a compiled writer."""
        if many or self.many or self.only or self.exclude:
            return super().dump(obj, many=many)
        return writer(type(self))(self._compose(obj))

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
                    "rules": t.rules or None,
                    "counted_related_max": t.counted_related,
                    "required": None
                    if t.required_growth is None
                    else {
                        "real_growth_pct": t.required_growth,
                        "from_year": forecast.origin,
                        "from_share_pct": t.start,
                    },
                    "reason": t.reason,
                    "why": t.why
                    and {
                        "sentence": t.why.sentence,
                        "parts": [{"name": n, "points": 100 * p} for n, p in t.why.parts.items()],
                    },
                }
                for t in forecast.targets
            ],
            "paths": {"years": forecast.years}
            | {
                name: fan_out(paths, forecast.levels) if (paths := forecast.components.get(name)) else None
                for name in COMPONENTS
            },
            "money": forecast.money
            and {
                "usd": USD | fan_out(forecast.money.usd, forecast.levels),
                "national": forecast.money.national
                and national(forecast.money.currency) | fan_out(forecast.money.national, forecast.levels),
            },
            "pledge_credibility": forecast.credibility,
            **explained(forecast),
            "members": [{"name": n, "weight": w, "at_deadline": p, "left_out": None} for n, w, p in forecast.members]
            + [
                {"name": n, "weight": None, "at_deadline": None, "left_out": why}
                for n, why in forecast.left_out.items()
            ],
            "links": answer["links"],
            **({"cite": answer["cite"]} if "cite" in answer else {}),  # a part of another answer has none
        }


def fan_out(fan: Fan, levels: tuple[float, ...]) -> dict[str, Any]:
    """The fields of a fan, for a schema to write."""
    return {
        "mean": fan.mean.tolist(),
        "median": fan.median.tolist(),
        "quantiles": {str(level): row.tolist() for level, row in zip(levels, fan.quantiles, strict=True)},
    }
