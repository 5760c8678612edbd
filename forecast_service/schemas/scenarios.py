"""The scenarios that ship with the service, as they come out."""

from __future__ import annotations

from marshmallow import Schema, fields

from forecast_service.schemas.countries import ListSchema


class NamedScenarioSchema(Schema):
    """A scenario that ships with the service."""

    name = fields.String(required=True, metadata={"description": "The name to ask for it by.", "example": "baseline"})
    description = fields.String(required=True, metadata={"description": "What it assumes."})


class NamedScenarioListSchema(ListSchema):
    """All scenarios that ship with the service."""

    items = fields.List(
        fields.Nested(NamedScenarioSchema),
        required=True,
        metadata={"description": "In the order of the documentation."},
    )
