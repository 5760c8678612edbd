"""Switches between vintages: what is written, in which order it holds, and what rollback goes back to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store.database import Database
from forecast_service.store.migrate import upgrade
from forecast_service.store.vintage_switches import AlreadyCurrent, AtTheSameMoment, NothingBefore, Switches
from tests.support.databases import KINDS, fresh


@pytest.fixture(params=KINDS)
def switches(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Switches]:
    """The switches of an empty database of each kind."""
    with fresh(request.param, tmp_path) as url:
        database = Database(database_url(Settings(database_url=url)))
        upgrade(database.engine)
        yield Switches(database, "a", 20)
        database.close()


def written(switches: Switches) -> list[tuple[int, str, int | None]]:
    """Number, vintage and what it undoes, first to last."""
    found = switches.read()
    assert found
    return [(row.number, row.vintage, row.undoes) for row in reversed(found.rows)]


def test_a_switch_is_written_ahead_of_its_moment(switches: Switches) -> None:
    row = switches.use("b", "anna")
    found = switches.read()
    assert found
    assert row.effective_at - row.written_at == timedelta(seconds=20)
    assert found.now < found.rows[0].effective_at == row.effective_at
    assert found.rows[0].written_by == "anna"


def test_there_is_always_time_to_hear_of_it(switches: Switches) -> None:
    row = Switches(switches.database, "a", 0).use("b", "anna")
    assert row.effective_at - row.written_at == timedelta(seconds=3)


def test_a_switch_that_is_still_to_come_is_taken_back_before_it_comes(switches: Switches) -> None:
    coming = switches.use("b", "anna")
    back = switches.undo("anna")
    assert (back.vintage, back.effective_at - back.written_at) == ("a", timedelta(seconds=3))
    assert back.effective_at < coming.effective_at
    switches.use("c", "anna")
    assert (onwards := switches.use("b", "anna")).effective_at - onwards.written_at == timedelta(seconds=20)
    assert (stays := switches.use("a", "anna")).effective_at - stays.written_at == timedelta(seconds=3)


def test_what_is_current_already_is_not_written_again(switches: Switches) -> None:
    with pytest.raises(AlreadyCurrent):
        switches.use("a", "anna")
    switches.use("b", "anna")
    with pytest.raises(AlreadyCurrent):
        switches.use("b", "anna")
    assert written(switches) == [(1, "b", None)]


def test_rollback_goes_back_step_by_step_to_what_was_before_all(switches: Switches) -> None:
    with pytest.raises(NothingBefore):
        switches.undo("anna")
    switches.use("b", "anna")
    switches.use("c", "anna")
    assert switches.undo("anna").vintage == "b"
    assert switches.undo("anna").vintage == "a"
    with pytest.raises(NothingBefore):
        switches.undo("anna")
    switches.use("c", "anna")
    assert switches.undo("anna").vintage == "a"
    assert written(switches) == [
        (1, "b", None), (2, "c", None), (3, "b", 2), (4, "a", 1), (5, "c", None), (6, "a", 5),
    ]  # fmt: skip


def test_of_several_at_once_each_is_written_or_told(switches: Switches) -> None:
    def go(name: str) -> str:
        try:
            return str(switches.use(name, "anna").number)
        except AtTheSameMoment:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(go, "bcdefghi"))
    numbers = sorted(int(one) for one in outcomes if one != "refused")
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(written(switches)) == len(numbers) >= 1


def test_an_embedded_database_that_nobody_used_is_not_made(tmp_path: Path) -> None:
    database = Database(database_url(Settings(state_dir=tmp_path)))
    assert Switches(database, "a", 3).read() is None
    assert list(tmp_path.iterdir()) == []
