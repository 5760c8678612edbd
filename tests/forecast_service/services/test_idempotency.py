"""A request sent again under its Idempotency-Key: soon, at the same time, after a deletion, and after a month."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from forecast_service.store import scenarios, sweeps
from forecast_service.store.database import EXTENSION
from forecast_service.store.idempotency import DAYS, forget_keys
from forecast_service.store.scenarios import QuotaExceeded
from forecast_service.store.tables import IdempotencyKey
from forecast_service.sweeps.worker import Worker
from tests.forecast_service.api.test_bad_input import check_problem
from tests.support.callers import SCENARIO
from tests.support.executors import InProcess

REQUESTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a scenario": ("/v1/scenarios", SCENARIO, SCENARIO | {"name": "other"}),
    "a fork": ("/v1/scenarios/peace-dividend/fork", {"name": "mine"}, {"name": "other"}),
    "a fork without a body": ("/v1/scenarios/peace-dividend/fork", {}, {"name": "other"}),
    "a sweep": ("/v1/sweeps", {"countries": ["DEU"], "scenario": SCENARIO}, {"countries": "all", "scenario": SCENARIO}),
}
"""An address, a request to it, and another one."""
FIELD = ("Idempotency-Key",)


@pytest.fixture(params=REQUESTS)
def send(request: pytest.FixtureRequest, keeping: FlaskClient) -> Callable[..., TestResponse]:
    """Sends a request, or another one, under a key."""
    address, one, other = REQUESTS[request.param]

    def send(key: str, *, another: bool = False) -> TestResponse:
        headers = {"Idempotency-Key": key}
        body = other if another else one
        return keeping.post(address, headers=headers, **({"json": body} if body else {}))

    return send


def _age(app: Flask, key: str, days: float) -> None:
    """Let the key have been used so many days ago."""
    with app.extensions[EXTENSION].writing() as session:
        row = update(IdempotencyKey).where(IdempotencyKey.key == key)
        session.execute(row.values(created_at=datetime.now(UTC) - timedelta(days=days)))


def test_the_same_request_is_carried_out_once(send: Callable[..., TestResponse]) -> None:
    key = uuid.uuid4().hex
    first, again = send(key), send(key)
    assert first.status_code in {201, 202}
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    check_problem(send(key, another=True), 422, "key-reused", FIELD)


def test_spaces_and_order_do_not_count_and_defaults_do(keeping: FlaskClient) -> None:
    key, kind = {"Idempotency-Key": uuid.uuid4().hex}, "application/json"
    first = keeping.post("/v1/scenarios", data=json.dumps(SCENARIO), content_type=kind, headers=key)
    other = json.dumps(dict(reversed(SCENARIO.items())), indent=2)
    assert keeping.post("/v1/scenarios", data=other, content_type=kind, headers=key).json == first.json
    # A later release may have another default, so a request that names it is another one.
    named = keeping.post("/v1/scenarios", json=SCENARIO | {"description": ""}, headers=key)
    check_problem(named, 422, "key-reused", FIELD)


def test_a_key_whose_result_was_deleted_says_so(send: Callable[..., TestResponse], keeping: FlaskClient) -> None:
    key = uuid.uuid4().hex
    first = send(key)
    assert keeping.delete(first.headers["Location"]).status_code == 204
    for _ in range(2):
        check_problem(send(key), 409, "key-of-deleted", FIELD)
    check_problem(send(key, another=True), 422, "key-reused", FIELD)
    assert keeping.get(first.headers["Location"]).status_code == 404
    assert send(uuid.uuid4().hex).status_code == first.status_code, "under another key it is new"


def test_a_fork_outlives_its_source(keeping: FlaskClient) -> None:
    source, key = (
        keeping.post("/v1/scenarios", json=SCENARIO).headers["Location"],
        {"Idempotency-Key": uuid.uuid4().hex},
    )
    first = keeping.post(f"{source}/fork", headers=key)
    assert keeping.delete(source).status_code == 204
    assert keeping.post(f"{source}/fork", headers=key).json == first.json
    assert keeping.post(f"{source}/fork").status_code == 404
    assert keeping.delete(first.headers["Location"]).status_code == 204
    check_problem(keeping.post(f"{source}/fork", headers=key), 409, "key-of-deleted", FIELD)


@pytest.mark.parametrize("deleted", [False, True])
def test_a_key_counts_for_thirty_days(
    send: Callable[..., TestResponse], keeping: FlaskClient, keeping_app: Flask, deleted: bool
) -> None:
    key = uuid.uuid4().hex
    first = send(key)
    if deleted:
        keeping.delete(first.headers["Location"])
    _age(keeping_app, key, DAYS - 0.1)
    check_problem(send(key, another=True), 422, "key-reused", FIELD)
    assert send(key).status_code == (409 if deleted else first.status_code)
    _age(keeping_app, key, DAYS + 0.1)
    new = send(key, another=True)
    assert new.status_code == first.status_code
    assert new.headers["Location"] != first.headers["Location"]
    check_problem(send(key), 422, "key-reused", FIELD)
    assert send(key, another=True).headers["Location"] == new.headers["Location"]


def test_a_race_under_an_old_key_makes_one(send: Callable[..., TestResponse], keeping_app: Flask) -> None:
    key = uuid.uuid4().hex
    first = send(key).headers["Location"]
    _age(keeping_app, key, DAYS + 1)
    with ThreadPoolExecutor(8) as pool:
        made = {answer.headers["Location"] for answer in pool.map(lambda _: send(key), range(8))}
    assert len(made) == 1
    assert first not in made


@pytest.mark.parametrize("fails", [False, True])
def test_while_the_first_request_runs_the_second_waits(
    keeping_app: Flask, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    key, begun, go_on, charge = {"Idempotency-Key": uuid.uuid4().hex}, threading.Event(), threading.Event(), []
    original = scenarios._charge_quota

    def slow(*arguments: Any) -> None:
        charge.append(1)
        if len(charge) == 1:
            begun.set()
            assert go_on.wait(30)
            if fails:
                raise QuotaExceeded(0)
        original(*arguments)

    def ask() -> TestResponse:
        return keeping_app.test_client().post("/v1/scenarios", json=SCENARIO, headers=key)

    monkeypatch.setattr(scenarios, "_charge_quota", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask)
        assert begun.wait(30)
        second = pool.submit(ask)
        time.sleep(0.2)
        assert not second.done()
        go_on.set()
        answers = first.result(), second.result()
    assert [answer.status_code for answer in answers] == ([409, 201] if fails else [201, 201])
    assert fails or answers[0].json == answers[1].json


def test_old_keys_are_deleted_by_a_worker(
    keeping: FlaskClient, keeping_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecast_service.sweeps.worker.TIDY_S", -1)
    monkeypatch.setattr("forecast_service.store.idempotency.FORGOTTEN_AT_ONCE", 2)
    database = keeping_app.extensions[EXTENSION]
    while forget_keys(database):
        pass
    keys = [uuid.uuid4().hex for _ in range(6)]
    for key in keys:
        keeping.post("/v1/scenarios", json=SCENARIO, headers={"Idempotency-Key": key})
    for key in keys[1:]:
        _age(keeping_app, key, DAYS + 1)
    Worker(sweeps.Sweeps(database), InProcess(), None).tidy()
    with database.reading() as session:
        assert session.scalars(select(IdempotencyKey.key).where(IdempotencyKey.key.in_(keys))).all() == keys[:1]
