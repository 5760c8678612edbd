"""The authorisation matrix: every route as every kind of caller, as ``docs/authorisation.md`` shows it.

``AUTHORISATION_WRITE=1 pytest tests/forecast_service/auth/test_scopes.py`` writes the page anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from forecast_service.auth.scopes import NEEDS
from forecast_service.forecasting.registry import EXTENSION as FORECASTERS
from forecast_service.store.database import EXTENSION
from tests.support.callers import SCENARIO, key, keyed

PAGE = Path(__file__).parents[3] / "docs" / "authorisation.md"
SWEEP = {
    "countries": ["DEU"],
    "scenario": {
        "name": "s",
        "levers": [{"type": "cap", "from": 2030, "share_pct": {"from": 1, "to": 2, "steps": 2}}],
    },
}
# What is asked of a route that needs more than its address. {scenario} and {sweep} are alice's, made for each question.
BODIES: dict[str, Any] = {
    "batch.post_batch": {"items": [{"country": "DEU", "scenario": "{scenario}"}]},
    "forecasts.post_forecast": {"country": "DEU", "scenario": "{scenario}"},
    "forecasts.post_waterfall_chart": {"country": "DEU", "scenario": "{scenario}"},
    "requirements.post_requirement": {"country": "DEU", "probability": 0.5, "scenario": "{scenario}"},
    "scenarios.create_scenario": SCENARIO,
    "scenarios.fork_scenario": {},
    "scenarios.replace_scenario": SCENARIO,
    "sensitivity.post_sensitivity": {"country": "DEU", "scenario": "{scenario}"},
    "sensitivity.post_sensitivity_chart": {"country": "DEU", "scenario": "{scenario}"},
    "sweeps.post_sweep": SWEEP,
    "vintages.put_current": {"vintage": "nato-2025"},
}
QUERIES = {
    "scenarios.compare_scenarios": "?country=DEU&ids=baseline,{scenario}",
    "scenarios.get_version_forecast": "?country=DEU",
    "forecasts.get_forecast": "?scenario={scenario}",
    "forecasts.get_forecast_table": "?scenario={scenario}",
    "forecasts.get_question_forecast": '?question={"country":"DEU","scenario":"{scenario}"}',
    "forecasts.get_waterfall_chart": "?scenario={scenario}",
    "requirements.get_question_requirement": '?question={"country":"DEU","probability":0.5,"scenario":"{scenario}"}',
    "sensitivity.get_question_sensitivity": '?question={"country":"DEU","scenario":"{scenario}"}',
    "sensitivity.get_sensitivity": "?scenario={scenario}",
    "sensitivity.get_sensitivity_chart": "?scenario={scenario}",
}
NAMES = {
    "dashboard.asset": "page.css",
    "track-record.get_frozen": "2026-11-26-nato-2026-m3",
    "track-record.get_frozen_table": "2026-11-26-nato-2026-m3",
    "vintages.get_vintage": "nato-2026",
}
CALLERS = ("anonymous", "reader", "writer", "other tenant", "admin")

HEAD = """# Who may do what

The status of every route for every kind of caller, with `FORECAST_AUTH=api-key`.
`tests/forecast_service/auth/test_scopes.py` calls each route and fails if this page differs.

*Reader* (scope `read`) and *writer* (`read`, `write`) are keys of one owner; the calls name that owner's private
scenarios and sweeps. *Other tenant* (`read`, `write`) and *admin* (`admin`) are other owners. For them those ids do not
exist: 404 in a path, 422 in a body or query; a batch is 200 with the error in its item. `/v1/requirements` and
`POST /v1/vintages` are sent input that gets 422 from everyone let in.

"""


@pytest.fixture(scope="module")
def app(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that takes keys."""
    app = keyed(state_dir, tmp_path_factory.mktemp("matrix"))
    # Which fits are there yet depends on what ran before, and so would the status of /readyz.
    app.extensions[FORECASTERS].missing = lambda _vintage=None: []
    with pytest.MonkeyPatch.context() as patch:  # what it would compute beside is nothing to this
        patch.setattr("forecast_service.forecasting.vintage_change_task.start", lambda *_: None)
        yield app
    app.extensions[EXTENSION].close()


@pytest.fixture(scope="module")
def callers(app: Flask) -> dict[str, dict[str, str]]:
    """The headers of each kind of caller."""
    return {
        "anonymous": {},
        "reader": key(app, "alice", "read"),
        "writer": key(app, "alice", "read", "write"),
        "other tenant": key(app, "bob", "read", "write"),
        "admin": key(app, "root", "admin"),
    }


def operations(app: Flask) -> list[tuple[Rule, str]]:
    """Every route with each of its methods."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
    return [(r, method) for r in rules for method in sorted((r.methods or set()) - {"HEAD", "OPTIONS"})]


def status(client: FlaskClient, writer: dict[str, str], operation: tuple[Rule, str], headers: dict[str, str]) -> int:
    """What the operation answers, asked with ``headers`` about a scenario and a sweep that the writer has just made."""
    rule, method = operation
    endpoint = rule.endpoint
    scenario = client.post("/v1/scenarios", json=SCENARIO, headers=writer)
    assert scenario.status_code == 201
    names = {"{scenario}": scenario.json["id"], "{sweep}": "none"}
    sent = dict(headers)
    if endpoint in {"scenarios.replace_scenario", "scenarios.revert_scenario"}:
        sent["If-Match"] = scenario.headers["ETag"]
    of_sweep = rule.rule.startswith("/v1/sweeps/")
    if of_sweep:
        sweep = client.post("/v1/sweeps", json=SWEEP, headers=writer)
        assert sweep.status_code == 202
        names["{sweep}"] = sweep.json["id"]
    values = {"id": names["{sweep}" if of_sweep else "{scenario}"], "code": "DEU", "number": 1, "version": "0" * 12}
    values["format"] = "svg" if endpoint.endswith(("_chart", "_card")) else "csv"
    values |= {"a": 1, "b": 1} if rule.rule.startswith("/v1/scenarios/") else {"a": "nato-2025", "b": "nato-2026"}
    values["name"] = values["filename"] = NAMES.get(endpoint, "")
    path = rule.build({name: values[name] for name in rule.arguments})[1]
    path += QUERIES.get(endpoint, "")
    body = json.dumps(BODIES[endpoint]) if endpoint in BODIES else None
    for name, value in names.items():
        path, body = path.replace(name, value), body and body.replace(name, value)
    kind = "application/json" if body else None
    with client.open(path, method=method, data=body, content_type=kind, headers=sent) as response:
        if response.status_code in {401, 403, 404, 422}:
            assert response.mimetype == "application/problem+json"
        return response.status_code


def test_every_route_has_its_scope_and_no_scope_is_left_over(app: Flask) -> None:
    assert {rule.endpoint for rule, _ in operations(app)} == set(NEEDS), (
        "add it to NEEDS in forecast_service/auth/scopes.py"
    )


def test_a_route_that_was_forgotten_is_closed(state_dir: Path, tmp_path: Path) -> None:
    app = keyed(state_dir, tmp_path)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    client = app.test_client()
    assert client.get("/forgotten").status_code == 401
    assert client.get("/forgotten", headers=key(app, "alice", "read", "write")).status_code == 403
    app.extensions[EXTENSION].close()


@pytest.mark.slow
def test_the_matrix_is_the_page(app: Flask, callers: dict[str, dict[str, str]]) -> None:
    client = app.test_client()
    lines = [f"| route | needs | {' | '.join(CALLERS)} |", "| --- " * (len(CALLERS) + 2) + "|"]
    for operation in operations(app):
        rule, method = operation
        found = {who: status(client, callers["writer"], operation, callers[who]) for who in CALLERS}
        needed = NEEDS[rule.endpoint]
        if needed is None:
            assert len(set(found.values())) == 1, operation
        else:
            assert found["anonymous"] == 401, operation
            assert (found["reader"] == 403) == (needed != "read"), operation
            assert (found["writer"] == 403) == (needed == "admin"), operation
            assert found["admin"] not in {401, 403}, operation
        assert not [code for code in found.values() if code >= 500 or code in {400, 405}], (operation, found)
        address = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        lines.append(f"| `{method} {address}` | {needed or '-'} | {' | '.join(str(found[who]) for who in CALLERS)} |")
    text = HEAD + "\n".join(lines) + "\n"
    if os.environ.get("AUTHORISATION_WRITE"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "see the top of this file"


NEVER = "01jd3k8v2xq4t6r9m0n5p7s8yb"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/scenarios/{id}", None),
        ("PUT", "/v1/scenarios/{id}", SCENARIO),
        ("DELETE", "/v1/scenarios/{id}", None),
        ("POST", "/v1/scenarios/{id}/fork", {}),
        ("GET", "/v1/scenarios/{id}/versions", None),
        ("GET", "/v1/scenarios/{id}/versions/1", None),
        ("GET", "/v1/scenarios/{id}/versions/1/diff/1", None),
        ("POST", "/v1/scenarios/{id}/versions/1/revert", None),
        ("GET", "/v1/scenarios/{id}/versions/1/forecast?country=DEU", None),
        ("GET", "/v1/scenarios/compare?country=DEU&ids=baseline,{id}", None),
        ("GET", "/v1/countries/DEU/forecast?scenario={id}", None),
        ("POST", "/v1/forecasts", {"country": "DEU", "scenario": "{id}"}),
        ("GET", "/v1/countries/DEU/forecast.csv?scenario={id}", None),
        ("GET", "/v1/countries/DEU/forecast.svg?scenario={id}", None),
        ("GET", "/v1/countries/DEU/forecast.svg?overlay=stall,{id}", None),
        ("GET", "/v1/countries/DEU/waterfall.svg?scenario={id}", None),
        ("GET", "/v1/countries/DEU/sensitivity.svg?scenario={id}", None),
        ("GET", "/v1/alliance/ranking.svg?scenario={id}", None),
        ("POST", "/v1/forecasts/waterfall.svg", {"country": "DEU", "scenario": "{id}"}),
        ("POST", "/v1/forecasts/batch", {"items": [{"country": "DEU", "scenario": "{id}"}]}),
        ("POST", "/v1/scenarios", SCENARIO | {"based_on": "{id}"}),
        ("POST", "/v1/requirements", {"country": "DEU", "probability": 0.5, "scenario": "{id}"}),
        ("POST", "/v1/sensitivity", {"country": "DEU", "scenario": "{id}"}),
    ],
)
def test_anothers_scenario_is_as_one_that_never_was(
    app: Flask, callers: dict[str, dict[str, str]], method: str, path: str, body: Any
) -> None:
    client = app.test_client()
    real = client.post("/v1/scenarios", json=SCENARIO, headers=callers["writer"]).json["id"]
    for who in ("other tenant", "admin"):
        answers = []
        for identifier in (real, NEVER):
            sent = None if body is None else json.loads(json.dumps(body).replace("{id}", identifier))
            with client.open(
                path.replace("{id}", identifier), method=method, json=sent, headers=callers[who]
            ) as response:
                text = response.text.replace(identifier, "{id}")
                answers.append((response.status_code, text, sorted(response.headers.keys())))
        assert answers[0] == answers[1]
        assert 400 <= answers[0][0] < 500 or '"status":422' in answers[0][1].replace(" ", "")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")])
def test_anothers_sweep_is_as_one_that_never_was(
    app: Flask, callers: dict[str, dict[str, str]], method: str, path: str
) -> None:
    client = app.test_client()
    real = client.post("/v1/sweeps", json=SWEEP, headers=callers["writer"]).json["id"]
    answers = []
    for identifier in (real, NEVER):
        response = client.open(f"/v1/sweeps/{identifier}{path}", method=method, headers=callers["other tenant"])
        answers.append((response.status_code, response.text.replace(identifier, "{id}")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert client.get(f"/v1/sweeps/{real}", headers=callers["writer"]).json["status"] == "queued"


def test_public_ones_are_read_by_all_and_changed_by_their_owner(app: Flask, callers: dict[str, dict[str, str]]) -> None:
    client = app.test_client()
    made = client.post("/v1/scenarios", json=SCENARIO | {"public": True}, headers=callers["writer"])
    where = f"/v1/scenarios/{made.json['id']}"
    read = client.get(where, headers=callers["other tenant"])
    assert (read.status_code, read.json["mine"]) == (200, False)
    assert "alice" not in read.text
    refused = client.delete(where, headers=callers["other tenant"] | {"If-Match": "*"})
    assert (refused.status_code, refused.json["type"]) == (403, "urn:forecast-service:problem:forbidden")
    assert client.get(where, headers={}).status_code == 401


def test_an_idempotency_key_is_each_callers_own(app: Flask, callers: dict[str, dict[str, str]]) -> None:
    once = {"Idempotency-Key": "the-same"}
    made = [
        app.test_client().post("/v1/scenarios", json=SCENARIO, headers=callers[who] | once).json["id"]
        for who in ("writer", "other tenant", "writer")
    ]
    assert made[0] == made[2] != made[1]
