"""What differs between two editions of the figures, and why probabilities moved."""

from __future__ import annotations

from marshmallow import Schema, fields

from forecast_service.schemas.countries import CountryRefSchema
from forecast_service.schemas.fields import Rounded, probability_out


class FigureChangeSchema(Schema):
    """A figure that differs."""

    table = fields.String(
        required=True,
        metadata={
            "description": "Where it stands: core_share, core_amount, equipment_share, history (before 2014), growth, "
            "pledges or related_share."
        },
    )
    code = fields.String(required=True, metadata={"description": "ISO 3166 alpha-3.", "example": "DEU"})
    name = fields.String(required=True, metadata={"description": "The ally's English name."})
    year = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Year; null where the change is not of a year."}
    )
    before = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "As printed, an estimate with an e; null where there was none.", "example": "2.40e"},
    )
    after = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "As printed, an estimate with an e; null where there is none.", "example": "2.22e"},
    )


def _part(what: str) -> Rounded:
    return Rounded(6, required=True, metadata={"description": f"Change of the probability by {what}."})


class PartsSchema(Schema):
    """What moved a probability: what each input contributed, averaged over all orders in which they can be replaced.

    The parts add up to the whole change.
    """

    figures = _part("new figures: shares, their history and revisions, and the years they reach further")
    growth = _part("a new outlook of growth")
    plans = _part("new plans, and what is claimed of related spending")
    model = _part("a new model: the weights of its members")


class WhySchema(Schema):
    """How a probability moved, and why."""

    before = probability_out("Probability by the first edition.", required=True)
    after = probability_out("Probability by the second.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of the change, at most."}
    )
    parts = fields.Nested(PartsSchema, required=True, metadata={"description": "What contributed how much."})


class ProbabilityChangeSchema(Schema):
    """What became of one ally's probability for the core target at the deadline of 2035, under the baseline."""

    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    change = fields.Nested(
        WhySchema, required=True, allow_none=True, metadata={"description": "Null where none can be said."}
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why none can be said; null if it can."}
    )


class VintageDiffSchema(Schema):
    """What differs between two editions."""

    before = fields.String(required=True, metadata={"description": "The first edition."})
    after = fields.String(required=True, metadata={"description": "The second edition."})
    figures = fields.List(
        fields.Nested(FigureChangeSchema), required=True, metadata={"description": "By table, ally and year."}
    )
    probabilities = fields.List(
        fields.Nested(ProbabilityChangeSchema),
        required=True,
        allow_none=True,
        metadata={
            "description": "Why each ally's forecast moved. Null while it is being worked out, beside the service: ask "
            "again after as many seconds as Retry-After says."
        },
    )
