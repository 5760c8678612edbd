"""Following switches: the moment, what is not ready, what comes and is overtaken, and a database that is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecast_service.forecasting.current_vintage import CurrentVintage
from forecast_service.store.database import DatabaseUnavailable
from forecast_service.store.tables import SwitchRow
from forecast_service.store.vintage_switches import Reading

START = datetime(2026, 6, 1, tzinfo=UTC)


class Written:
    """A database of switches whose clock is set by hand, and differs from this machine's."""

    def __init__(self) -> None:
        self.rows: list[SwitchRow] = []
        self.now = START
        self.away = False
        self.error = 0.01

    def add(self, vintage: str, seconds: float) -> None:
        at = self.now + timedelta(seconds=seconds)
        row = SwitchRow(number=len(self.rows) + 1, vintage=vintage, effective_at=at, written_at=self.now)
        self.rows.insert(0, row)

    def read(self) -> Reading | None:
        if self.away:
            raise DatabaseUnavailable("not reachable")
        return Reading(self.now, tuple(self.rows), time.monotonic(), self.error) if self.rows else None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves time on, here and at the database."""
    now = [1000.0]
    monkeypatch.setattr("forecast_service.forecasting.current_vintage.time.monotonic", lambda: now[0])

    def on(seconds: float) -> None:
        now[0] += seconds

    return on


@pytest.fixture
def written() -> Written:
    return Written()


def watcher(written: Written, folder: Path, ready: set[str] | None = None) -> CurrentVintage:
    """One that has every vintage, or those in ``ready``."""
    return CurrentVintage(written.read, lambda name: ready is None or name in ready, "a", folder / "switches.json")


def test_the_default_holds_until_something_is_written(written: Written, tmp_path: Path) -> None:
    assert watcher(written, tmp_path).vintage() == "a"


def test_the_change_comes_at_its_moment_without_another_look(
    written: Written, tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = watcher(written, tmp_path)
    written.add("b", 10)
    one.poll()
    monkeypatch.setattr(one, "keep_up", lambda: None)
    clock(9.99)
    assert (one.vintage(), one.pending() and one.pending().vintage) == ("a", "b")  # type: ignore[union-attr]
    clock(0.01)
    assert (one.vintage(), one.pending()) == ("b", None)


def test_nobody_is_behind_at_the_very_moment(written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = watcher(written, tmp_path)
    written.add("b", 1)
    one.poll()
    ticks = iter([at / 100 for at in range(1, 100_000)])
    start = one.pending()
    assert start
    monkeypatch.setattr(one, "keep_up", lambda: None)
    # Time goes on a little with every look at the clock: none falls between two sides of a comparison.
    monkeypatch.setattr(
        "forecast_service.forecasting.current_vintage.time.monotonic", lambda: start.at - 1 + next(ticks)
    )
    assert {one.lagging() for _ in range(200)} == {None}


def test_a_moment_that_has_come_does_not_come_again(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    one = watcher(written, tmp_path)
    written.add("b", 10)
    one.poll()
    clock(10)
    assert one.vintage() == "b"
    written.now += timedelta(seconds=9)  # the database's clock was put back
    one.poll()
    assert one.vintage() == "b"


def test_a_moment_is_known_better_from_a_better_look(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    one = watcher(written, tmp_path)
    written.add("b", 10)
    written.now += timedelta(seconds=2)  # the process was held up between the two clocks
    written.error = 1.0
    one.poll()
    written.now -= timedelta(seconds=2)
    written.error = 0.001
    one.poll()
    clock(8.5)
    assert one.vintage() == "a"
    clock(1.5)
    assert one.vintage() == "b"


def test_what_is_not_ready_is_not_changed_to_and_is_once_it_is(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    ready: set[str] = {"c"}
    one = watcher(written, tmp_path, ready)
    written.add("c", 3)
    one.poll()
    clock(5)
    written.now += timedelta(seconds=5)
    written.add("b", 3)
    one.poll()
    clock(5)
    assert (one.wanted(), one.vintage(), one.lagging()) == ("b", "c", "b"), "the one before goes on"
    ready.add("b")
    one.poll()
    assert (one.vintage(), one.lagging()) == ("b", None)


def test_what_was_found_lacking_is_answered_from_as_soon_as_it_is_there(
    written: Written, tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only after the next look at the database: another worker may have said that the replica is ready."""
    ready = {"a"}
    one = watcher(written, tmp_path, ready)
    written.add("b", 0)
    one.poll()
    clock(0.1)
    monkeypatch.setattr(one, "keep_up", lambda: None)
    assert (one.vintage(), one.lagging()) == ("a", "b")
    ready.add("b")
    assert (one.vintage(), one.lagging()) == ("b", None)


def test_a_process_without_the_vintage_of_a_coming_switch_is_behind_before_its_moment(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    ready: set[str] = set()
    one = watcher(written, tmp_path, ready)
    written.add("b", 60)
    one.poll()
    assert (one.lagging(), one.needed()) == (None, ("a", "b"))
    clock(45)
    assert (one.vintage(), one.lagging()) == ("a", "b"), "gateways have time to notice"
    ready.add("b")
    one.poll()
    assert one.lagging() is None
    clock(15)
    assert (one.vintage(), one.lagging(), one.needed()) == ("b", None, ("b",))


def test_a_vintage_that_is_just_being_loaded_for_a_coming_switch_makes_nobody_unready(
    written: Written, tmp_path: Path
) -> None:
    said: list[str | None] = []

    def prepare(_name: str) -> bool:
        said.append(one.lagging())
        return True

    one = CurrentVintage(written.read, prepare, "a", tmp_path / "switches.json")
    written.add("b", 3)
    one.poll()
    assert (said, one.lagging()) == ([None], None)


def test_fits_are_needed_of_what_is_current_comes_may_come_and_was_before(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    for name in ("oldest", "before", "current"):
        written.add(name, -1)
    written.add("next", 60)
    one = CurrentVintage(written.read, lambda _name: True, "a", tmp_path / "switches.json", lambda: ["latest"])
    one.poll()
    assert one.needed() == ("current", "next", "latest", "before")


def test_a_process_that_never_heard_of_the_switches_says_so(written: Written, tmp_path: Path) -> None:
    written.away = True
    one = watcher(written, tmp_path)
    assert not one.has_heard()
    written.away = False
    one.poll()
    assert one.has_heard()
    written.away = True
    assert watcher(written, tmp_path).has_heard() is False, "nothing was ever written: no database at all"
    written.away = False
    written.add("b", -5)
    assert watcher(written, tmp_path).has_heard()
    written.away = True
    assert watcher(written, tmp_path).has_heard(), "the one before has left it in the folder"
    assert not watcher(written, tmp_path / "another").has_heard()


def test_what_is_likely_next_and_what_was_before_are_ready_already(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    asked: list[str] = []

    def prepare(name: str) -> bool:
        asked.append(name)
        return True

    for name in ("b", "c"):
        written.add(name, -1)
    one = CurrentVintage(written.read, prepare, "a", tmp_path / "switches.json", lambda: ["d"])
    for _ in range(2):
        one.poll()
    assert asked == ["c", "b", "d"]


def test_a_later_order_overtakes_one_that_is_to_come(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    one = watcher(written, tmp_path)
    written.add("b", 60)
    written.add("a", 3)  # taken back before it came
    one.poll()
    for _ in range(8):
        clock(10)
        written.now += timedelta(seconds=10)
        assert one.vintage() == "a"
    assert one.pending() is None


def test_while_the_database_is_away_the_last_known_holds_and_what_was_to_come_comes(
    written: Written, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    one = watcher(written, tmp_path)
    written.add("b", 10)
    one.poll()
    written.away = True
    clock(5)
    assert one.vintage() == "a"
    clock(5)
    assert one.vintage() == "b"


def test_a_process_that_starts_meanwhile_knows_it_too(written: Written, tmp_path: Path) -> None:
    written.now = datetime.now(UTC)
    written.add("b", -5)
    assert watcher(written, tmp_path).vintage() == "b"
    written.away = True
    assert watcher(written, tmp_path).vintage() == "b"
    (tmp_path / "switches.json").write_text("{", encoding="utf-8")
    assert watcher(written, tmp_path).vintage() == "a", "a file that was damaged is none"


def test_with_a_thread_of_its_own_no_request_waits_for_the_database(written: Written, tmp_path: Path) -> None:
    asked: list[str] = []

    def read() -> Reading | None:
        asked.append(threading.current_thread().name)
        return written.read()

    one = CurrentVintage(read, lambda _name: True, "a", tmp_path / "switches.json")
    done = threading.Event()
    one.start(done.set)
    del asked[:]
    written.add("b", -1)
    assert done.wait(10)
    end = time.monotonic() + 10
    while one.vintage() != "b":
        assert time.monotonic() < end
        time.sleep(0.01)
    assert set(asked) == {"vintage"}


def test_a_look_that_fails_is_not_the_last(written: Written, tmp_path: Path) -> None:
    failures = [RuntimeError("once")]

    def prepare(_name: str) -> bool:
        if failures:
            raise failures.pop()
        return True

    one = CurrentVintage(written.read, prepare, "a", tmp_path / "switches.json")
    one.start()
    written.add("b", -1)
    end = time.monotonic() + 10
    while one.vintage() != "b":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert failures == []
