"""Holds charts' specifications to the schema of Vega-Lite that altair brings."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import altair
from jsonschema_rs import Draft7Validator

SCHEMA = Path(altair.__file__).parent / "vegalite/v6/schema/vega-lite-schema.json"


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"), object_hook=_with_proper_references))


def _with_proper_references(value: dict[str, Any]) -> dict[str, Any]:
    # Its references hold brackets as they are in the names of its definitions, which no URI may.
    reference = value.get("$ref")
    return value | {"$ref": quote(reference, safe="#/")} if isinstance(reference, str) else value


def check_specification(specification: Any) -> None:
    """Fail if ``specification`` is no chart of Vega-Lite."""
    _validator().validate(specification)
