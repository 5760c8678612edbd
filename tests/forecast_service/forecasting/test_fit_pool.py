"""Fits in a process of their own: bounded, timed, made once, gone with the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service import create_app
from forecast_service.forecasting import fit_pool
from forecast_service.forecasting.fit_pool import FitPool
from forecast_service.forecasting.registry import EXTENSION, ForecasterRegistry
from forecast_service.settings import Settings
from forecast_service.shared_process.caller import Lost, Turn
from tests.support.processes import ended, within
from tests.support.service import DRAWS, environment

pytestmark = pytest.mark.slow

PATIENCE_S = 30


def history(share: float) -> dict[str, float]:
    return {str(year): round(share + 0.03 * (year - 2010), 3) for year in range(2010, 2026)}


def ask(app: Flask, share: float) -> Any:
    return app.test_client().post("/v1/forecasts", json={"history": history(share)})


def pool_of(app: Flask) -> FitPool:
    registry: ForecasterRegistry = app.extensions[EXTENSION]
    assert registry.pool is not None
    return registry.pool


def pid_of(app: Flask) -> int:
    process = pool_of(app).shared.process
    assert process is not None
    return process.pid


@pytest.fixture
def small(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Two places to wait, and a process that is up."""
    monkeypatch.setattr(fit_pool, "PLACES", 2)
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS, fit_timeout_s=PATIENCE_S))
    assert ask(app, 1.0).status_code == 200
    yield app
    pool_of(app).stop()


def test_fits_that_wait_starve_nobody(small: Flask) -> None:
    pool, hung = pool_of(small), pid_of(small)
    small.test_client().get("/v1/countries/DEU/forecast")
    pool.timeout_s = 3
    os.kill(hung, signal.SIGSTOP)
    with ThreadPoolExecutor(2) as callers:
        waiting = [callers.submit(ask, small, share) for share in (1.1, 1.2)]
        assert within(2, lambda: pool._places._value == 0)
        refused = ask(small, 1.3)
        kept = small.test_client().get("/v1/countries/DEU/forecast?core=2.9")
        answers = [call.result() for call in waiting]
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert kept.status_code == 200
    assert {answer.json["type"] for answer in (refused, *answers)} == {"urn:forecast-service:problem:busy"}
    os.kill(hung, signal.SIGCONT)
    pool.timeout_s = PATIENCE_S
    assert ask(small, 1.1).status_code == 200


def test_a_fit_that_takes_too_long_ends_its_process(small: Flask) -> None:
    pool, slow = pool_of(small), pid_of(small)
    pool.timeout_s = 0.02
    refused = ask(small, 1.4)
    assert (refused.status_code, refused.json["type"]) == (503, "urn:forecast-service:problem:fit-too-long")
    assert within(5, lambda: ended(slow))
    pool.timeout_s = PATIENCE_S
    assert ask(small, 1.4).status_code == 200


def test_a_fit_whose_process_is_killed_is_made_again(small: Flask) -> None:
    os.kill(pid_of(small), signal.SIGSTOP)
    with ThreadPoolExecutor(2) as callers:
        waiting = [callers.submit(ask, small, 1.5) for _ in range(2)]
        assert within(2, lambda: pool_of(small)._places._value == 0)
        os.kill(pid_of(small), signal.SIGKILL)
        answers = [call.result() for call in waiting]
    assert {answer.status_code for answer in answers} == {200}


def test_a_fit_whose_process_ends_again_and_again_is_refused(small: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_turn: Turn, _question: bytes, _limit_s: float) -> bytes:
        raise Lost

    monkeypatch.setattr(Turn, "ask", lost)
    refused = ask(small, 1.6)
    assert (refused.status_code, refused.json["type"]) == (503, "urn:forecast-service:problem:fit-lost")


def test_the_same_question_is_computed_once(small: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, original = [], Turn.ask

    def count(turn: Turn, question: bytes, limit_s: float) -> bytes:
        asked.append(question)
        return original(turn, question, limit_s)

    monkeypatch.setattr(Turn, "ask", count)
    start = Barrier(2)

    def at_once(_: int) -> bytes:
        start.wait()
        return bytes(ask(small, 1.6).data)

    with ThreadPoolExecutor(2) as callers:
        one, other = callers.map(at_once, range(2))
    assert one == other == ask(small, 1.6).data
    assert len(asked) == 1


def test_what_cannot_be_fitted_is_said_as_before(client: FlaskClient) -> None:
    answer = client.get("/v1/countries/MNE/forecast?origin=2008")
    assert answer.status_code == 422
    assert "a forecast needs 8" in answer.get_json()["detail"]


CHILD = textwrap.dedent("""
    import sys
    from forecast_service import create_app
    from forecast_service.settings import Settings
    app = create_app(Settings.from_environment())
    client = app.test_client()
    own = {str(year): 1 + 0.02 * (year - 2000) for year in range(2000, 2026)}
    statuses = [client.post("/v1/forecasts", json={"history": own}).status_code]
    statuses += [client.post("/v1/forecasts", json={"country": "DEU", "history": own}).status_code]
    statuses += [client.get("/v1/countries/DEU/forecast" + query).status_code for query in ("", "?origin=2020")]
    pool = app.extensions["forecast-registry"].pool
    print(*statuses, "statsmodels" in sys.modules, "scipy" in sys.modules, pool.shared.process.pid, flush=True)
    sys.stdin.read()
""")


def test_a_worker_never_loads_statsmodels_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        *found, fitting = worker.stdout.readline().split()
        assert found == ["200", "200", "200", "200", "False", "False"]
        assert not ended(int(fitting))
        worker.kill()
    assert within(10, lambda: ended(int(fitting)))


def test_what_needs_more_fits_than_a_request_may_wait_for_has_them_made_beside(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, int | None]] = []
    monkeypatch.setattr(
        "forecast_service.forecasting.fit_missing.fit_in_background", lambda _settings, *what: started.append(what)
    )
    app = create_app(Settings(state_dir=state_dir, draws=DRAWS))
    client, registry = app.test_client(), app.extensions[EXTENSION]
    for question in ("forecast?origin=2003&deadline=2010", "ranking.svg?origin=2003&deadline=2010"):
        answer = client.get(f"/v1/alliance/{question}")
        assert (answer.status_code, answer.json["type"]) == (503, "urn:forecast-service:problem:being-fitted")
        assert int(answer.headers["Retry-After"]) == len(registry.missing(origin=2003)) > 20
    assert started == [("nato-2026", 2003)] * 2


def test_a_request_waits_for_its_fits_together_no_longer_than_for_one(small: Flask) -> None:
    pool_of(small).timeout_s = 0.02
    items = [{"history": history(share)} for share in (1.7, 1.8, 1.9)]
    answers = small.test_client().post("/v1/forecasts/batch", json={"items": items}).json["items"]
    assert [item["status"] for item in answers] == [503] * 3
    assert [item["problem"]["type"].rsplit(":", 1)[1] for item in answers] == ["fit-too-long", "busy", "busy"]
