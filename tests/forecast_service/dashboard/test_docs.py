"""The documentation of the API: HTML that names every operation, parameter, field and schema of the contract."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from forecast_service.dashboard.pages import reference

MOST_BYTES = 100_000
"""Of the page as it is sent, compressed."""


@pytest.fixture(scope="module")
def page(app: Any) -> str:
    return str(app.test_client().get("/docs").text)


@pytest.fixture(scope="module")
def contract(app: Any) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/openapi.json").json
    return found


def operations(contract: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def test_every_operation_parameter_and_status_is_there(page: str, contract: dict[str, Any]) -> None:
    articles = dict(re.findall(r'<article class="operation" id="(\w+)".*?>(.*?)</article>', page, re.DOTALL))
    assert len(operations(contract)) > 40
    for method, path, operation in operations(contract):
        article = articles[operation["operationId"]]
        assert f"<strong>{method}</strong> {path}<" in article
        shared = contract["paths"][path].get("parameters", [])
        for parameter in [*shared, *operation.get("parameters", [])]:
            assert f"<code>{parameter['name']}</code>" in article, (path, parameter["name"])
        for status in operation["responses"]:
            assert f"<code>{status}</code>" in article, (path, status)
        assert f'href="#{operation["operationId"]}"' in page


def test_every_schema_and_field_is_there_and_every_link_to_one_leads_to_it(page: str, contract: dict[str, Any]) -> None:
    for name, schema in contract["components"]["schemas"].items():
        part = page.split(f'id="schema-{name}"', 1)[1].split("</article>", 1)[0]
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in part, (name, field)
    targets = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert len(links) > 150
    assert links <= targets


def test_lines_of_curl_ask_what_the_contract_shows(page: str, client: FlaskClient) -> None:
    lines = [html.unescape(text) for text in re.findall(r"<code>(curl .*?)</code>", page, re.DOTALL)]
    assert len(lines) > 30
    gets = [found[1] for line in lines if (found := re.fullmatch(r"curl 'http://localhost(/[^']*)'", line))]
    assert "/v1/countries/DEU/forecast?deadline=2029&quantiles=0.1,0.5,0.9" in gets
    for address in gets:
        if "/scenarios/" not in address and "/sweeps/" not in address:  # those name a saved one
            assert client.get(address).status_code in {200, 503}, address


def test_it_is_sent_small_and_only_once(client: FlaskClient) -> None:
    first = client.get("/docs", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    assert len(first.data) < MOST_BYTES
    again = client.get("/docs", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    dark = client.get("/docs?theme=dark", headers={"If-None-Match": first.headers["ETag"]})
    assert dark.status_code == 200


def test_no_script_stands_in_the_page_and_no_other_host(page: str) -> None:
    for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert "src=" in attributes
        assert not content.strip()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#/components/schemas/Lever"}, '<a href="#schema-Lever">Lever</a>'),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number, at least 0, at most 1"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 3}, "list of integer, at most 3 items"),
        ({"type": "string", "minLength": 1}, "string, at least 1 character"),
        ({"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}, "<code>a</code>, <code>b</code> or null"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number by name"),
        ({"type": "string", "pattern": "^<$"}, "string, matches ^&lt;$"),
    ],
)
def test_types_are_said_in_words(schema: dict[str, Any], said: str) -> None:
    assert reference.kind(schema) == said


def test_long_lists_of_examples_are_cut_and_say_so() -> None:
    assert reference.pretty({"a": list(range(10))}) == '{\n  "a": [0, 1, 2, … 7 more]\n}'
