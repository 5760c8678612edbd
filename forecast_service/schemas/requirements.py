"""Requirements: the growth and the money that reach a wanted probability."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields, pre_dump, validate

from forecast_service.schemas.citation import QuestionQuerySchema, cite_out
from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.fields import (
    USD,
    Number,
    Rounded,
    component_out,
    country_in,
    currency_out,
    national,
    probability_out,
    share_out,
    texts_out,
    unit_out,
    vintage_in,
    year_in,
)
from forecast_service.schemas.forecast_request import TargetsSchema, rule_field
from forecast_service.schemas.forecast_response import ScenarioOutSchema
from forecast_service.schemas.levers import ScenarioField
from forecast_service.schemas.requests import RequestSchema
from models.analysis.requirements import LEAST_EXTRA, MOST_EXTRA, Requirement
from models.dataset.countries import COMPONENTS
from models.scenarios.levers import LEVER_COMPONENTS


class RequirementRequestSchema(RequestSchema):
    country = country_in(required=True)
    component = fields.String(
        validate=validate.OneOf(COMPONENTS, error="must be one of {choices}"),
        metadata={"description": "The target's component; core if absent. For total, core spending is raised."},
    )
    probability = Number(
        required=True,
        validate=validate.Range(min=0.01, max=0.99, error="must be a number from {min} to {max}"),
        metadata={"description": "Wanted probability of meeting the target in the deadline year.", "example": 0.8},
    )
    scenario = ScenarioField(
        metadata={
            "description": "A scenario, its name or its id; baseline if absent. The extra growth is added to the paths "
            "after all its levers; its caps also limit the extra growth."
        }
    )
    targets = fields.Nested(
        TargetsSchema, metadata={"description": "Thresholds and deadline; those of The Hague if absent."}
    )
    rule = rule_field()
    origin = year_in("Last year the forecast may know; the last of the figures if absent.")
    vintage = vintage_in("Vintage of the figures; the current one if absent. Its last year is the origin.")


class RequirementQuerySchema(QuestionQuerySchema):
    """The query of the requirement of a question that is in the address."""

    question = fields.Nested(
        RequirementRequestSchema,
        required=True,
        metadata={"description": "The body of POST /v1/requirements, as JSON."},
    )


class AskedProbabilitySchema(Schema):
    """Probabilities of meeting the target in the deadline year."""

    asked = probability_out("Wanted probability.", required=True)
    reached = probability_out(
        "Probability with the extra growth. It may exceed the wanted one where futures are equal, as at a floor.",
        required=True,
    )
    without = probability_out("Probability under the scenario alone.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of reached: simulation noise alone."}
    )


class NeededGrowthSchema(Schema):
    """Average real growth of spending from the origin to the deadline, as the median over the futures."""

    needed = Rounded(3, required=True, metadata={"description": "With the extra growth (% a year)."})
    without = Rounded(3, required=True, metadata={"description": "Under the scenario alone (% a year)."})


class NeededShareSchema(Schema):
    """Median share in the deadline year."""

    needed = share_out("With the extra growth", required=True)
    without = share_out("Under the scenario alone", required=True)


class SumsSchema(Schema):
    """Amounts of money, medians over the futures."""

    currency = currency_out()
    unit = unit_out()
    without = Rounded(
        3, required=True, metadata={"description": "Spending in the deadline year, scenario alone (unit)."}
    )
    needed = Rounded(3, required=True, metadata={"description": "The same with the extra growth (unit)."})
    extra = Rounded(3, required=True, metadata={"description": "Extra spending in the deadline year (unit)."})
    extra_cumulative = Rounded(
        3,
        required=True,
        metadata={"description": "Extra spending in all years after the origin (unit)."},
    )


class NeededMoneySchema(Schema):
    usd = fields.Nested(
        SumsSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "Million US dollars at 2021 prices and exchange rates; null where no amount is published "
            "for the origin."
        },
    )
    national = fields.Nested(
        SumsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Billion national currency at current prices; null for Luxembourg (share of GNI)."},
    )


class RequirementSchema(Schema):
    """The extra growth of spending, and the money, that reach the wanted probability."""

    id = fields.String(required=True, metadata={"description": "A hash of all that determines the answer."})
    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    scenario = fields.Nested(ScenarioOutSchema, required=True, metadata={"description": "What was assumed."})
    component = component_out("The target's component.")
    moved = fields.String(
        required=True,
        validate=validate.OneOf(LEVER_COMPONENTS),
        metadata={"description": "The component whose spending is raised; share_pct and money are of it."},
    )
    threshold = share_out("The threshold", required=True)
    origin = fields.Integer(required=True, metadata={"description": "Last year whose figure the forecast knows."})
    deadline = fields.Integer(required=True, metadata={"description": "Deadline year."})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    draws = fields.Integer(required=True, metadata={"description": "Number of simulated futures."})
    seed = fields.Integer(required=True, metadata={"description": "Seed of the simulation."})
    probability = fields.Nested(
        AskedProbabilitySchema,
        required=True,
        metadata={"description": "Wanted, reached, and without."},
    )
    extra_growth_pp = Rounded(
        3,
        required=True,
        metadata={
            "description": "Extra real growth of spending in every year after the origin (percentage points a year, "
            f"{LEAST_EXTRA:g} to {MOST_EXTRA:g}); negative if the scenario alone exceeds the wanted probability."
        },
    )
    real_growth_pct = fields.Nested(
        NeededGrowthSchema, required=True, metadata={"description": "Average real growth of spending (% a year)."}
    )
    share_pct = fields.Nested(
        NeededShareSchema, required=True, metadata={"description": "Share in the deadline year (% of GDP)."}
    )
    money = fields.Nested(NeededMoneySchema, required=True, metadata={"description": "Spending in money."})
    notes = fields.List(fields.String(), required=True, metadata={"description": "Remarks about this answer."})
    links = texts_out("Related addresses, relative to this one's origin.")
    cite = cite_out()

    @pre_dump
    def _compose(self, answer: dict[str, Any], **_: Any) -> dict[str, Any]:
        requirement: Requirement = answer["requirement"]
        plain = (
            "id", "scenario", "component", "moved", "threshold", "origin", "deadline", "vintage", "model_version",
            "draws", "seed", "extra_growth_pp", "notes",
        )  # fmt: skip
        return {name: getattr(requirement, name) for name in plain} | {
            "country": requirement.ally,
            "probability": {n: getattr(requirement, n) for n in ("asked", "reached", "without", "standard_error")},
            "real_growth_pct": {"needed": requirement.real_growth, "without": requirement.real_growth_without},
            "share_pct": {"needed": requirement.share, "without": requirement.share_without},
            "money": {
                "usd": requirement.usd and USD | asdict(requirement.usd),
                "national": requirement.national and national(requirement.currency) | asdict(requirement.national),
            },
            "links": answer["links"],
            "cite": answer["cite"],
        }
