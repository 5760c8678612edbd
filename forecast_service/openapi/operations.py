"""Adds to each operation of the contract its operationId, headers and real examples."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any

from flask import Flask, json

from forecast_service.media_types import JSON, SCHEMA_TYPE

FOLDER = "examples"
"""The answers that :mod:`forecast_service.cli.examples` got from the application, one per file."""
HEADERS: dict[str, dict[str, Any]] = {
    "Retry-After": {"description": "Seconds until you may ask again.", "schema": {"type": "integer", "minimum": 0}},
    "Location": {"description": "Address of the new resource.", "schema": {"type": "string"}},
    "ETag": {
        "description": "Tag for If-None-Match; If-Match takes that of a saved scenario.",
        "schema": {"type": "string"},
    },
}
REQUIRED = {"Retry-After", "Location"}
RETRIED = {"SERVICE_UNAVAILABLE", "TOO_MANY_REQUESTS"}
"""Errors with a Retry-After header, by their names in the contract."""


def endpoints(app: Flask) -> dict[tuple[str, str], str]:
    """The endpoint of each path (in the contract's notation) and method."""
    return {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method): rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }


def operation_id(endpoint: str) -> str:
    """An endpoint as an operationId: ``forecasts.get_forecast`` becomes ``getForecast``."""
    first, *rest = endpoint.rsplit(".", 1)[-1].split("_")
    return first + "".join(word.title() for word in rest)


@cache
def saved_examples() -> dict[str, dict[str, Any]]:
    """The saved example requests with their answers, by operationId or, for errors, ``problem-<status>``."""
    folder = resources.files(__package__) / FOLDER
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return {file.name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for file in files}


def describe(document: dict[str, Any], app: Flask) -> None:
    """Add operationIds, headers and examples to ``document``, the contract of ``app``."""
    known, examples = endpoints(app), saved_examples()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if (path, method.upper()) in known:
                if path.endswith(".{format}") and JSON not in _suffixes(item, operation):
                    operation["responses"]["200"]["content"].pop("application/json", None)
                if not path.endswith(".{format}"):
                    # Addresses with a suffix document parts of tables, and share this object. Here, where the answer is
                    # JSON by default, generated clients would take a part for another form of the answer.
                    operation["responses"] = {
                        status: answer for status, answer in operation["responses"].items() if status != "206"
                    }
                for parameter in operation.get("parameters", ()):
                    if "$ref" in parameter.get("schema", {}):  # an object in a query is written as JSON
                        parameter["content"] = {"application/json": {"schema": parameter.pop("schema")}}
                operation["operationId"] = operation_id(known[path, method.upper()])
                # Every route refuses query parameters that it does not know.
                operation["responses"].setdefault("422", {"$ref": "#/components/responses/UNPROCESSABLE_ENTITY"})
                _add_headers(method, operation["responses"])
                if example := examples.get(operation["operationId"]):
                    _add_example(operation, example)
    by_status = {example["status"]: example for name, example in examples.items() if name.startswith("problem-")}
    for name, response in document["components"]["responses"].items():
        if name in RETRIED:
            response["headers"] = _headers("Retry-After")
        for content in response.get("content", {}).values():
            if example := by_status.get(_status(name)):
                content["examples"] = _shown(example)


def _suffixes(item: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """The formats that the address may end in."""
    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
    return next(found["schema"]["enum"] for found in parameters if found.get("name") == "format")


def _status(name: str) -> int | None:
    status = HTTPStatus.__members__.get(name)
    return status and status.value


def _headers(*names: str) -> dict[str, Any]:
    return {name: HEADERS[name] | {"required": name in REQUIRED} for name in names}


def _add_headers(method: str, responses: dict[str, Any]) -> None:
    """Add ``Location`` to answers that create something, and ``ETag`` to those that can be read again."""
    for status in ("201", "202"):
        if status in responses:
            responses[status]["headers"] = _headers("Location", *(["ETag"] if status == "201" else []))
    if method in {"get", "put"} and "200" in responses:
        responses["200"]["headers"] = _headers("ETag")


def _add_example(operation: dict[str, Any], example: dict[str, Any]) -> None:
    body = example["question"].get("body")
    if body is not None:
        title = operation["summary"]
        operation["requestBody"]["content"]["application/json"]["examples"] = {
            operation["operationId"]: {"summary": title, "value": body}
        }
    media = operation["responses"][str(example["status"])].get("content", {})
    if example["content_type"] in media:
        media[example["content_type"]]["examples"] = _shown(example)


def _shown(example: dict[str, Any]) -> dict[str, Any]:
    question, value = example["question"], example["answer"]
    if example["content_type"] == SCHEMA_TYPE:
        # Its head only: generators would look for the references of the rest in the contract.
        value = {name: member for name, member in value.items() if isinstance(member, str)}
    return {"real": {"summary": f"{question['method']} {question['address']}", "value": value}}
