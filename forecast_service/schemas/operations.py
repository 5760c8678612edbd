"""What operators ask, as it comes out."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class HealthSchema(Schema):
    """The process answers."""

    status = fields.String(required=True, metadata={"description": "Always ok.", "example": "ok"})


class SwitchSchema(Schema):
    """A switch to another vintage of the figures that is to come."""

    vintage = fields.String(required=True, metadata={"description": "The vintage that will be current."})
    effective_at = fields.AwareDateTime(
        required=True, format="iso", metadata={"description": "The moment (UTC) at which all replicas change over."}
    )


def _switch() -> fields.Nested:
    return fields.Nested(
        SwitchSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The switch to another vintage that is to come; null if none is."},
    )


class ReadySchema(Schema):
    """Whether the service can answer from saved fits."""

    status = fields.String(required=True, metadata={"description": "ready or not-ready.", "example": "ready"})
    missing = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Allies whose fit is not kept yet; and 'database: migrations not applied' where "
            "'forecast-service db upgrade' has not been run, or 'vintage: ...' where this replica cannot follow "
            "a switch."
        },
    )
    database = fields.String(
        required=True,
        metadata={
            "description": "ok, 'migrations not applied', 'not reachable', or 'its file is gone' (the embedded one, "
            "until a restart): then saved scenarios answer 503, and all else works.",
            "example": "ok",
        },
    )
    redis = fields.String(
        required=True,
        validate=validate.OneOf(("ok", "not reachable", "unused")),
        metadata={
            "description": "Where callers are counted for their limits: unused where the settings name none; while it "
            "is not reachable each worker counts for itself.",
            "example": "ok",
        },
    )
    state = fields.String(
        required=True,
        metadata={
            "description": "Whether fits can be kept in the state folder: ok, or what the operating system says, such "
            "as 'No space left on device'. Then what rests on saved fits is answered, all else is a 503.",
            "example": "ok",
        },
    )
    vintage = fields.String(required=True, metadata={"description": "The current vintage of the figures."})
    switch = _switch()


class VersionSchema(Schema):
    """What is running."""

    service = fields.String(required=True, metadata={"description": "Version of the service."})
    model = fields.String(required=True, metadata={"description": "Version of the statistics."})
    vintage = fields.String(required=True, metadata={"description": "The current vintage of the figures."})
    switch = _switch()


class ErrorItemSchema(Schema):
    """One offending input."""

    pointer = fields.String(metadata={"description": "JSON Pointer into the body."})
    parameter = fields.String(metadata={"description": "Name of the parameter."})
    detail = fields.String(required=True, metadata={"description": "What is wrong and what is allowed."})


class ProblemSchema(Schema):
    """A problem (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "Stable identifier of the kind of problem."})
    title = fields.String(required=True, metadata={"description": "The kind of problem, in words."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(required=True, metadata={"description": "What happened this time."})
    instance = fields.String(metadata={"description": "The path that was asked; absent where none could be read."})
    errors = fields.List(fields.Nested(ErrorItemSchema), metadata={"description": "Each offending input."})
