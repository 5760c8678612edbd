"""Holds what the application answers to the contract: a test client that checks every answer it gets."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator, Registry
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from forecast_service.openapi.operations import endpoints
from forecast_service.openapi.spec import contract_text

BASE = "urn:contract"
PROBLEM = "application/problem+json"


class Contract:
    """The contract of one application; answers may hold no property that it does not name."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.document: dict[str, Any] = json.loads(contract_text(app))
        for schema in self.document["components"]["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        self._registry = Registry([(BASE, self.document)])
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}
        paths = {endpoint: path for (path, _), endpoint in endpoints(app).items()}
        self._paths = {endpoint: path for endpoint, path in paths.items() if path in self.document["paths"]}
        self.seen: set[tuple[str, int]] = set()
        """Operations and statuses that were checked."""

    def validator(self, *place: str) -> Draft202012Validator:
        """Of the schema at ``place`` in the document."""
        if place not in self._validators:
            pointer = "".join("/" + quote(part.replace("~", "~0").replace("/", "~1"), safe="~") for part in place)
            schema = {"$ref": f"{BASE}#{pointer}"}
            self._validators[place] = Draft202012Validator(schema, registry=self._registry, validate_formats=True)
        return self._validators[place]

    def check(self, response: TestResponse) -> None:
        """Fail if the contract does not allow ``response`` to its request."""
        try:
            endpoint, _ = self.app.url_map.bind_to_environ(response.request.environ).match()
        except HTTPException:
            endpoint = ""
        method = response.request.method.lower()
        path = self._paths.get(endpoint, "")
        operation = self.document["paths"].get(path, {}).get("get" if method == "head" else method)
        if operation is None:
            if response.status_code >= 400 and method != "head" and not endpoint.startswith("dashboard."):
                self.check_body(response, "components", "schemas", "Problem")
            return
        self.seen.add((operation["operationId"], response.status_code))
        code = str(response.status_code)
        if code == "304":  # of any GET: it says nothing that a body would
            return
        place = ["paths", path, "get" if method == "head" else method, "responses"]
        place.append(code if code in operation["responses"] else "default")
        assert place[-1] != "default" or response.status_code >= 400, f"{operation['operationId']}: {code}"
        answer = operation["responses"][place[-1]]
        if "$ref" in answer:
            place = answer["$ref"].removeprefix("#/").split("/")
            answer = self.document["components"]["responses"][place[-1]]
        for name, header in answer.get("headers", {}).items():
            assert name in response.headers or not header.get("required"), f"{operation['operationId']} lacks {name}"
        if "content" not in answer:
            assert not response.data, f"{operation['operationId']} {code} has a body"
            return
        assert response.mimetype in answer["content"], f"{operation['operationId']} {code}: {response.mimetype}"
        if method != "head" and "json" in response.mimetype:
            self.check_body(response, *place, "content", response.mimetype, "schema")

    def check_body(self, response: TestResponse, *place: str) -> None:
        """Fail if the JSON of ``response`` is not what the schema at ``place`` says."""
        self.check_value(json.loads(response.get_data()), response.request.path, *place)

    def check_value(self, value: Any, what: str, *place: str) -> None:
        """Fail if ``value`` is not what the schema at ``place`` says."""
        errors = self.validator(*place).iter_errors(value)
        wrong = [f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}" for error in errors]
        assert not wrong, f"{what}: {wrong[:5]}"


@cache
def contract_of(app: Flask) -> Contract:
    """The contract of ``app``, read once."""
    return Contract(app)


class CheckedClient(FlaskClient):
    """A client that fails where an answer is not as the contract says."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        if not response.content_encoding:  # packed ones are the same bytes, and tests of their own unpack them
            contract_of(self.application).check(response)
        return response
