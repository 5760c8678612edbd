"""The API's operations and schemas in the form that the documentation page shows, made from the contract."""

from __future__ import annotations

import json
import re
from typing import Any

from markupsafe import Markup, escape

Schema = dict[str, Any]

METHODS = ("get", "post", "put", "delete")
LONGEST = 3
"""Of a longer list in an example, only the first items are shown."""
LEFT_OUT = "… {} more"
BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} fields",
    "pattern": "matches {}",
    "default": "{} if absent",
}


def of(contract: dict[str, Any]) -> dict[str, Any]:
    """``groups`` of operations by tag, ``schemas`` by name, and ``keys``, the ways to say who calls."""
    groups = []
    for tag in contract["tags"]:
        found = [
            _operation(contract, path, method, item[method], item.get("parameters", []))
            for path, item in contract["paths"].items()
            for method in METHODS
            if method in item and tag["name"] in item[method]["tags"]
        ]
        groups.append({"name": tag["name"], "says": tag["description"], "operations": found})
    components = contract["components"]
    schemas = {name: _schema(schema) for name, schema in components["schemas"].items()}
    return {
        "groups": groups,
        "schemas": schemas,
        "says": contract["info"]["description"],
        "version": contract["info"]["version"],
        "keys": components["securitySchemes"],
    }


def _operation(
    contract: dict[str, Any], path: str, method: str, operation: dict[str, Any], shared: list[dict[str, Any]]
) -> dict[str, Any]:
    media = operation.get("requestBody", {}).get("content", {})
    sent = media.get("application/json", {})
    asked = next(iter(sent.get("examples", {}).values()), None)
    responses = [_response(contract, status, it) for status, it in operation["responses"].items()]
    example = next((it["example"] for it in responses if it["example"]), None)
    scopes = {scope for way in operation.get("security", []) for names in way.values() for scope in names}
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "scopes": sorted(scopes),
        "parameters": [_parameter(it) for it in [*shared, *operation.get("parameters", [])]],
        "body": {"kind": kind(sent["schema"]), "types": list(media)} if sent else None,
        "responses": responses,
        "line": _line(method, path, example, asked, list(media)),
        "answer": example and pretty(example["value"]),
        "curl_body": asked and json.dumps(asked["value"], ensure_ascii=False).replace("'", "'\\''"),
    }


def _line(method: str, path: str, example: Any, asked: Any, media: list[str]) -> str | None:
    """The path and query for the line of curl; None if the contract has no example to fill the path in."""
    said = re.fullmatch(r"[A-Z]+ (/\S*)", example["summary"]) if example else None
    if said:
        return said[1]
    return None if "{" in path or (media and not asked) else path


def _parameter(it: dict[str, Any]) -> dict[str, Any]:
    schema = it["schema"] if "schema" in it else it["content"]["application/json"]["schema"]
    example = it.get("example", schema.get("example"))
    return {
        "name": it["name"],
        "where": it["in"],
        "required": it.get("required", False),
        "kind": kind(schema),
        "says": it.get("description", ""),
        "example": None if example is None else _value(example),
    }


def _response(contract: dict[str, Any], status: str, it: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in it:
        it = contract["components"]["responses"][_name(it["$ref"])]
    content = it.get("content", {})
    media: dict[str, Any] = next(iter(content.values()), {})
    return {
        "status": status,
        "says": it["description"].removeprefix("A problem (").removesuffix(")"),
        "types": list(content),
        "kind": kind(media["schema"]) if media.get("schema") else None,
        "headers": sorted(it.get("headers", {})),
        "example": next(iter(media.get("examples", {}).values()), None) if status < "300" else None,
    }


def _schema(schema: Schema) -> dict[str, Any]:
    needed = schema.get("required", [])
    also = {name: schema[name] for name in ("if", "then", "not") if name in schema}
    return {
        "says": schema.get("description", ""),
        "whole": kind(schema) if "properties" not in schema else None,
        "fields": [
            {"name": name, "required": name in needed, "kind": kind(it), "says": it.get("description", "")}
            for name, it in schema.get("properties", {}).items()
        ],
        "also": json.dumps(also) if also else None,
        "examples": [json.dumps(it, ensure_ascii=False) for it in schema.get("examples", [])],
    }


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[1]


def kind(schema: Schema) -> Markup:
    """The type of a value with its bounds, as HTML; schemas with names are links."""
    if "$ref" in schema:
        name = _name(schema["$ref"])
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return Markup(" or ").join(kind(it) for it in schema[union])
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(_value(it)) for it in schema["enum"])
    if "const" in schema:
        return Markup("<code>{}</code>").format(_value(schema["const"]))
    types = schema.get("type", "any")
    said = Markup(" or ").join(escape(it) for it in ([types] if isinstance(types, str) else types))
    if "items" in schema:
        said = Markup("list of {}").format(kind(schema["items"]))
    elif isinstance(schema.get("additionalProperties"), dict):
        said = Markup("object of {} by name").format(kind(schema["additionalProperties"]))
    elif schema.get("properties"):
        said = Markup("object: ") + Markup("; ").join(
            Markup("<code>{}</code> {}").format(name, kind(it)) for name, it in schema["properties"].items()
        )
    if "format" in schema:
        said += Markup(" ({})").format(schema["format"])
    bounds = [escape(_bound(text, schema[name])) for name, text in BOUNDS.items() if name in schema]
    return said + (Markup(", ") + Markup(", ").join(bounds) if bounds else Markup())


def _bound(text: str, value: Any) -> str:
    said = text.format(_value(value))
    return said.removesuffix("s") if value == 1 else said


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pretty(value: Any) -> str:
    """JSON for reading: indented, long lists cut, short ones on one line."""
    text = json.dumps(_cut(value), indent=2, ensure_ascii=False, sort_keys=False)
    text = re.sub(r"\[\s+([^][{}]{1,70}?)\s+\]", lambda found: "[" + " ".join(found[1].split()) + "]", text)
    return re.sub(r'"(… \d+ more)"', r"\1", text)


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(it) for name, it in value.items()}
    if isinstance(value, list):
        rest = len(value) - LONGEST
        return [_cut(it) for it in value[:LONGEST]] + ([LEFT_OUT.format(rest)] if rest > 0 else [])
    return value
