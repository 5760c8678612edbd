"""The explanation of a forecast: its difference from the baseline, the waterfall of its levers, its plausibility."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from forecast_service.schemas.fields import Numbers, Rounded, component_out, probability_out, share_out
from models.dataset.countries import COMPONENTS
from models.forecast.explanation import Explanation
from models.forecast.result import Forecast

PLACES = 6
"""Decimals of a probability. Differences are taken after rounding, so that the shown numbers add up exactly."""


def change_out(description: str, places: int = PLACES, **kwargs: Any) -> Rounded:
    """A field that holds a difference."""
    return Rounded(places, required=True, allow_none=True, metadata={"description": description}, **kwargs)


class BaselineProbabilitySchema(Schema):
    at_deadline = probability_out("The share is at the threshold in the deadline year.", required=True)
    by_deadline = probability_out("It is at the threshold in some year from the origin to the deadline.", required=True)
    held = probability_out(
        "Probability of staying at the threshold from the first crossing to the deadline.", required=True
    )


class DifferenceSchema(Schema):
    """This forecast minus the baseline."""

    at_deadline = change_out("Of the probability at the deadline.")
    by_deadline = change_out("Of the probability by the deadline.")
    held = change_out("Of the probability that it is held.")
    real_growth_pct = change_out("Of the required real growth (percentage points a year).", 2)


class BaselineTargetSchema(Schema):
    component = component_out("core, related or total.")
    probability = fields.Nested(
        BaselineProbabilitySchema,
        required=True,
        allow_none=True,
        metadata={"description": "The baseline's probabilities; null where the target does not apply."},
    )
    real_growth_pct = Rounded(
        2,
        required=True,
        allow_none=True,
        metadata={"description": "The baseline's required real growth (% a year); null where none applies."},
    )
    difference = fields.Nested(
        DifferenceSchema,
        required=True,
        allow_none=True,
        metadata={"description": "This answer minus the baseline; null where the target does not apply."},
    )


class BaselineSchema(Schema):
    targets = fields.List(
        fields.Nested(BaselineTargetSchema), required=True, metadata={"description": "core, related and total."}
    )


class ByComponentSchema(Schema):
    """One number for each target; null where it does not apply."""

    core = change_out("Core: the probability, or what is added to it (-1 to 1).")
    related = change_out("Related: the probability, or what is added to it (-1 to 1).")
    total = change_out("Total: the probability, or what is added to it (-1 to 1).")


class WaterfallStepSchema(Schema):
    """One step from the baseline to the answer."""

    type = fields.String(
        required=True,
        metadata={"description": "Type of the lever, or without_pledges: the trend instead of the baseline."},
    )
    lever = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Position of the lever in the scenario's list, from 0; null for without_pledges."},
    )
    change = fields.Nested(
        ByComponentSchema, required=True, metadata={"description": "What it adds to the probability at the deadline."}
    )
    probability = fields.Nested(
        ByComponentSchema, required=True, metadata={"description": "The probability at the deadline after it."}
    )


class PlausibilitySchema(Schema):
    """Where the scenario's median path lies among the baseline's futures."""

    component = fields.String(
        required=True,
        metadata={"description": "The component of the path: core, or related for an ally without armed forces."},
    )
    years = fields.List(
        fields.Integer(), required=True, metadata={"description": "From the year after the origin to the deadline."}
    )
    median = Numbers(
        share_out("Median"), required=True, metadata={"description": "The scenario's median path (% of GDP)."}
    )
    baseline_median = Numbers(
        share_out("Median"), required=True, metadata={"description": "The baseline's median path (% of GDP)."}
    )
    rank = Numbers(
        probability_out("Fraction of the baseline's futures below the scenario's median in that year."),
        required=True,
        metadata={"description": "In each year: 0.5 is the middle of the baseline; values near 0 or 1 are extreme."},
    )
    rank_at_deadline = probability_out("The rank in the deadline year.", required=True)
    effective_sample_size = Rounded(
        6,
        required=True,
        metadata={
            "description": "Kish's effective sample size, as a fraction of the draws, after the baseline is tilted "
            "exponentially so that its mean log share of the deadline year moves as the scenario's median does: 1 "
            "where the scenario changes nothing, near 0 where few futures of the baseline are like it.",
            "minimum": 0,
            "maximum": 1,
        },
    )


def explained(forecast: Forecast) -> dict[str, Any]:
    """The fields of an answer that explain it."""
    explanation = forecast.explanation
    if explanation is None:
        return {"baseline": None, "waterfall": [], "plausibility": None}
    plausibility = explanation.plausibility
    return {
        "baseline": {"targets": _baseline(forecast, explanation)},
        "waterfall": _waterfall(explanation),
        "plausibility": {
            "component": plausibility.component,
            "years": forecast.years,
            "median": plausibility.median.tolist(),
            "baseline_median": plausibility.baseline_median.tolist(),
            "rank": plausibility.rank.tolist(),
            "rank_at_deadline": plausibility.rank[-1],
            "effective_sample_size": plausibility.effective,
        },
    }


def _minus(one: float | None, other: float | None, places: int = PLACES) -> float | None:
    return None if one is None or other is None else round(one, places) - round(other, places)


def _baseline(forecast: Forecast, explanation: Explanation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for target in forecast.targets:
        reference = explanation.baseline[target.component]
        probability = reference.outcome and reference.outcome.probability
        difference = None
        if probability and target.outcome:
            names = ("at_deadline", "by_deadline", "held")
            difference = {
                name: _minus(getattr(target.outcome.probability, name), getattr(probability, name)) for name in names
            } | {"real_growth_pct": _minus(target.required_growth, reference.required_growth, 2)}
        rows.append(
            {
                "component": target.component,
                "probability": probability,
                "real_growth_pct": reference.required_growth,
                "difference": difference,
            }
        )
    return rows


def _waterfall(explanation: Explanation) -> list[dict[str, Any]]:
    before: dict[str, float] = {
        name: reference.outcome.probability.at_deadline
        for name, reference in explanation.baseline.items()
        if reference.outcome
    }
    steps = []
    for step in explanation.waterfall:
        steps.append(
            {
                "type": step.type,
                "lever": step.lever,
                "change": {name: _minus(step.after.get(name), before.get(name)) for name in COMPONENTS},
                "probability": {name: step.after.get(name) for name in COMPONENTS},
            }
        )
        before = dict(step.after)
    return steps
