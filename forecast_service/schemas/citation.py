"""The field ``cite`` of an answer: how to cite it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from forecast_service.schemas.fields import Plain, WholeText
from forecast_service.schemas.requests import RequestSchema

CSL_TYPE = "dataset"


class CslAuthorSchema(Schema):
    literal = fields.String(required=True, metadata={"description": "The whole name."})


class CslDateSchema(Schema):
    date_parts = fields.List(
        fields.List(fields.Integer(), validate=validate.Length(min=1, max=3)),
        required=True,
        data_key="date-parts",
        validate=validate.Length(equal=1),
        metadata={"description": "Year, month and day; the year alone if the publisher of the figures names no day."},
    )


class CslItemSchema(Schema):
    """The item of a bibliography, by the Citation Style Language's schema 1.0.2."""

    id = fields.String(required=True, metadata={"description": "The answer's id."})
    type = fields.String(
        required=True, validate=validate.OneOf([CSL_TYPE]), metadata={"description": f"Always {CSL_TYPE}."}
    )
    title = fields.String(required=True, metadata={"description": "The question in words."})
    author = fields.List(fields.Nested(CslAuthorSchema), required=True, metadata={"description": "The service alone."})
    issued = fields.Nested(
        CslDateSchema,
        required=True,
        metadata={"description": "The day on which the figures were published: the answer is the same on every day."},
    )
    version = fields.String(required=True, metadata={"description": "Version of the statistics and the vintage."})
    note = fields.String(required=True, metadata={"description": "The answer's id in words."})
    URL = fields.String(metadata={"description": "The address; absent if there is none."})


class CiteSchema(Schema):
    """How to cite this answer."""

    address = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The permanent address of exactly this answer: absolute if the operator set "
            "FORECAST_PUBLIC_ADDRESS, else relative to this one's origin. Once the service computes another answer, it "
            "answers 410. Null if the question is too long for an address."
        },
    )
    text = fields.String(required=True, metadata={"description": "The citation as a sentence."})
    bibtex = fields.String(required=True, metadata={"description": "The entry for BibTeX."})
    csl = fields.Nested(
        CslItemSchema, required=True, metadata={"description": "The item in CSL-JSON, for bibliography managers."}
    )


def id_in() -> fields.String:
    """The id of the answer that a citation means."""
    return fields.String(
        validate=WholeText(r"^[0-9a-f]{32}$", error="must be the id of an answer, 32 hexadecimal digits"),
        metadata={
            "description": "The id of the cited answer. If the service computes another one by now, it answers 410; "
            "any answer if absent.",
            "example": "0f3c5d7e9a1b2c4d6e8f0a1b2c3d4e5f",
        },
    )


class QuestionQuerySchema(RequestSchema):
    """The base of a query whose ``question`` is the body of a POST: so any answer has an address."""

    id = id_in()

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The question, with the id of the cited answer."""
        return data["question"] | {name: data[name] for name in ("id",) if name in data}


def cite_out() -> Plain:
    """The field ``cite`` of an answer."""
    return Plain(CiteSchema, required=True, metadata={"description": "How to cite this answer."})
