"""A caller has a budget for what questions cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forecast_service import create_app
from forecast_service.settings import Settings
from forecast_service.store.database import EXTENSION
from tests.support.contract import CheckedClient
from tests.support.service import DRAWS, FIT_TIMEOUT_S

Make = Callable[..., FlaskClient]
AT_ONCE = '"costly";q=1;qu="concurrent-requests"'


@pytest.fixture
def make(state_dir: Path, client: FlaskClient) -> Iterator[Make]:
    """Makes a client of a service with the given settings; the fits of Germany are saved."""
    for scenario in ("baseline", "trend"):
        assert client.get(f"/v1/countries/DEU/forecast?scenario={scenario}").status_code == 200
    apps: list[Flask] = []

    def build(**settings: Any) -> FlaskClient:
        apps.append(create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=FIT_TIMEOUT_S, **settings)))
        return CheckedClient(apps[-1], apps[-1].response_class)

    yield build
    for app in apps:
        app.extensions[EXTENSION].close()


def levers(count: int) -> list[dict[str, Any]]:
    return [{"type": "shock", "spread_factor": 1.01 + i / 100} for i in range(count)]


def ask(client: FlaskClient, count: int = 1, **more: Any) -> TestResponse:
    """A forecast with ``count`` levers: 1 unit with one lever, and 8 with 50 up to 2060 (2,000 draws)."""
    question = {"country": "DEU", "scenario": {"name": "own", "levers": levers(count)}}
    if count > 1:
        question["targets"] = {"deadline": 2060}
    return client.post("/v1/forecasts", json=question, **more)


def kind(answer: TestResponse) -> str:
    return str(answer.json["type"]).rsplit(":", 1)[1]


def test_a_caller_who_has_spent_its_budget_is_told_when_to_come_back(make: Make) -> None:
    client = make(cost_budget="9/minute")
    answers = [ask(client, 50), ask(client, 50), ask(client), ask(client)]
    assert [a.status_code for a in answers] == [200, 429, 200, 429], "what is too dear takes nothing"
    assert [a.headers["RateLimit"] for a in answers] == [f'"cost";r={left}' for left in (1, 1, 0, 0)]
    assert {a.headers["RateLimit-Policy"] for a in answers} == {f'"cost";q=9;w=60, {AT_ONCE}'}
    assert kind(answers[1]) == "budget-spent"
    assert "costs 8 units; of the 9 that a caller has in 60 s, 1 are left" in answers[1].json["detail"]
    assert 1 <= int(answers[1].headers["Retry-After"]) <= 60
    # Whoever comes from elsewhere has a budget of its own; probes and what needs no computing are free.
    assert ask(client, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
    assert {client.get(path).status_code for path in ("/healthz", "/v1/countries", "/v1/scenarios")} == {200}


def test_a_cached_answer_is_free_and_says_nothing_of_the_first_callers_budget(make: Make) -> None:
    client = make(cost_budget="2/minute")
    for _ in range(3):
        answer = client.get("/v1/countries/DEU/forecast")
        assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)
    assert [ask(client).status_code for _ in range(2)] == [200, 429]


def test_what_costs_more_than_a_whole_budget_is_refused_for_good(make: Make) -> None:
    answer = ask(make(cost_budget="5/minute"), 50)
    assert (answer.status_code, kind(answer)) == (422, "too-costly")
    assert "costs 8 units, more than the 5 that a caller has in 60 s" in answer.json["detail"]
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "comparison"])
def test_what_holds_many_questions_is_paid_as_a_whole(make: Make, batch: bool) -> None:
    client = make(cost_budget="3/minute")

    def several(count: int) -> TestResponse:
        if batch:
            items = [{"country": "DEU", "scenario": {"name": "own", "levers": levers(1)}}] * count
            return client.post("/v1/forecasts/batch", json={"items": [*items, {"country": "atlantis"}]})
        names = ",".join(("baseline", "trend", "stall", "pledge")[:count])
        return client.get(f"/v1/scenarios/compare?ids={names}&country=DEU")

    assert several(4).status_code == 422
    assert several(2).headers["RateLimit"] == '"cost";r=1'
    assert several(2).status_code == 429


def test_it_stands_beside_the_rate_limit(make: Make) -> None:
    answer = ask(make(rate_limit="3/minute"))
    assert answer.headers["RateLimit-Policy"] == f'"default";q=3;w=60, "cost";q=10000;w=60, {AT_ONCE}'
    assert answer.headers["RateLimit"].startswith('"default";r=2;t=')
    assert answer.headers["RateLimit"].endswith(', "cost";r=9999')


def test_a_budget_is_each_callers_own(make: Make) -> None:
    client = make(cost_budget="1/minute", identity_header="X-User", trusted_proxies=1)

    def status(who: str) -> int:
        return ask(client, headers={"X-User": who, "X-Forwarded-For": "192.0.2.1"}).status_code

    assert [status("anna"), status("bert"), status("anna")] == [200, 200, 429]


def test_without_a_budget_nothing_is_counted(make: Make) -> None:
    answer = ask(make(cost_budget="0"))
    assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)
