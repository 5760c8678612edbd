"""The answer of the track record."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from forecast_service.schemas.fields import Rounded


def _score(description: str, **kwargs: Any) -> Rounded:
    return Rounded(4, metadata={"description": description}, **kwargs)


class ScoresSchema(Schema):
    """Scores of a set of past forecasts; only ``forecasts`` if the set is empty."""

    forecasts = fields.Integer(required=True, metadata={"description": "Number of forecasts whose outcome is known."})
    crps = _score("Mean continuous ranked probability score (points of GDP share); smaller is better.")
    skill = _score("1 - CRPS / CRPS of a random walk in logs; above 0 is better than the random walk.")
    skill_low = _score("Lower end of the 90 % interval of skill (bootstrap over countries).")
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
        "Weight (0 to 1) at the last origin: in the pool, or for pledges in the whole ensemble if one is in force.",
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


class TrackRecordSchema(Schema):
    """Scores of past forecasts, each origin fitted to the figures up to it."""

    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    origins = fields.List(
        fields.Integer(), required=True, metadata={"description": "First and last origin (years), inclusive."}
    )
    horizon = fields.Integer(required=True, metadata={"description": "Years ahead, at most."})
    baseline = fields.Nested(ScoresSchema, required=True, metadata={"description": "The ensemble with pledges."})
    trend = fields.Nested(ScoresSchema, required=True, metadata={"description": "The ensemble without pledges."})
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
