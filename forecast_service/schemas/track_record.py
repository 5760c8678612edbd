"""The answer of the track record."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from forecast_service.schemas.countries import ListSchema
from forecast_service.schemas.fields import Numbers, QueryYear, Rounded, Share, country_in, share_out, year_in
from forecast_service.schemas.tables import TableQuerySchema
from models.dataset.outside_views import VIEW_KINDS


def _score(description: str, **kwargs: Any) -> Rounded:
    return Rounded(4, metadata={"description": description}, **kwargs)


class ScoresSchema(Schema):
    """Scores of a set of past forecasts; only ``forecasts`` if the set is empty."""

    forecasts = fields.Integer(required=True, metadata={"description": "Number of forecasts whose outcome is known."})
    crps = _score("Mean continuous ranked probability score (points of GDP share); smaller is better.")
    skill = _score("1 - CRPS / CRPS of a random walk in logs; above 0 is better than the random walk.")
    skill_low = _score("Lower end of the 90 % interval of skill (bootstrap over countries and blocks of five years).")
    skill_high = _score("Upper end of the 90 % interval of skill.")
    skill_above_2 = _score("Skill in a CRPS that counts only values at or above 2 % of GDP.")
    skill_from_2014 = _score("Skill (1 - ratio of CRPS) of the forecasts from origins 2014 on.")
    coverage_80 = _score("Share of outcomes inside the central 80 % interval.")
    coverage_95 = _score("Share of outcomes inside the central 95 % interval.")
    coverage_80_from_2014 = _score("Coverage of the 80 % interval, origins 2014 on.")
    brier = _score("Mean Brier score of a rise by at least 10, 30 and 50 %.")


class HorizonScoresSchema(ScoresSchema):
    horizon = fields.Integer(required=True, metadata={"description": "Years ahead."})


class PeriodScoresSchema(ScoresSchema):
    """Scores of the forecasts from some origins."""

    first = fields.Integer(
        required=True, data_key="from", attribute="from", metadata={"description": "First origin (year)."}
    )
    last = fields.Integer(required=True, data_key="to", attribute="to", metadata={"description": "Last origin (year)."})


class CountryScoresSchema(ScoresSchema):
    country = fields.String(required=True, metadata={"description": "ISO 3166 alpha-3."})


class MemberScoresSchema(ScoresSchema):
    name = fields.String(required=True, metadata={"description": "Name of the statistical model."})
    weight = _score(
        "Weight (0 to 1) at the last origin: of plans and pledges in the baseline, of the others in the trend.",
        required=True,
    )


class ReliabilitySchema(Schema):
    """Forecasts of about the same probability."""

    probability = _score("Mean probability of these forecasts.", required=True)
    frequency = _score("Fraction of these forecasts whose event happened.", required=True)
    forecasts = fields.Integer(required=True, metadata={"description": "Number of these forecasts."})


class WalesScoresSchema(Schema):
    """Scores of the forecasts of which allies would be at 2 % in 2024."""

    brier = _score("Brier score, averaged by origin, then over origins; a coin scores 0.25.", required=True)
    log_score = _score("Mean of minus the log of the probability of the outcome.", required=True)
    by_origin = fields.Dict(
        keys=fields.String(),
        values=_score("Brier score."),
        required=True,
        metadata={"description": "Origin to Brier score."},
    )


class WalesSchema(Schema):
    """The pledge of Wales (2014): 2 % of GDP within a decade."""

    below_in_2014 = fields.Integer(required=True, metadata={"description": "Today's allies below 2 % in 2014."})
    reached_in_2024 = fields.Integer(required=True, metadata={"description": "Number of these at 2 % in 2024."})
    baseline = fields.Nested(WalesScoresSchema, required=True, metadata={"description": "With the pledge member."})
    trend = fields.Nested(WalesScoresSchema, required=True, metadata={"description": "Without it."})
    random_walk = fields.Nested(WalesScoresSchema, required=True, metadata={"description": "A random walk in logs."})
    baseline_bound = fields.Nested(
        WalesScoresSchema,
        required=True,
        metadata={"description": "With it, only allies bound by the pledge at each origin."},
    )
    trend_bound = fields.Nested(
        WalesScoresSchema, required=True, metadata={"description": "Without it, only allies bound at each origin."}
    )


class LevelScoresSchema(Schema):
    """Forecasts 8 to 10 years ahead from shares of one class; right on average may be wrong at each level."""

    scenario = fields.String(required=True, metadata={"description": "trend or baseline."})
    from_origin = fields.Integer(required=True, metadata={"description": "First origin (year)."})
    to_origin = fields.Integer(required=True, metadata={"description": "Last origin (year)."})
    share_from = _score("Least share at the origin, % of GDP.", required=True)
    share_to = _score("Shares at the origin are below this, % of GDP.", required=True)
    forecasts = fields.Integer(required=True, metadata={"description": "Number of forecasts whose outcome is known."})
    log_error = _score("Mean error, log(outcome / median); above 0 if forecasts were too low.", required=True)
    coverage_80 = _score("Fraction of outcomes inside the central 80 % interval.", required=True)
    said_rise_30 = _score("Mean probability of a rise by at least 30 %.", required=True)
    was_rise_30 = _score("Fraction that rose by at least 30 %.", required=True)


class EstimateSchema(Schema):
    mean = _score("The estimate, a number without a unit or in log points.", required=True)
    sd = _score("Its standard error, or the spread where the meaning says so; null if unknown.", allow_none=True)


class ParameterSchema(Schema):
    """One parameter of the models."""

    name = fields.String(required=True, metadata={"description": "Its name."})
    meaning = fields.String(required=True, metadata={"description": "What it is, in words."})
    prior = fields.String(required=True, metadata={"description": "What is assumed before the figures."})
    at = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(EstimateSchema),
        required=True,
        metadata={"description": "Origin to the estimate then; empty for a constant, which the figures cannot move."},
    )


class OurViewSchema(Schema):
    """Our baseline's forecast for the allies and the year of an outside view."""

    origin = fields.Integer(
        required=True,
        metadata={
            "description": "Last year that it knows: that of the figures; if the year's figure is known, the one "
            "before the statement."
        },
    )
    median_pct = _score("Median, % of GDP.", required=True)
    low_pct = _score("Lower end of the 80 % interval, % of GDP.", required=True)
    high_pct = _score("Upper end of the 80 % interval, % of GDP.", required=True)
    probability = _score(
        "Our probability that the share is on the side that a view with one bound names; null for other views.",
        required=True,
        allow_none=True,
    )


class OutsideViewSchema(Schema):
    """What somebody else expects of core spending, and our forecast beside it. No forecast is fitted to it."""

    id = fields.String(required=True, metadata={"description": "The statement; several rows may share it."})
    who = fields.String(required=True, metadata={"description": "Who said it."})
    kind = fields.String(required=True, validate=validate.OneOf(VIEW_KINDS), metadata={"description": "What they are."})
    stated_on = fields.String(required=True, metadata={"description": "Day of the statement.", "format": "date"})
    country = fields.String(required=True, allow_none=True, metadata={"description": "ISO 3166 alpha-3."})
    group = fields.String(
        required=True, allow_none=True, metadata={"description": "The group that it is about as a whole, or null."}
    )
    statement = fields.String(required=True, metadata={"description": "What was said, in short."})
    year = fields.Integer(required=True, metadata={"description": "The year that it is about."})
    low_pct = _score("Least level, % of GDP; null: no such bound.", required=True, allow_none=True)
    high_pct = _score("Greatest level, % of GDP; equal to the least for a point.", required=True, allow_none=True)
    rank = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Position in the statement's order, 1 for the likeliest to reach the target."},
    )
    source = fields.String(required=True, metadata={"description": "Where it was published.", "format": "uri"})
    ours = fields.Nested(
        OurViewSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null if the figures are too few for a forecast."},
    )
    outcome_pct = _score("The figure, % of GDP; null if it is not known yet.", required=True, allow_none=True)
    log_error = _score(
        "log(outcome / level); above 0 if the view was too low, null without a level or an outcome.",
        required=True,
        allow_none=True,
    )
    our_log_error = _score("The same error of our median: log(outcome / median).", required=True, allow_none=True)


def _sha256() -> fields.String:
    return fields.String(
        required=True,
        metadata={"description": "SHA-256 of the file, as SHA256SUMS lists it.", "pattern": "^[0-9a-f]{64}$"},
    )


class FrozenScoresSchema(Schema):
    """Means over all figures known by now of years after the forecast's origin; null if there are none."""

    crps = _score(
        "Mean continuous ranked probability score (points of GDP share) on the frozen quantiles; smaller is better.",
        required=True,
        allow_none=True,
    )
    skill = _score(
        "1 - CRPS / CRPS of a random walk in logs from the share known at the origin.", required=True, allow_none=True
    )
    coverage_80 = _score("Share of figures inside the central 80 % interval.", required=True, allow_none=True)
    coverage_95 = _score("Share of figures inside the central 95 % interval.", required=True, allow_none=True)


class FrozenSchema(FrozenScoresSchema):
    """A forecast of all allies that was saved on a day and never changes. The scores are the baseline's."""

    date = fields.String(required=True, metadata={"description": "Day on which it was saved.", "format": "date"})
    release = fields.String(required=True, metadata={"description": "Version of the service."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures that it knew."})
    file = fields.String(
        required=True,
        metadata={
            "description": "Its file in models/data/frozen. Without .json, GET /v1/track-record/frozen/{name} takes it."
        },
    )
    sha256 = _sha256()
    scored_on = fields.String(required=True, metadata={"description": "The current vintage, whose figures score it."})
    allies = fields.Integer(required=True, metadata={"description": "Number of allies whose core share it forecasts."})
    resolved = fields.Integer(
        required=True,
        metadata={"description": "Number of figures (an ally's core share of a year after the origin) known by now."},
    )
    trend = fields.Nested(
        FrozenScoresSchema, required=True, metadata={"description": "The same scores without plans and pledges."}
    )


class TrackRecordSchema(Schema):
    """Scores of past forecasts, each origin fitted to the figures up to it."""

    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    origins = fields.List(
        fields.Integer(), required=True, metadata={"description": "First and last origin (years), inclusive."}
    )
    horizon = fields.Integer(required=True, metadata={"description": "Years ahead, at most."})
    baseline = fields.Nested(ScoresSchema, required=True, metadata={"description": "With plans and pledges."})
    trend = fields.Nested(ScoresSchema, required=True, metadata={"description": "Without plans and pledges."})
    random_walk = fields.Nested(ScoresSchema, required=True, metadata={"description": "A random walk in logs."})
    by_horizon = fields.List(
        fields.Nested(HorizonScoresSchema), required=True, metadata={"description": "The baseline by horizon."}
    )
    by_period = fields.List(
        fields.Nested(PeriodScoresSchema), required=True, metadata={"description": "The baseline by origin."}
    )
    by_country = fields.List(
        fields.Nested(CountryScoresSchema), required=True, metadata={"description": "The baseline by country."}
    )
    members = fields.List(
        fields.Nested(MemberScoresSchema), required=True, metadata={"description": "Each member by itself."}
    )
    reliability = fields.List(
        fields.Nested(ReliabilitySchema), required=True, metadata={"description": "The reliability curve."}
    )
    pit = fields.List(
        _score("Share of outcomes."),
        required=True,
        metadata={
            "description": "Share of outcomes in each tenth of their predictive distribution; 0.1 if calibrated."
        },
    )
    wales = fields.Nested(WalesSchema, required=True, metadata={"description": "The test by the pledge of Wales."})
    since_1965 = fields.Nested(
        ScoresSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The trend from origins 1965, 1970 ... 1995, when no pledge is known."},
    )
    by_level = fields.List(
        fields.Nested(LevelScoresSchema), required=True, metadata={"description": "By the share at the origin."}
    )
    parameters = fields.List(
        fields.Nested(ParameterSchema), required=True, metadata={"description": "Each parameter, in words."}
    )
    outside_views = fields.List(
        fields.Nested(OutsideViewSchema),
        required=True,
        metadata={"description": "What others expect, with ours beside it."},
    )
    frozen = fields.List(
        fields.Nested(FrozenSchema),
        required=True,
        metadata={"description": "Forecasts frozen at releases and vintages, oldest first."},
    )
    altered = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Files of frozen forecasts that are not what was frozen (changed, missing, not listed in "
            "SHA256SUMS), each with what is wrong; they are left out. Empty in a sound installation."
        },
    )


class FrozenQuerySchema(TableQuerySchema):
    country = country_in(" All if absent.")


class PastForecastsQuerySchema(FrozenQuerySchema):
    origin = year_in("The last year whose figure the forecasts know; all if absent.", kind=QueryYear)


class PastForecastSchema(Schema):
    """What was said of an ally's core share in a year, and what came."""

    country = fields.String(required=True, metadata={"description": "ISO 3166 alpha-3.", "example": "DEU"})
    origin = fields.Integer(required=True, metadata={"description": "The last year whose figure was known."})
    year = fields.Integer(required=True, metadata={"description": "The year that was forecast."})
    quantiles = Numbers(
        Share(), required=True, metadata={"description": "Quantiles on the answer's levels, in their order (% of GDP)."}
    )
    outcome_pct = share_out("The figure; null if it is not known yet", required=True, allow_none=True)
    outcome_estimate = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "Whether the publisher marks the figure as an estimate; null without a figure."},
    )


class PastForecastsSchema(ListSchema):
    """Forecasts of core shares beside the figures that the current vintage has of their years."""

    component = fields.String(required=True, metadata={"description": "core", "example": "core"})
    scenario = fields.String(required=True, metadata={"description": "baseline", "example": "baseline"})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures that they were made from."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    scored_on = fields.String(required=True, metadata={"description": "The current vintage, which has the outcomes."})
    levels = fields.List(fields.Float(), required=True, metadata={"description": "Levels of the quantiles, 0 to 1."})
    items = fields.List(
        fields.Nested(PastForecastSchema), required=True, metadata={"description": "By ally, origin and year."}
    )


class FrozenForecastSchema(PastForecastsSchema):
    """A frozen forecast beside what came."""

    date = fields.String(required=True, metadata={"description": "Day on which it was saved.", "format": "date"})
    release = fields.String(required=True, metadata={"description": "Version of the service."})
    sha256 = _sha256()
