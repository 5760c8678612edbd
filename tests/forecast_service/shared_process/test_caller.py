"""A process that all workers ask: one of it, one question at a time, and another one when it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forecast_service.observability import helpers
from forecast_service.observability.metrics import FOLDER
from forecast_service.shared_process.caller import Lost, NoTurn, Overdue, SharedProcess
from tests.support.answering import IDLE_S
from tests.support.processes import ended, within

MODULE = "tests.support.answering"
PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def _replica(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))


@pytest.fixture
def shared() -> Iterator[SharedProcess]:
    one = SharedProcess("answering", MODULE)
    yield one
    one.close()


def ask(shared: SharedProcess, question: bytes = b"who", limit_s: float = PATIENCE_S) -> bytes:
    with shared.turn(PATIENCE_S) as turn:
        return turn.ask(question, limit_s)


def pid(shared: SharedProcess) -> int:
    return int(ask(shared).split()[1])


def test_workers_of_a_replica_share_it(shared: SharedProcess) -> None:
    worker = (
        "import sys; from forecast_service.shared_process.caller import SharedProcess;"
        f"turn = SharedProcess('answering', {MODULE!r}).turn({PATIENCE_S});"
        "print(turn.ask(b'other', 9).decode(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", worker], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout
        found = other.stdout.readline().split()
        assert found == ["other", str(pid(shared))]
        assert shared.process is None  # the other one has started it
        other.kill()
    # It ends with the worker that started it, and the next question starts another.
    assert within(PATIENCE_S, lambda: ended(int(found[1])))
    assert pid(shared) != int(found[1])
    assert shared.process


def test_many_at_once_start_one_and_each_gets_its_own_answer(shared: SharedProcess) -> None:
    others = [shared, *(SharedProcess("answering", MODULE) for _ in range(7))]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: ask(others[i], b"%d-th" % i).split(), range(8)))
    assert [word for word, _ in found] == [b"%d-th" % i for i in range(8)]
    assert len({number for _, number in found}) == 1
    assert len([one for one in others if one.process]) == 1
    for one in others:
        one.close()


def test_large_answers_arrive_whole(shared: SharedProcess) -> None:
    assert ask(shared, b"20000000") == bytes(20_000_000)


def test_one_that_was_killed_is_replaced_and_every_worker_tells(shared: SharedProcess, tmp_path: Path) -> None:
    first = pid(shared)
    assert helpers.states() == {"answering": "ok"}
    os.kill(first, signal.SIGKILL)
    assert within(PATIENCE_S, lambda: helpers.states() == {"answering": "restarting"})
    assert pid(shared) != first
    assert helpers.states() == {"answering": "ok"}
    assert (tmp_path / "helper-answering").read_text() == f"ok {pid(shared)}"


def test_a_caller_whose_answer_is_lost_is_told(shared: SharedProcess) -> None:
    with pytest.raises(Lost):
        ask(shared, b"end")
    assert pid(shared)


def test_an_answer_that_takes_too_long_ends_the_process(shared: SharedProcess) -> None:
    first = pid(shared)
    with pytest.raises(Overdue):
        ask(shared, b"hang", 0.1)
    assert within(PATIENCE_S, lambda: ended(first))
    assert pid(shared) != first


def test_nobody_waits_longer_than_he_will(shared: SharedProcess) -> None:
    first = pid(shared)
    with shared.turn(PATIENCE_S), pytest.raises(NoTurn):
        shared.turn(0.05)
    assert pid(shared) == first  # who had the turn and asked nothing holds nobody up for long


def test_it_ends_when_nobody_asks(shared: SharedProcess) -> None:
    first = pid(shared)
    assert within(IDLE_S + PATIENCE_S, lambda: ended(first))
    assert helpers.states() == {"answering": "ok"}  # it is not needed
    assert pid(shared) != first


def test_one_that_cannot_start_is_told() -> None:
    with pytest.raises(Lost):
        SharedProcess("broken", "no_such_module").turn(PATIENCE_S)
    assert within(PATIENCE_S, lambda: helpers.states() == {"broken": "restarting"})


def test_without_gunicorn_each_has_its_own(shared: SharedProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER)
    monkeypatch.setattr(helpers, "_own", {})
    other = SharedProcess("answering", MODULE)
    assert pid(shared) != pid(other)
    assert helpers.states() == {"answering": "ok"}
    folder = other._folder
    assert folder
    assert folder.stat().st_mode & 0o777 == 0o700
    other.close()
    del other
    assert not folder.exists()
