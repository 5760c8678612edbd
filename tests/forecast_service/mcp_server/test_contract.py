"""Parts of documents, and the schemas of such parts."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, ValidationError

from forecast_service.mcp_server.contract import Contract, part, take

TEXT = {"type": "string"}
CONTRACT = Contract(
    {
        "paths": {},
        "components": {
            "schemas": {
                "Answer": {
                    "type": "object",
                    "properties": {
                        "id": TEXT | {"example": "a"},
                        "secret": TEXT,
                        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                        "best": {"anyOf": [{"$ref": "#/components/schemas/Row"}, {"type": "null"}]},
                        "values": {"type": "object", "additionalProperties": {"type": "number"}},
                    },
                    "required": ["id", "secret", "rows", "best", "values"],
                },
                "Row": {
                    "type": "object",
                    "properties": {"name": TEXT, "more": TEXT, "note": TEXT},
                    "required": ["name", "more"],
                },
            }
        },
    }
)
KEPT = part("id", rows=part("name", "note"), best=part("name"), values=part("0.5"))
DOCUMENT: dict[str, Any] = {
    "id": "a",
    "secret": "s",
    "rows": [{"name": "n", "more": "m"}, {"name": "o", "more": "p", "note": "q"}],
    "best": None,
    "values": {"0.1": 1.0, "0.5": 2.0},
}
TAKEN = {"id": "a", "rows": [{"name": "n"}, {"name": "o", "note": "q"}], "best": None, "values": {"0.5": 2.0}}


def test_a_part_is_taken_of_objects_lists_and_maps() -> None:
    assert take(DOCUMENT, KEPT) == TAKEN


def test_the_schema_of_a_part_allows_that_part_alone() -> None:
    schema = CONTRACT.answer("Answer", KEPT)
    validator = Draft202012Validator(schema)
    answer = TAKEN | {"links": {"json": "/"}}
    validator.validate(answer)
    for wrong in (
        DOCUMENT | {"links": {}},
        TAKEN,
        answer | {"best": {"name": "n", "more": "m"}},
        answer | {"rows": [{"note": "q"}]},
        answer | {"values": {}},
    ):
        with pytest.raises(ValidationError):
            validator.validate(wrong)
    assert schema["properties"]["id"] == TEXT | {"examples": ["a"]}
