"""Makes the contract (OpenAPI 3.1.1) from the schemas and views."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, json
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from marshmallow import fields

from forecast_service.http.problems import CONTENT_TYPE
from forecast_service.ids import SAVED_ID
from forecast_service.openapi import operations, security, swept
from forecast_service.schemas.forecast_request import ForecastRequestSchema
from forecast_service.schemas.lever_types import LEARNED, SCHEMAS, CredibilityField
from forecast_service.schemas.levers import LeverField, ScenarioField, ScenarioSchema
from forecast_service.schemas.operations import ProblemSchema
from forecast_service.schemas.sweep_axes import SweptScenarioField
from forecast_service.version import VERSION
from models.scenarios.builtin import named_scenarios

OPENAPI_VERSION = "3.1.1"
DESCRIPTION = (
    "The probability that an ally meets NATO's targets of 3.5 % (core) and 1.5 % (related) of GDP by a deadline, "
    "under a scenario. Shares are % of GDP by NATO's definition. All probabilities are fractions of the same simulated "
    "futures; none is exactly 0 or 1. In a body, null for an optional field is the same as leaving it out."
)


class ContractApi(Api):  # type: ignore[misc]
    """flask-smorest's Api with problem+json as the body of every error."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Do nothing: :mod:`forecast_service.http.problems` handles errors."""

    def _register_responses(self) -> None:
        # flask-smorest documents errors as application/json and has no setting to change that.
        for name in (
            "BAD_REQUEST",
            "UNAUTHORIZED",
            "FORBIDDEN",
            "NOT_FOUND",
            "NOT_ACCEPTABLE",
            "CONFLICT",
            "GONE",
            "PRECONDITION_FAILED",
            "PRECONDITION_REQUIRED",
            "CONTENT_TOO_LARGE",
            "UNSUPPORTED_MEDIA_TYPE",
            "UNPROCESSABLE_ENTITY",
            "UNPROCESSABLE_CONTENT",
            "TOO_MANY_REQUESTS",
            "SERVICE_UNAVAILABLE",
            "DEFAULT_ERROR",
        ):
            response: dict[str, Any] = {
                "description": f"A problem ({name.replace('_', ' ').lower()})",
                "schema": ProblemSchema,
            }
            prepare_response(response, self.spec, CONTENT_TYPE)
            # security.describe refers to its responses after the document is made, so they must not be lazy.
            self.spec.components.response(name, response, lazy=name not in security.RESPONSES.values())


def _document_unions(self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """The JSON Schema of fields that take one of several shapes."""
    if isinstance(field, LeverField):
        return swept.union(_levers())
    if isinstance(field, SweptScenarioField):
        return {"$ref": f"#/components/schemas/{swept.SCENARIO}"}
    if isinstance(field, CredibilityField):
        return {"oneOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "enum": [LEARNED]}]}
    if isinstance(field, ScenarioField):
        return {
            "oneOf": [
                {"type": "string", "enum": list(named_scenarios())},
                {"$ref": "#/components/schemas/Scenario"},
                {"type": "string", "pattern": f"^{SAVED_ID}$", "description": "The id of a saved scenario."},
            ]
        }
    return {}


def _levers() -> dict[str, str]:
    """The references of the levers by their types."""
    return {name: f"#/components/schemas/{component_name(name)}" for name in SCHEMAS}


def component_name(lever: str) -> str:
    """The name of a lever in the contract, by its type."""
    return swept.LEVER + "".join(part.title() for part in lever.split("_"))


def _closed(self: Any, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """The constraints in a field's metadata that apispec does not copy."""
    names = ("propertyNames", "minProperties", "maxProperties", "minimum", "maximum", "anyOf")
    return {name: field.metadata[name] for name in names if name in field.metadata}


def make_api(app: Flask) -> ContractApi:
    """The API of ``app``, ready for blueprints."""
    app.config.update(
        API_TITLE="forecast_service",
        API_VERSION=VERSION,
        OPENAPI_VERSION=OPENAPI_VERSION,
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
            # Relative to the document, so it is right behind any prefix of a gateway.
            "servers": [{"url": ".", "description": "The address of this document."}],
        },
    )
    api = ContractApi(app)
    converter = api.ma_plugin.converter
    converter.add_attribute_function(_document_unions)
    converter.add_attribute_function(_closed)
    for name, schema in SCHEMAS.items():
        facts = schema.constraint | {"examples": [schema.example]}
        api.spec.components.schema(component_name(name), facts, schema=schema)
    api.spec.components.schema("Scenario", schema=ScenarioSchema)
    swept.describe(api.spec, _levers())
    api.spec.components.schema("ForecastRequest", ForecastRequestSchema.constraint, schema=ForecastRequestSchema)
    return api


def contract(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of ``app``."""
    api: ContractApi = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    document: dict[str, Any] = api.spec.to_dict()
    security.describe(document, app)
    operations.describe(document, app)
    return document


def _ordered(part: Any) -> Any:
    """``part`` in alphabetical order, but the default content type first, because generators take the first."""
    if isinstance(part, list):
        return [_ordered(item) for item in part]
    if not isinstance(part, dict):
        return part
    first = {"application/json": 0, "text/csv": 1}
    return {name: _ordered(part[name]) for name in sorted(part, key=lambda name: (first.get(name, 2), name))}


def contract_text(app: Flask) -> str:
    """The text of the OpenAPI document, as served and as stored in ``openapi/openapi.json``."""
    text = json.dumps(_ordered(contract(app)), indent=2, sort_keys=False, ensure_ascii=False) + "\n"
    # Write each list of numbers on one line, because examples hold many.
    return re.sub(r"\[\n[-+.,0-9eE\s]+\]", lambda found: " ".join(found[0].split()), text)
