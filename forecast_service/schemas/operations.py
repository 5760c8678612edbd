"""Answers for operators, and the problem document."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class HealthSchema(Schema):
    status = fields.String(required=True, metadata={"description": "Always ok.", "example": "ok"})


class SwitchSchema(Schema):
    vintage = fields.String(required=True, metadata={"description": "The vintage that will be current."})
    effective_at = fields.AwareDateTime(
        required=True, format="iso", metadata={"description": "The moment (UTC) at which all replicas change."}
    )


def _switch() -> fields.Nested:
    return fields.Nested(
        SwitchSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The next switch to another vintage; null if none is planned."},
    )


class ReadySchema(Schema):
    """Whether the service can answer from saved fits."""

    status = fields.String(required=True, metadata={"description": "ready or not-ready.", "example": "ready"})
    missing = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Allies whose fit is not saved yet; 'database: migrations not applied' until you run "
            "'forecast-service db upgrade'; 'vintage: ...' if this replica cannot follow a switch."
        },
    )
    database = fields.String(
        required=True,
        metadata={
            "description": "ok, 'migrations not applied', 'not reachable', 'does not answer in time', or 'its file is "
            "gone' (the embedded one, until a restart). Unless ok, saved scenarios may answer 503; all else works.",
            "example": "ok",
        },
    )
    redis = fields.String(
        required=True,
        validate=validate.OneOf(("ok", "not reachable", "unused")),
        metadata={
            "description": "Redis counts callers for rate limits: unused if the settings name none; while it is not "
            "reachable, each worker counts for itself.",
            "example": "ok",
        },
    )
    state = fields.String(
        required=True,
        metadata={
            "description": "Whether fits can be saved in the state folder: ok, or the operating system's error, such "
            "as 'No space left on device'. Unless ok, requests that need new fits answer 503.",
            "example": "ok",
        },
    )
    read_only = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether requests that save, change or delete something answer 503.",
            "example": False,
        },
    )
    vintage = fields.String(required=True, metadata={"description": "The current vintage of the figures."})
    switch = _switch()


class VersionSchema(Schema):
    service = fields.String(required=True, metadata={"description": "Version of the service."})
    model = fields.String(required=True, metadata={"description": "Version of the statistics."})
    vintage = fields.String(required=True, metadata={"description": "The current vintage of the figures."})
    switch = _switch()


class ErrorItemSchema(Schema):
    pointer = fields.String(
        metadata={
            "description": "JSON Pointer into the body that was sent; empty for the body itself. If a field is "
            "missing, it leads to the object that lacks the field, and the detail begins with the field's name."
        }
    )
    parameter = fields.String(metadata={"description": "Name of the parameter (query, path) or header."})
    detail = fields.String(required=True, metadata={"description": "What is wrong and what is allowed."})


class ProblemSchema(Schema):
    """A problem (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "Stable identifier of the kind of problem."})
    title = fields.String(required=True, metadata={"description": "The kind of problem, in words."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(required=True, metadata={"description": "What happened this time."})
    instance = fields.String(metadata={"description": "The path of the request; absent if it could not be read."})
    errors = fields.List(fields.Nested(ErrorItemSchema), metadata={"description": "The invalid inputs."})
