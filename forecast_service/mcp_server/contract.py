"""JSON Schemas of tools, made from the API's contract, so that names, bounds and texts are written once."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
Part = dict[str, Any]
"""The fields that are kept of a document: each with the fields that are kept of it, or {} to keep it whole."""

REF = "#/components/schemas/"
LINKS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "description": "Addresses of this answer and of pages that show it.",
}


def part(*whole: str, **inner: Part) -> Part:
    """The fields ``whole``, and of each field in ``inner`` the part given."""
    return {name: {} for name in whole} | inner


def take(document: Any, kept: Part) -> Any:
    """The part ``kept`` of a JSON document; of a list, that of each item."""
    if not kept or document is None:
        return document
    if isinstance(document, list):
        return [take(item, kept) for item in document]
    return {name: take(document[name], inner) for name, inner in kept.items() if name in document}


def listed(required: tuple[str, ...] = (), **items: Schema) -> Schema:
    """The schema of a document of our own: lists of ``items`` by their names, and links."""
    lists = {name: {"type": "array", "items": schema} for name, schema in items.items()}
    return {
        "type": "object",
        "properties": lists | {"links": LINKS},
        "required": [*(required or lists), "links"],
        "additionalProperties": False,
    }


class Contract:
    """The schemas of the contract ``document`` (OpenAPI 3.1)."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        self._paths: dict[str, Any] = document["paths"]

    def component(self, name: str) -> Schema:
        """The schema ``name``, with the schemas it refers to in it."""
        return self._inlined(self._schemas[name])

    def field(self, component: str, name: str) -> Schema:
        """The schema of one field of the component ``component``."""
        return self._inlined(self._schemas[component]["properties"][name])

    def levers(self) -> dict[str, Schema]:
        """The schema of each lever, by its type."""
        found = self._schemas["Scenario"]["properties"]["levers"]["items"]["discriminator"]["mapping"]
        return {name: self._inlined({"$ref": ref}) for name, ref in found.items()}

    def scenario(self, lever: Schema) -> Schema:
        """The schema of a scenario in a request: a name, an object or an id; ``lever`` is the schema of its levers."""
        own = self._schemas["Scenario"]
        levers = own["properties"]["levers"] | {"items": lever}
        own = own | {"properties": own["properties"] | {"levers": levers}}
        found = self._schemas["ForecastRequest"]["properties"]["scenario"]
        return self._inlined(found | {"oneOf": [own if "$ref" in form else form for form in found["oneOf"]]})

    def parameter(self, path: str, name: str) -> Schema:
        """The schema of one parameter of the query of GET ``path``."""
        found = next(it for it in self._paths[path]["get"]["parameters"] if it["name"] == name)
        return self._inlined(found["schema"] | {"description": found["description"]})

    def answer(self, component: str, kept: Part) -> Schema:
        """The schema of the part ``kept`` of the component ``component``, with links."""
        schema = self.part(component, kept)
        return schema | {
            "properties": schema["properties"] | {"links": LINKS},
            "required": [*schema["required"], "links"],
        }

    def part(self, component: str, kept: Part) -> Schema:
        """The schema of the part ``kept`` of the component ``component``."""
        return self._part(self._schemas[component], kept)

    def _part(self, schema: Schema, kept: Part) -> Schema:
        if not kept:
            return self._inlined(schema)
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return schema | {"anyOf": [self._part(it, kept) for it in schema["anyOf"]]}
        if schema.get("type") == "array":
            return schema | {"items": self._part(schema["items"], kept)}
        if schema.get("type") == "null":
            return schema
        named = schema.get("properties")
        properties = {
            name: self._part(schema["additionalProperties"] if named is None else named[name], inner)
            for name, inner in kept.items()
        }
        required = [name for name in kept if named is None or name in schema.get("required", ())]
        said = {name: schema[name] for name in ("description",) if name in schema}
        return said | {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def _resolved(self, schema: Schema) -> Schema:
        """``schema``, with the schema that it refers to in its place."""
        if "$ref" not in schema:
            return schema
        return self._schemas[schema["$ref"].removeprefix(REF)] | {k: v for k, v in schema.items() if k != "$ref"}

    def _inlined(self, schema: Any) -> Any:
        """``schema`` without references, and with JSON Schema's ``examples`` where OpenAPI has ``example``."""
        if isinstance(schema, list):
            return [self._inlined(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        schema = {name: value for name, value in self._resolved(schema).items() if name != "discriminator"}
        if "example" in schema:
            schema["examples"] = [schema.pop("example")]
        return {name: value if name in {"examples", "enum"} else self._inlined(value) for name, value in schema.items()}
