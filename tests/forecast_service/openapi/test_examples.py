"""Answers and the contract: every route asked, every answer allowed by it, every example real."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.cli.examples import KEPT, ask_all, keep, settled
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from forecast_service.store.migrate import upgrade
from tests.support.contract import CheckedClient, Contract, contract_of

pytestmark = pytest.mark.slow

ROUGH = 2e-3
"""Numbers may differ so much between processors: a few futures in ten thousand that cross a threshold or do not."""
OF_ONE_MEMBER, FEW = "across_members", 0.2
"""A member that weighs little has some fifty of the ten thousand futures: a few that cross move it far more."""
BESIDE = {"postVintage", "getDiff"}
"""What starts processes beside the service, and is asked, and checked, in test_vintages_api.py alone."""


@pytest.fixture(scope="module")
def asked(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, dict[str, Any]]]:
    """The application as the examples have it, with as many draws, and its answers to their questions of today."""
    folder = tmp_path_factory.mktemp("examples")
    settings = Settings(state_dir=state_dir, database_url=f"sqlite:///{folder}/examples.sqlite")
    app = create_app(settings)
    app.test_client_class = CheckedClient
    database = app.extensions[EXTENSION]
    upgrade(database.engine)
    yield app, ask_all(app, state_dir / "fits")
    database.close()


@pytest.fixture(scope="module")
def contract(app: Flask) -> Contract:
    return contract_of(app)


def operations(contract: Contract) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in contract.document["paths"].items():
        for method in item.keys() & {"get", "post", "put", "delete"}:
            operation = item[method]
            yield (
                path,
                method,
                operation | {"parameters": [*item.get("parameters", []), *operation.get("parameters", [])]},
            )


def differences(kept: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where two answers say different things."""
    if isinstance(kept, dict) and isinstance(found, dict):
        if kept.keys() != found.keys():
            yield f"{where}: {sorted(kept.keys() ^ found.keys())}"
        for name in kept.keys() & found.keys():
            yield from differences(kept[name], found[name], f"{where}/{name}")
    elif isinstance(kept, list) and isinstance(found, list):
        if len(kept) != len(found):
            yield f"{where}: {len(kept)}, now {len(found)}"
        for number, pair in enumerate(zip(kept, found, strict=False)):
            yield from differences(*pair, f"{where}/{number}")
    elif isinstance(kept, float) and isinstance(found, float | int):
        if found != pytest.approx(kept, rel=ROUGH, abs=FEW if OF_ONE_MEMBER in where else ROUGH):
            yield f"{where}: {kept}, now {found}"
    elif kept != found and not (isinstance(kept, str) and isinstance(found, str) and "\n" in kept):
        yield f"{where}: {kept!r}, now {found!r}"
    elif isinstance(kept, str) and "\n" in kept:
        yield from differences(_cells(kept), _cells(found), where)


def _cells(table: str) -> list[Any]:
    number = re.compile(r"-?[0-9]+\.[0-9]+$")
    return [float(cell) if number.match(cell) else cell for line in table.splitlines() for cell in line.split(",")]


def test_every_example_is_what_is_answered(asked: tuple[Flask, dict[str, Any]]) -> None:
    kept = settled({file.stem: json.loads(file.read_text("utf-8")) for file in KEPT.glob("*.json")})
    assert list(differences(kept, settled(asked[1]))) == [], "run 'make openapi'"


def test_a_changed_number_or_name_is_noticed(asked: tuple[Flask, dict[str, Any]]) -> None:
    kept = settled(asked[1])
    found = settled(asked[1])
    found["getForecast"]["answer"]["targets"][0]["threshold"] += 0.1
    found["getHistoryTable"]["answer"] = found["getHistoryTable"]["answer"].replace("estimate", "guess")
    assert len(list(differences(kept, found))) >= 2


def test_examples_are_written_only_when_they_say_something_else(
    asked: tuple[Flask, dict[str, Any]], tmp_path: Path
) -> None:
    answers = {name: asked[1][name] for name in ("getScenario", "getSweep", "version")}
    keep(answers, tmp_path)
    before = (tmp_path / "getSweep.json").read_text()
    sweep = json.loads(json.dumps(answers["getSweep"]).replace(answers["getSweep"]["answer"]["id"], "0" * 26))
    keep(answers | {"getSweep": sweep}, tmp_path)
    assert (tmp_path / "getSweep.json").read_text() == before
    keep({"version": answers["version"]}, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["version.json"]


def test_every_operation_has_examples_that_the_contract_allows(contract: Contract) -> None:
    for path, method, operation in operations(contract):
        name = operation["operationId"]
        if name in BESIDE:
            continue
        code, answer = next((code, found) for code, found in operation["responses"].items() if code[0] == "2")
        if "content" not in answer:
            assert code == "204", name
            continue
        if is_picture(answer):
            continue  # which is no text that a reader could make sense of
        shown = {
            kind: content["examples"]["real"] for kind, content in answer["content"].items() if "examples" in content
        }
        assert shown, f"{name} has no example: add a question to forecast_service/cli/examples.py, run 'make openapi'"
        for kind, example in shown.items():
            assert example["summary"].split("?")[0].split()[0] == method.upper(), name
            assert '"$ref"' not in json.dumps(example["value"]), f"{name}: generators follow it"
            if "json" in kind:
                place = ("paths", path, method, "responses", code, "content", kind, "schema")
                contract.check_value(example["value"], name, *place)
        if "requestBody" in operation:
            examples = operation["requestBody"]["content"]["application/json"]["examples"]
            place = ("paths", path, method, "requestBody", "content", "application/json", "schema")
            for example in examples.values():
                contract.check_value(example["value"], name, *place)


def is_picture(answer: dict[str, Any]) -> bool:
    """Whether nothing but a chart is offered, which tests of its own draw."""
    return all(kind.startswith("image/") or "vegalite" in kind for kind in answer.get("content", {"": None}))


def test_errors_have_examples(contract: Contract) -> None:
    with_example = {
        name
        for name, response in contract.document["components"]["responses"].items()
        if "examples" in response["content"]["application/problem+json"]
    }
    assert with_example >= {"BAD_REQUEST", "NOT_FOUND", "PRECONDITION_FAILED", "UNPROCESSABLE_ENTITY"}


def refused(path: str, method: str, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Requests to one operation that cannot be answered."""
    forms = [one["schema"]["enum"] for one in operation.get("parameters", []) if one.get("name") == "format"]
    sound = {"number": "1", "format": forms[0][0] if forms else ""}
    address = re.sub(r"\{(\w+)\}", lambda found: sound.get(found[1], "no-such-thing"), path)
    body = {"json": {}} if "requestBody" in operation else {}
    yield {"path": address, "query_string": {"colour": "red"}, **body}
    yield {"path": address, **body}
    yield {"path": address, "headers": {"Accept": "image/gif"}, **body}
    if body:
        yield {"path": address, "data": "{", "content_type": "application/json"}
        yield {"path": address, "data": "a=b", "content_type": "application/x-www-form-urlencoded"}
        yield {"path": address, "data": b" " * 1_000_001, "content_type": "application/json"}


def test_every_operation_and_its_errors_are_as_documented(asked: tuple[Flask, dict[str, Any]]) -> None:
    app = asked[0]
    contract = contract_of(app)
    client = app.test_client()
    undocumented = set()
    for path, method, operation in operations(contract):
        for request in refused(path, method, operation):
            code = str(client.open(method=method, **request).status_code)
            if code not in operation["responses"]:
                undocumented.add(f"{operation['operationId']}: {code}")
    assert undocumented == set()
    answered = {name for name, status in contract.seen if status < 300}
    everything = {
        operation["operationId"]
        for _, _, operation in operations(contract)
        if not is_picture(operation["responses"].get("200", {}))
    }
    assert everything - answered == {"deleteScenario", "deleteSweep"} | BESIDE
    assert {status for _, status in contract.seen} >= {400, 404, 406, 412, 413, 415, 422, 428}


@pytest.mark.parametrize("change", [{"surprise": 1}, {"service": 1}, {"service": None}, {}])
def test_a_client_that_checks_answers_notices_a_wrong_one(state_dir: Path, change: dict[str, Any]) -> None:
    app = create_app(Settings(state_dir=state_dir))
    client = CheckedClient(app, app.response_class)
    answer = client.get("/version").json
    right = app.view_functions["operations.version"]

    def view() -> Response:
        return jsonify(answer | change if change else {name: answer[name] for name in ("model", "vintage")})

    assert client.get("/version").status_code == 200
    app.view_functions["operations.version"] = view
    with pytest.raises(AssertionError, match="version"):
        client.get("/version")
    app.view_functions["operations.version"] = lambda: Response("hello", mimetype="text/plain")
    with pytest.raises(AssertionError, match="text/plain"):
        client.get("/version")
    app.view_functions["operations.version"] = right


def test_the_clients_of_the_tests_check_every_answer(client: FlaskClient) -> None:
    assert isinstance(client, CheckedClient)
