"""The forecast of all allies together: request and answer."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, pre_dump, validate

from forecast_service.schemas.citation import cite_out, id_in
from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.fields import Numbers, Rounded, component_out, probability_out, share_out, texts_out
from forecast_service.schemas.forecast_request import ForecastQuerySchema
from forecast_service.schemas.forecast_response import ComponentPathsSchema, fan_out
from forecast_service.schemas.scenarios import NamedScenarioSchema
from forecast_service.schemas.tables import CsvOptionsSchema, TableQuerySchema
from models.analysis.alliance import AllianceForecast, AllianceTarget, RankedAlly, Tally
from models.paths import RULES

AT_LEAST = (10, 20, 25)
GROUPS = ("alliance", "europe-and-canada", "united-states")


class AllianceQuerySchema(ForecastQuerySchema):
    """The query: the parameters of a country's forecast that apply to all allies alike."""

    class Meta:
        fields = ("scenario", "deadline", "core", "related", "rule", "origin", "vintage", "quantiles", "id")

    id = id_in()


class AllianceTableQuerySchema(TableQuerySchema, AllianceQuerySchema):
    """The query of the forecast, or of its table."""

    class Meta:
        fields = (*AllianceQuerySchema.Meta.fields, *CsvOptionsSchema._declared_fields)


def _fine(description: str, **kwargs: Any) -> Rounded:
    """A probability that is divided over many cells, with more decimals so that none reads as 0."""
    return Rounded(9, metadata={"description": description, "minimum": 0, "maximum": 1}, **kwargs)


class TallySchema(Schema):
    """The distribution of the number of allies that meet a condition, over the simulated futures."""

    allies = fields.Integer(required=True, metadata={"description": "Number of allies that are counted."})
    distribution = fields.List(
        _fine("Probability of exactly this count."),
        required=True,
        metadata={"description": "Probability of each count, 0 first and all allies last; they sum to 1."},
    )
    mean = Rounded(3, required=True, metadata={"description": "Mean count (allies)."})
    median = fields.Integer(required=True, metadata={"description": "Median count (allies)."})
    interval_80 = fields.List(
        fields.Integer(),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "10 % and 90 % quantile of the count (allies)."},
    )
    at_least = fields.Dict(
        keys=fields.String(),
        values=_fine("Probability of this count or more."),
        required=True,
        metadata={"description": f"Count ({', '.join(map(str, AT_LEAST))}) to probability."},
    )
    all = _fine("Probability of all allies.", required=True)
    dispersion = Rounded(
        3,
        required=True,
        allow_none=True,
        metadata={
            "description": "Variance of the count, divided by its variance if allies were independent; above 1 where "
            "they move together, null where nothing is uncertain."
        },
    )


class CountReviewSchema(Schema):
    on_track = fields.Nested(
        TallySchema,
        required=True,
        metadata={
            "description": "At or above the straight line from the origin's share to the threshold at the deadline."
        },
    )
    at_threshold = fields.Nested(
        TallySchema, required=True, metadata={"description": "At or above the threshold already."}
    )


class StandingReviewSchema(Schema):
    on_track = probability_out(
        "Probability of a share at or above the straight line from the origin's to the threshold in the deadline "
        "year (for an ally that starts above it: at or above the threshold).",
        required=True,
    )
    at_threshold = probability_out("Probability of a share at or above the threshold already.", required=True)


class StandingShareSchema(Schema):
    median = share_out("Median across draws", required=True)
    interval_80 = fields.List(
        share_out("Quantile"),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "10 % and 90 % quantile (% of GDP)."},
    )


class StandingSchema(Schema):
    """One ally and one target."""

    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    at_deadline = probability_out("The share is at the threshold in the deadline year.", required=True)
    by_deadline = probability_out("It is at the threshold in some year from the origin to the deadline.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of at_deadline: simulation noise alone."}
    )
    across_members = fields.List(
        probability_out("at_deadline by a single member."),
        required=True,
        validate=validate.Length(equal=2),
        metadata={"description": "Lowest and highest probability at_deadline of any member, and of all together."},
    )
    share_pct = fields.Nested(
        StandingShareSchema, required=True, metadata={"description": "Its share in the deadline year."}
    )
    by_year = fields.List(
        probability_out("Its share is at the threshold in that year."),
        required=True,
        metadata={"description": "Probability in each of the answer's years."},
    )
    latest_share_pct = share_out(
        "Core spending reported for the origin; null for related and total, which are not published by year",
        required=True,
        allow_none=True,
    )
    review = fields.Nested(
        StandingReviewSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The review year; null where it is not between origin and deadline."},
    )


class AllianceTargetSchema(Schema):
    component = component_out("core, related or total.")
    threshold = share_out("The threshold", required=True)
    at_deadline = fields.Nested(
        TallySchema, required=True, metadata={"description": "Allies at the threshold in the deadline year."}
    )
    by_deadline = fields.Nested(
        TallySchema,
        required=True,
        metadata={"description": "Allies at the threshold in some year from the origin up to the deadline."},
    )
    review = fields.Nested(
        CountReviewSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The review year; null where it is not between origin and deadline."},
    )
    likelier_than_not = fields.Integer(
        required=True,
        metadata={
            "description": "Number of allies that are at the threshold in the deadline year with a probability of at "
            "least 0.5 each; the median count is another number, as allies below 0.5 are there in some futures too."
        },
    )
    ranking = fields.List(
        fields.Nested(StandingSchema),
        required=True,
        metadata={"description": "The allies, the most likely at the deadline first."},
    )


class GroupShareSchema(ComponentPathsSchema):
    """Core spending of a group of allies, % of their GDP, one value per year."""

    group = fields.String(required=True, validate=validate.OneOf(GROUPS), metadata={"description": "The group."})
    allies = fields.List(fields.String(), required=True, metadata={"description": "Their ISO alpha-3 codes."})
    at_deadline = probability_out("The group's share is at the core threshold in the deadline year.", required=True)
    by_deadline = probability_out("It is at the threshold in some year from the origin to the deadline.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of at_deadline: simulation noise alone."}
    )


class BurdenSchema(Schema):
    """One holder's part of all allies' core spending, one value per year."""

    holder = fields.String(
        required=True, metadata={"description": "An ally's ISO alpha-3 code, or europe-and-canada.", "example": "USA"}
    )
    country = fields.Nested(
        CountryRefSchema, required=True, allow_none=True, metadata={"description": "The ally; null for a group."}
    )
    mean = Numbers(
        Rounded(3), required=True, metadata={"description": "Mean across draws (% of all allies' core spending)."}
    )
    median = Numbers(
        Rounded(3), required=True, metadata={"description": "Median across draws (% of all allies' core spending)."}
    )
    quantiles = fields.Dict(
        keys=fields.String(),
        values=Numbers(Rounded(3)),
        required=True,
        metadata={"description": "Level to values (% of all allies' core spending)."},
    )


class AllianceForecastSchema(Schema):
    id = fields.String(required=True, metadata={"description": "A hash of all that determines the answer."})
    scenario = fields.Nested(
        NamedScenarioSchema,
        required=True,
        metadata={"description": "The scenario, in each ally's own form."},
    )
    rule = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(RULES),
        metadata={"description": "The rule that counts related spending; null if all three do by their weights."},
    )
    origin = fields.Integer(required=True, metadata={"description": "Last year whose figures the forecast knows."})
    deadline = fields.Integer(required=True, metadata={"description": "Deadline year."})
    review_year = fields.Integer(required=True, metadata={"description": "Year in which allies review progress."})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    draws = fields.Integer(required=True, metadata={"description": "Number of simulated futures."})
    seed = fields.Integer(required=True, metadata={"description": "Seed of the simulation."})
    targets = fields.List(
        fields.Nested(AllianceTargetSchema), required=True, metadata={"description": "core, related and total."}
    )
    years = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "Years of shares and burden: from the year after the origin to the deadline."},
    )
    shares = fields.List(
        fields.Nested(GroupShareSchema),
        required=True,
        metadata={
            "description": "Core spending of groups of allies, weighted by GDP at 2021 prices and exchange rates; "
            "empty where no amounts are published for the origin."
        },
    )
    burden = fields.List(
        fields.Nested(BurdenSchema),
        required=True,
        metadata={
            "description": "Parts of all allies' core spending: the United States, Europe and Canada together, and the "
            "five largest spenders among these; empty where no amounts are published for the origin."
        },
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why there are no shares; null if there are."}
    )
    left_out = texts_out("ISO alpha-3 code to the reason why an ally is not counted from this origin.")
    links = texts_out("Related addresses, relative to this one's origin.")
    cite = cite_out()

    @pre_dump
    def _compose(self, answer: dict[str, Any], **_: Any) -> dict[str, Any]:
        forecast: AllianceForecast = answer["forecast"]
        plain = (
            "id", "scenario", "origin", "deadline", "review_year", "vintage", "model_version", "draws", "seed",
            "years", "reason", "left_out", "rule",
        )  # fmt: skip
        return {name: getattr(forecast, name) for name in plain} | {
            "targets": [_target(target) for target in forecast.targets],
            "shares": [
                {name: getattr(share, name) for name in ("group", "allies", "at_deadline", "by_deadline")}
                | {"standard_error": share.standard_error}
                | fan_out(share.share, forecast.levels)
                for share in forecast.shares
            ],
            "burden": [
                {"holder": part.holder, "country": part.ally} | fan_out(part.part, forecast.levels)
                for part in forecast.burden
            ],
            "links": answer["links"],
            "cite": answer["cite"],
        }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "allies": tally.allies,
        "distribution": tally.probabilities,
        "mean": tally.mean,
        "median": tally.median,
        "interval_80": tally.interval,
        "at_least": {str(n): tally.at_least(n) for n in AT_LEAST if n <= tally.allies},
        "all": tally.at_least(tally.allies),
        "dispersion": tally.dispersion,
    }


def _ranked(ally: RankedAlly) -> dict[str, Any]:
    return {
        "country": ally.ally,
        "at_deadline": ally.at_deadline,
        "by_deadline": ally.by_deadline,
        "standard_error": ally.standard_error,
        "across_members": ally.across_members,
        "share_pct": {"median": ally.share[1], "interval_80": [ally.share[0], ally.share[2]]},
        "by_year": ally.by_year,
        "latest_share_pct": ally.latest,
        "review": None if ally.on_track is None else {"on_track": ally.on_track, "at_threshold": ally.at_threshold},
    }


def _target(target: AllianceTarget) -> dict[str, Any]:
    return {
        "component": target.component,
        "threshold": target.threshold,
        "at_deadline": _tally(target.at_deadline),
        "by_deadline": _tally(target.by_deadline),
        "review": None
        if target.on_track is None or target.at_threshold is None
        else {"on_track": _tally(target.on_track), "at_threshold": _tally(target.at_threshold)},
        "likelier_than_not": target.likelier_than_not,
        "ranking": [_ranked(ally) for ally in target.ranking],
    }
