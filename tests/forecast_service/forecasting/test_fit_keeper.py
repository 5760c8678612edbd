"""Which missing fits are made, by which process, and when."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from forecast_service.forecasting import fit_keeper
from forecast_service.forecasting.fit_keeper import FitKeeper
from forecast_service.forecasting.shared_vintages import VintageUnavailable
from models.dataset.observations import UnknownVintage


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The vintages whose fits are begun."""
    begun: list[str] = []
    monkeypatch.setattr(fit_keeper, "fit_in_background", lambda _settings, vintage: begun.append(vintage))
    return begun


@pytest.fixture
def keeper() -> Iterator[Callable[..., FitKeeper]]:
    """Makes keepers, and ends them."""
    made: list[FitKeeper] = []

    def make(*arguments: Any) -> FitKeeper:
        made.append(FitKeeper(registry(*arguments)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves time on."""
    now = [1000.0]
    monkeypatch.setattr("forecast_service.forecasting.fit_keeper.time.monotonic", lambda: now[0])

    def on(seconds: float) -> None:
        now[0] += seconds

    return on


def registry(state: Path, missing: dict[str, list[str]], gone: dict[str, Exception] | None = None) -> Any:
    """A registry on a state folder that needs these vintages, with the allies that lack fits."""

    def require_copy(name: str) -> None:
        if gone and name in gone:
            raise gone[name]

    return SimpleNamespace(
        settings=SimpleNamespace(state_dir=state),
        store=SimpleNamespace(folder=state / "fits"),
        current_vintage=SimpleNamespace(needed=lambda: tuple(missing)),
        vintage_store=SimpleNamespace(require_copy=require_copy),
        missing=lambda name: missing[name],
    )


def test_fits_that_stay_missing_are_made_one_vintage_after_the_other(
    tmp_path: Path, keeper: Callable[..., FitKeeper], started: list[str], clock: Callable[[float], None]
) -> None:
    missing = {"current": ["DEU"], "latest": ["DEU", "FRA"], "whole": []}
    one = keeper(tmp_path, missing)
    for _ in range(5):  # another process may have just begun
        one.look()
        clock(1)
    assert started == []
    clock(1)
    one.look()
    one.look()
    assert started == ["current"], "the others wait for it"
    missing["current"] = []
    one.look()
    clock(6)
    one.look()
    assert started == ["current", "latest"]
    clock(6)
    one.look()
    assert started == ["current", "latest", "latest"], "a process that ended early is followed by another"


def test_one_process_of_a_folder_acts_and_another_follows_when_it_ends(
    tmp_path: Path, keeper: Callable[..., FitKeeper], started: list[str], clock: Callable[[float], None]
) -> None:
    one, two = (keeper(tmp_path, {"current": ["DEU"]}) for _ in range(2))
    elsewhere = keeper(tmp_path / "own", {"own": ["DEU"]})
    for each in (one, two, elsewhere):
        each.look()
    clock(6)
    for each in (one, two, elsewhere):
        each.look()
    assert started == ["current", "own"]
    one.close()  # as the end of its process does
    two.look()
    clock(6)
    two.look()
    assert started == ["current", "own", "current"]


def test_fits_that_a_process_makes_are_not_made_twice(
    tmp_path: Path, keeper: Callable[..., FitKeeper], started: list[str], clock: Callable[[float], None]
) -> None:
    (tmp_path / "fits").mkdir()
    one = keeper(tmp_path, {"current": ["DEU"]})
    with (tmp_path / "fits" / ".fitting-current").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as fit_missing holds it
        for _ in range(3):
            one.look()
            clock(6)
    assert started == []
    one.look()
    assert started == ["current"]


def test_a_vintage_that_cannot_be_had_holds_up_no_other(
    tmp_path: Path, keeper: Callable[..., FitKeeper], started: list[str], clock: Callable[[float], None]
) -> None:
    gone: dict[str, Exception] = {"away": VintageUnavailable("away"), "gone": UnknownVintage("gone")}
    one = keeper(tmp_path, {"away": ["DEU"], "gone": ["DEU"], "here": ["DEU"]}, gone)
    one.look()
    clock(6)
    one.look()
    assert started == ["here"]


def test_a_folder_that_cannot_be_written_stops_nobody(
    tmp_path: Path, keeper: Callable[..., FitKeeper], started: list[str]
) -> None:
    (tmp_path / "file").write_text("")
    keeper(tmp_path / "file", {"current": ["DEU"]}).look()
    assert started == []
