"""Sensitivity: request and answer."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from forecast_service.schemas.citation import cite_out
from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.fields import Rounded, country_in, probability_out, share_out
from forecast_service.schemas.forecast_request import TargetsSchema, origin_field, rule_field, vintage_field
from forecast_service.schemas.levers import ScenarioField
from forecast_service.schemas.requests import RequestSchema
from models.analysis.sensitivity import MOST_LEVERS
from models.dataset.countries import COMPONENTS


class SensitivityRequestSchema(RequestSchema):
    country = country_in(required=True)
    component = fields.String(
        validate=validate.OneOf(COMPONENTS), metadata={"description": "The target's component; core if absent."}
    )
    scenario = ScenarioField(
        metadata={
            "description": "A scenario, its name or its id; baseline if absent. At most "
            f"{MOST_LEVERS} of its levers may act on the ally: each is moved."
        }
    )
    targets = fields.Nested(
        TargetsSchema, metadata={"description": "Thresholds and deadline; those of The Hague if absent."}
    )
    rule = rule_field()
    origin = origin_field()
    vintage = vintage_field()


class BarSchema(Schema):
    """One assumption, moved down and up."""

    assumption = fields.String(required=True, metadata={"description": "The assumption."})
    low = fields.String(
        required=True, metadata={"description": "How it was moved down; 'as it is' if other levers do not let it move."}
    )
    high = fields.String(required=True, metadata={"description": "How it was moved up; likewise."})
    at_low = probability_out("Probability at the deadline with it moved down.", required=True)
    at_high = probability_out("Probability at the deadline with it moved up.", required=True)
    swing = Rounded(6, required=True, metadata={"description": "Distance between the two probabilities."})


class SensitivitySchema(Schema):
    """The assumptions that move the probability most."""

    country = fields.Nested(CountryRefSchema, required=True, attribute="ally", metadata={"description": "The ally."})
    scenario = fields.Pluck(
        Schema.from_dict({"name": fields.String()}, name="ScenarioName"),
        "name",
        required=True,
        metadata={"description": "Name of the scenario."},
    )
    component = fields.String(required=True, metadata={"description": "core, related or total."})
    threshold = share_out("The threshold", required=True)
    origin = fields.Integer(required=True, metadata={"description": "Last year whose figure the forecast knows."})
    deadline = fields.Integer(required=True, metadata={"description": "Deadline year."})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    model_version = fields.String(required=True, metadata={"description": "Version of the statistics."})
    probability = probability_out("Probability at the deadline under the scenario itself.", required=True)
    bars = fields.List(fields.Nested(BarSchema), required=True, metadata={"description": "The widest first."})
    cite = cite_out()
