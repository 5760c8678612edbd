"""Costly questions take turns, few of them wait, and the others go on beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from forecast_service import create_app
from forecast_service.errors import ServiceError
from forecast_service.services import admission
from forecast_service.settings import Settings

COSTLY = admission.COSTLY + 1
SOON = 60


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(state_dir=tmp_path, costly_per_caller=1, costly_at_once=2))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as found:
        yield found


class Work:
    """A question that is under way until it is told to end."""

    def __init__(self) -> None:
        self.begun, self.end = threading.Event(), threading.Event()

    def run(self) -> None:
        self.begun.set()
        assert self.end.wait(SOON)


def compute(app: Flask, who: str, price: int, work: Callable[[], None] = lambda: None) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": who}), admission.computing(price, fitted=True):
        work()


def refused(app: Flask, who: str, price: int) -> tuple[int, str | None]:
    with pytest.raises(ServiceError) as error:
        compute(app, who, price)
    assert error.value.retry_after_s
    return error.value.status, error.value.kind


@contextmanager
def under_way(app: Flask, pool: ThreadPoolExecutor, who: str) -> Iterator[Future[None]]:
    """A costly question of ``who`` is computed."""
    work = Work()
    future = pool.submit(compute, app, who, COSTLY, work.run)
    assert work.begun.wait(SOON)
    try:
        yield future
    finally:
        work.end.set()
        future.result(SOON)


def test_a_caller_has_one_costly_question_at_once_and_others_wait_for_it(app: Flask, pool: ThreadPoolExecutor) -> None:
    with under_way(app, pool, "192.0.2.1"):
        assert refused(app, "192.0.2.1", COSTLY) == (429, "too-many-at-once")
        waiting = pool.submit(compute, app, "192.0.2.2", COSTLY)
        while app.extensions[admission.EXTENSION]._under_way.total() < 2:
            assert not waiting.done()
        assert refused(app, "192.0.2.3", COSTLY) == (503, "busy")
        for who in ("192.0.2.1", "192.0.2.3"):
            compute(app, who, admission.COSTLY)  # beside it
        assert not waiting.done()
    waiting.result(SOON)
    compute(app, "192.0.2.1", COSTLY)  # its place is free again


def test_nobody_waits_for_ever(app: Flask, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.01)
    with under_way(app, pool, "192.0.2.1"):
        assert refused(app, "192.0.2.2", COSTLY) == (503, "busy")


def test_a_part_of_an_admitted_question_needs_no_place_of_its_own(app: Flask) -> None:
    with app.test_request_context(), admission.admitted(COSTLY):
        for _ in range(2):
            with admission.computing(COSTLY, fitted=True):
                assert app.extensions[admission.EXTENSION]._under_way.total() == 1


def test_others_are_computed_beside_the_parts_of_a_costly_question(app: Flask, pool: ThreadPoolExecutor) -> None:
    work = Work()

    def batch() -> None:
        with app.test_request_context(), admission.admitted(COSTLY), admission.computing(1, fitted=True):
            work.run()

    under_way = pool.submit(batch)
    assert work.begun.wait(SOON)
    compute(app, "192.0.2.2", 1)
    assert not under_way.done()
    work.end.set()
    under_way.result(SOON)
