"""Turns at the database: threads wait while it is quick, and are refused while it is slow."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from forecast_service.store import turns
from forecast_service.store.turns import NoTurn, Turns


@pytest.fixture
def stuck() -> threading.Event:
    """Set it to let go of what is stuck."""
    return threading.Event()


def hold(these: Turns, stuck: threading.Event, count: int) -> list[threading.Thread]:
    """Threads that have a turn until ``stuck`` is set."""
    ready = threading.Barrier(count + 1)

    def have() -> None:
        with these.taken():
            ready.wait()
            stuck.wait()

    threads = [threading.Thread(target=have, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    return threads


def test_threads_wait_while_turns_end() -> None:
    these = Turns(2)

    def use(number: int) -> int:
        with these.taken():
            time.sleep(0.001)
            return number

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(use, range(200))) == list(range(200))


def test_while_no_turn_ends_others_are_refused(monkeypatch: pytest.MonkeyPatch, stuck: threading.Event) -> None:
    monkeypatch.setattr(turns, "SLOW_S", 0.05)
    these = Turns(2)
    threads = hold(these, stuck, 2)
    with pytest.raises(NoTurn), these.taken():
        pass
    time.sleep(0.1)
    stuck.set()
    for thread in threads:
        thread.join()
    # They took long, so whoever comes when all turns are taken again does not wait.
    monkeypatch.setattr(turns, "SLOW_S", 60)
    again = threading.Event()
    threads = hold(these, again, 2)
    with pytest.raises(NoTurn), these.taken():
        pass
    again.set()
    for thread in threads:
        thread.join()
    with these.taken():
        pass


def test_a_quick_turn_beside_a_stuck_one_keeps_the_others_waiting(
    monkeypatch: pytest.MonkeyPatch, stuck: threading.Event
) -> None:
    monkeypatch.setattr(turns, "SLOW_S", 0.5)
    these = Turns(2)
    threads = hold(these, stuck, 1)
    time.sleep(0.6)

    def use(number: int) -> int:
        with these.taken():
            time.sleep(0.001)
            return number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(20))) == list(range(20))
    stuck.set()
    for thread in threads:
        thread.join()
