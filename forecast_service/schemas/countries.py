"""Answers about countries and their figures."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, pre_dump, validate

from forecast_service.schemas.fields import component_out, share_out, vintage_in
from forecast_service.schemas.tables import TableQuerySchema
from models.dataset.countries import STANCES, STATUSES, Ally


class CountryRefSchema(Schema):
    code = fields.String(required=True, metadata={"description": "ISO 3166 alpha-3.", "example": "DEU"})
    code2 = fields.String(required=True, metadata={"description": "ISO 3166 alpha-2.", "example": "DE"})
    name = fields.String(required=True, metadata={"description": "English name.", "example": "Germany"})


class PledgeOutSchema(Schema):
    """A plan or position on record."""

    component = component_out("The component it is about.")
    target_pct = share_out("Target; null if none was stated", required=True, allow_none=True)
    year = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Year of the target; null if none was stated."}
    )
    stance = fields.String(required=True, validate=validate.OneOf(STANCES), metadata={"description": "How firm it is."})
    stated_on = fields.String(required=True, metadata={"description": "Date of the statement (ISO 8601)."})
    summary = fields.String(required=True, metadata={"description": "What was said."})
    source = fields.String(required=True, metadata={"description": "Key of the source (models/data/SOURCES.md)."})
    status = fields.String(
        required=True,
        validate=validate.OneOf(STATUSES),
        metadata={
            "description": "What has become of it: announced only, in a medium-term plan, in a draft or adopted "
            "budget, in law, delivered or missed by the figures, withdrawn, or refused by the government."
        },
    )
    status_on = fields.String(required=True, metadata={"description": "Date of the status (ISO 8601)."})
    status_source = fields.String(
        required=True,
        metadata={"description": "Key of the source of the status; the statement's own unless it changed."},
    )


class LatestSchema(Schema):
    """The latest core share."""

    year = fields.Integer(required=True, metadata={"description": "Year of the figure."})
    share_pct = share_out("Core defence spending", required=True)
    estimate = fields.Boolean(required=True, metadata={"description": "Whether NATO marks it as an estimate."})


class CountrySchema(CountryRefSchema):
    accession = fields.Integer(required=True, metadata={"description": "Year it joined NATO."})
    region = fields.String(required=True, metadata={"description": "Europe or North America."})
    borders_russia_or_belarus = fields.Boolean(
        required=True, metadata={"description": "Land borders, Kaliningrad included."}
    )
    has_armed_forces = fields.Boolean(
        required=True, metadata={"description": "Without them, core targets do not apply."}
    )
    denominator = fields.String(
        required=True,
        validate=validate.OneOf(["GDP", "GNI"]),
        metadata={"description": "Denominator of the share."},
    )
    stance = fields.String(
        required=True, validate=validate.OneOf(STANCES), metadata={"description": "Its stance on its target."}
    )
    latest = fields.Nested(
        LatestSchema, required=True, allow_none=True, metadata={"description": "Null for an ally without armed forces."}
    )


class CountryDetailSchema(CountrySchema):
    pledges = fields.List(
        fields.Nested(PledgeOutSchema), required=True, metadata={"description": "Plans and positions on record."}
    )


class ListSchema(Schema):
    """The base of every list."""

    next = fields.String(
        required=True, allow_none=True, metadata={"description": "Link to the next page; null on the last."}
    )


class CountryListSchema(ListSchema):
    items = fields.List(
        fields.Nested(CountrySchema), required=True, metadata={"description": "In the order of their codes."}
    )


class HistoryQuerySchema(TableQuerySchema):
    vintage = vintage_in("Vintage of the figures; the current one if absent.")


class ObservationSchema(Schema):
    year = fields.Integer(required=True, metadata={"description": "Calendar year (fiscal for Canada and the UK)."})
    share_pct = share_out("Core defence spending", required=True)
    definition = fields.String(
        required=True,
        validate=validate.OneOf(["nato", "nato-rescaled", "sipri-rescaled"]),
        metadata={"description": "Whose definition, and whether the figure was rescaled to NATO's present one."},
    )
    estimate = fields.Boolean(required=True, metadata={"description": "Whether the publisher marks it as an estimate."})
    source = fields.String(required=True, metadata={"description": "Key of the source (models/data/SOURCES.md)."})


class ComponentHistorySchema(Schema):
    component = fields.String(
        required=True, validate=validate.OneOf(["core"]), metadata={"description": "The component."}
    )
    unit = fields.String(required=True, metadata={"description": "Unit of the shares.", "example": "% of GDP"})
    observations = fields.List(fields.Nested(ObservationSchema), required=True, metadata={"description": "By year."})
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why there are none; null if there are."}
    )


class HistorySchema(Schema):
    country = fields.Nested(CountryRefSchema, required=True, metadata={"description": "The ally."})
    vintage = fields.String(required=True, metadata={"description": "Vintage of the figures."})
    components = fields.List(
        fields.Nested(ComponentHistorySchema),
        required=True,
        metadata={"description": "Core only: no yearly figures of related spending are published."},
    )

    @pre_dump
    def _compose(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        ally: Ally = data["ally"]
        reason = None if data["observations"] else f"{ally.name} has no armed forces and no core defence spending."
        core = {
            "component": "core",
            "unit": f"% of {ally.denominator}",
            "observations": data["observations"],
            "reason": reason,
        }
        return {"country": ally, "vintage": data["vintage"], "components": [core]}
