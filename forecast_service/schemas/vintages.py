"""Vintages of the figures: what they hold, which is current, and why one moved a forecast."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from forecast_service.schemas.countries import CountryRefSchema, ListSchema
from forecast_service.schemas.fields import Rounded, probability_out, vintage_in
from models.dataset.importers import READERS
from models.dataset.vintages import LONGEST_NAME, NAME

RESERVED = ("current",)
"""Names that addresses use otherwise."""


class FitsSchema(Schema):
    """How far a vintage is fitted: what is not fitted yet cannot become current."""

    kept = fields.Integer(required=True, metadata={"description": "Number of allies whose fits are kept."})
    of = fields.Integer(required=True, metadata={"description": "Number of allies that there are."})


class VintageSchema(Schema):
    """A vintage of the figures."""

    name = fields.String(required=True, metadata={"description": "What queries call it.", "example": "nato-2026"})
    current = fields.Boolean(
        required=True, metadata={"description": "Whether answers rest on it where no vintage is named."}
    )
    bundled = fields.Boolean(required=True, metadata={"description": "Whether it ships with the service."})
    created_at = fields.String(
        required=True, allow_none=True, metadata={"description": "When it was imported (UTC); null if bundled."}
    )
    base = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The vintage whose tables stand where it has none of its own; null if bundled."},
    )
    origin = fields.Integer(required=True, metadata={"description": "The last year that its shares cover."})
    sha256 = fields.String(required=True, metadata={"description": "Of all that it holds."})


class TableFactsSchema(Schema):
    """One table of a vintage."""

    name = fields.String(required=True, metadata={"description": "Its name."})
    rows = fields.Integer(required=True, metadata={"description": "Number of its rows."})
    last_year = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The last year in it; null if it has no years."}
    )
    changed = fields.Boolean(required=True, metadata={"description": "Whether it differs from the base's."})


class SourceFactsSchema(Schema):
    """Where figures come from, and on what terms."""

    source = fields.String(required=True, metadata={"description": "Its key."})
    title = fields.String(required=True, metadata={"description": "Title."})
    publisher = fields.String(required=True, metadata={"description": "Publisher."})
    date = fields.String(required=True, metadata={"description": "When it was published."})
    public_address = fields.String(required=True, metadata={"description": "Where it is published."})
    terms = fields.String(required=True, metadata={"description": "Terms of use."})
    confidence = fields.String(required=True, metadata={"description": "How sure the figures are."})


class FindingSchema(Schema):
    """What a check of an import found."""

    severity = fields.String(
        required=True,
        validate=validate.OneOf(["error", "warning"]),
        metadata={"description": "An error refuses the vintage, a warning does not."},
    )
    where = fields.String(required=True, metadata={"description": "A cell, a line or a table."})
    message = fields.String(required=True, metadata={"description": "What is wrong with it."})


class VintageDetailSchema(VintageSchema):
    """A vintage with all that it holds."""

    fits = fields.Nested(FitsSchema, required=True, metadata={"description": "How far it is fitted."})
    tables = fields.List(
        fields.Nested(TableFactsSchema), required=True, metadata={"description": "The tables that forecasts rest on."}
    )
    sources = fields.List(
        fields.Nested(SourceFactsSchema),
        required=True,
        metadata={"description": "Where its figures come from; the sources of single pledges stand with the pledges."},
    )
    checks = fields.List(
        fields.Nested(FindingSchema),
        required=True,
        attribute="findings",
        metadata={"description": "What the checks of its import warned of."},
    )


class VintageListSchema(ListSchema):
    """All vintages."""

    items = fields.List(
        fields.Nested(VintageSchema),
        required=True,
        metadata={"description": "Oldest first: those that ship, then the others as they were imported."},
    )


class ImportQuerySchema(Schema):
    """Whose file it is, and what becomes of it."""

    source = fields.String(
        required=True,
        validate=validate.OneOf(list(READERS), error="must be one of {choices}"),
        metadata={
            "description": "Whose file it is: NATO's or SIPRI's workbook, the IMF's Outlook, the World Bank's table, "
            "or csv for a plain table.",
            "example": "nato",
        },
    )
    base = vintage_in("The vintage that the file is laid over; the newest if absent.")
    name = fields.String(
        validate=[
            validate.Regexp(f"^{NAME.pattern}$", error="must be lower-case letters, digits and single hyphens"),
            validate.Length(max=LONGEST_NAME, error="must hold at most {max} characters"),
            validate.NoneOf(RESERVED, error="is the name of something else"),
        ],
        metadata={"description": "What it is to be called; by its source and edition if absent."},
    )


class SwitchedSchema(Schema):
    """A switch that was written."""

    number = fields.Integer(required=True, metadata={"description": "Number of the switch, from 1."})
    vintage = fields.String(required=True, metadata={"description": "The vintage switched to."})
    effective_at = fields.AwareDateTime(
        required=True, format="iso", metadata={"description": "The moment (UTC) at which all replicas change over."}
    )
    written_at = fields.AwareDateTime(
        required=True, format="iso", metadata={"description": "When it was ordered (UTC)."}
    )
    undoes = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Number of the switch that it takes back, or null."}
    )


class CurrentSchema(Schema):
    """Which vintage is current, what is to come, and what was."""

    vintage = fields.String(required=True, metadata={"description": "The current vintage."})
    switches = fields.List(
        fields.Nested(SwitchedSchema),
        required=True,
        metadata={"description": "The last 50 switches, latest first; those of a later moment are to come."},
    )


class UseSchema(Schema):
    """Which vintage to switch to."""

    vintage = vintage_in("The vintage to switch to.", required=True)


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

    before = probability_out("Probability by the first vintage.", required=True)
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
    """What differs between two vintages."""

    before = fields.String(required=True, metadata={"description": "The first vintage."})
    after = fields.String(required=True, metadata={"description": "The second vintage."})
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
