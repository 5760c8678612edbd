"""Vintages of the figures: contents, switches, and why one moved a forecast."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from forecast_service.schemas.countries import CountryRefSchema, ListSchema
from forecast_service.schemas.fields import Rounded, WholeText, probability_out, vintage_in
from forecast_service.schemas.requests import RequestSchema
from models.dataset.importers import READERS
from models.dataset.vintages import LONGEST_NAME, NAME

RESERVED = ("current",)
"""Names that are other routes."""


class FitsSchema(Schema):
    """The fits of a vintage, which can become current when all are saved."""

    kept = fields.Integer(required=True, metadata={"description": "Number of allies whose fits are saved."})
    of = fields.Integer(required=True, metadata={"description": "Number of allies."})


class VintageSchema(Schema):
    name = fields.String(required=True, metadata={"description": "Its name in requests.", "example": "nato-2026"})
    current = fields.Boolean(
        required=True, metadata={"description": "Whether answers use it if a request names no vintage."}
    )
    bundled = fields.Boolean(required=True, metadata={"description": "Whether it ships with the service."})
    created_at = fields.String(
        required=True, allow_none=True, metadata={"description": "When it was imported (UTC); null if bundled."}
    )
    base = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The vintage that it takes its other tables from; null if bundled."},
    )
    origin = fields.Integer(required=True, metadata={"description": "The last year that its shares cover."})
    sha256 = fields.String(required=True, metadata={"description": "Hash of its contents."})


class TableFactsSchema(Schema):
    name = fields.String(required=True, metadata={"description": "Its name."})
    rows = fields.Integer(required=True, metadata={"description": "Number of its rows."})
    last_year = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The last year in it; null if it has no years."}
    )
    changed = fields.Boolean(required=True, metadata={"description": "Whether it differs from the base's."})


class SourceFactsSchema(Schema):
    source = fields.String(required=True, metadata={"description": "Its key."})
    title = fields.String(required=True, metadata={"description": "Title."})
    publisher = fields.String(required=True, metadata={"description": "Publisher."})
    date = fields.String(required=True, metadata={"description": "When it was published."})
    public_address = fields.String(required=True, metadata={"description": "Where it is published."})
    terms = fields.String(required=True, metadata={"description": "Terms of use."})
    confidence = fields.String(required=True, metadata={"description": "How sure the figures are."})


class FindingSchema(Schema):
    severity = fields.String(
        required=True,
        validate=validate.OneOf(["error", "warning"]),
        metadata={"description": "An error refuses the vintage, a warning does not."},
    )
    where = fields.String(required=True, metadata={"description": "A cell, a line or a table."})
    message = fields.String(required=True, metadata={"description": "What is wrong there."})


class VintageDetailSchema(VintageSchema):
    fits = fields.Nested(FitsSchema, required=True, metadata={"description": "How many allies are fitted."})
    tables = fields.List(
        fields.Nested(TableFactsSchema), required=True, metadata={"description": "The tables that forecasts rest on."}
    )
    sources = fields.List(
        fields.Nested(SourceFactsSchema),
        required=True,
        metadata={"description": "The sources of its figures; each pledge names its own source."},
    )
    checks = fields.List(
        fields.Nested(FindingSchema),
        required=True,
        attribute="findings",
        metadata={"description": "Warnings of its import."},
    )


class VintageListSchema(ListSchema):
    items = fields.List(
        fields.Nested(VintageSchema),
        required=True,
        metadata={"description": "The shipped ones first, then the imported ones; oldest first."},
    )


class ImportQuerySchema(RequestSchema):
    source = fields.String(
        required=True,
        validate=validate.OneOf(list(READERS), error="must be one of {choices}"),
        metadata={
            "description": "Source of the file: NATO's or SIPRI's workbook, the IMF's Outlook, the World Bank's table, "
            "or csv for a plain table.",
            "example": "nato",
        },
    )
    base = vintage_in("The vintage whose figures the file replaces or extends; the newest if absent.")
    name = fields.String(
        validate=[
            WholeText(f"^{NAME.pattern}$", error="must be lower-case letters, digits and single hyphens"),
            validate.Length(max=LONGEST_NAME, error="must hold at most {max} characters"),
            validate.NoneOf(RESERVED, error="is the name of something else"),
        ],
        metadata={"description": "Name of the new vintage; from the source and edition if absent."},
    )
    filename = fields.String(
        load_default="file",
        validate=validate.Regexp(
            r"^[^\x00-\x1f\x7f/\\]{1,200}$", error="must be a file's name of at most 200 characters, without a path"
        ),
        metadata={
            "description": "The file's name, as published: for the title of the source, and for the edition of an "
            "Outlook that does not name it itself.",
            "example": "WEOApr2026all.xlsx",
        },
    )


class SwitchedSchema(Schema):
    number = fields.Integer(required=True, metadata={"description": "Number of the switch, from 1."})
    vintage = fields.String(required=True, metadata={"description": "The vintage switched to."})
    effective_at = fields.AwareDateTime(
        required=True, format="iso", metadata={"description": "The moment (UTC) at which all replicas change."}
    )
    written_at = fields.AwareDateTime(
        required=True, format="iso", metadata={"description": "When it was ordered (UTC)."}
    )
    undoes = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Number of the switch that it undoes, or null."}
    )


class CurrentSchema(Schema):
    vintage = fields.String(required=True, metadata={"description": "The current vintage."})
    switches = fields.List(
        fields.Nested(SwitchedSchema),
        required=True,
        metadata={"description": "The last 50 switches, latest first, including coming ones."},
    )


class UseSchema(RequestSchema):
    vintage = vintage_in("The vintage to switch to.", required=True)


class FigureChangeSchema(Schema):
    """A figure that differs."""

    table = fields.String(
        required=True,
        metadata={
            "description": "Its table: core_share, core_amount, equipment_share, history (before 2014), growth, "
            "pledges or related_share."
        },
    )
    code = fields.String(required=True, metadata={"description": "ISO 3166 alpha-3.", "example": "DEU"})
    name = fields.String(required=True, metadata={"description": "The ally's English name."})
    year = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Year; null if the figure has none."}
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
    """The contribution of each input to the change, averaged over all orders of replacing them; they add up to it."""

    figures = _part("new figures: shares, their history and revisions, and added years")
    growth = _part("a new outlook of growth")
    plans = _part("new plans, and new claims of related spending")
    model = _part("what was learned since: the trust in pledges")


class WhySchema(Schema):
    """How a probability moved, and why."""

    before = probability_out("Probability by the first vintage.", required=True)
    after = probability_out("Probability by the second.", required=True)
    standard_error = Rounded(
        6, required=True, metadata={"description": "Monte-Carlo standard error of the change, at most."}
    )
    parts = fields.Nested(PartsSchema, required=True, metadata={"description": "Contributions of the inputs."})


class ProbabilityChangeSchema(Schema):
    """The change of one ally's probability for the core target at the deadline of 2035, under the baseline."""

    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    change = fields.Nested(
        WhySchema, required=True, allow_none=True, metadata={"description": "Null if it cannot be computed."}
    )
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it cannot be computed; null if it can."}
    )


class VintageDiffSchema(Schema):
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
            "description": "Why each ally's forecast moved. Null while the service computes it: ask again after the "
            "seconds in Retry-After."
        },
    )
