"""Fits on disk: opened by many threads at once, made once."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from models.paths import Paths
from models.simulation.path_store import Fit, FitKey, PathStore, StoreUnavailable
from tests.support.limits import files_of_at_most

THREADS = 8


def _key(draws: int) -> FitKey:
    return FitKey("figures", "NOR", 2024, trend=False, model_version="t", draws=draws, seed=1)


def _fit(draws: int) -> Fit:
    share = np.full((draws, 3), 2.0)
    paths = Paths(2024, {"core": share}, share, np.zeros(draws, np.uint8))
    return Fit(paths, ("theta",), {"theta": 1.0}, {}, 0.0)


def _whole(draws: int) -> Fit:
    return replace(_fit(draws), alone={"panel": np.ones((3, 4))})


def test_what_members_say_alone_is_read_back_with_the_rest(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    alone = {part: np.sort(rng.uniform(1, 5, (3, 8))) for part in ("level", "panel", "pledge")}
    made = replace(_fit(5), credibility=0.7, alone=alone)
    assert PathStore(tmp_path).get(_key(5), lambda: made).alone.keys() == alone.keys()
    read = PathStore(tmp_path).get(_key(5), _never)
    assert list(read.alone) == list(alone)
    for part, quantiles in alone.items():
        np.testing.assert_array_equal(read.alone[part], quantiles.astype(np.float32))
        np.testing.assert_array_equal(made.as_saved().alone[part], read.alone[part])
    assert (read.credibility, read.weights) == (0.7, made.weights)


def test_what_members_say_alone_is_read_as_version_1_0_0_saved_it(tmp_path: Path) -> None:
    PathStore(tmp_path).get(_key(5), lambda: _whole(5))
    (tmp_path / f"{_key(5).shared_stem}.alone-panel.npy").unlink()
    np.save(tmp_path / f"{_key(5).stem}.alone.npy", np.full((1, 3, 4), 7, np.float32))
    np.testing.assert_array_equal(PathStore(tmp_path).get(_key(5), _never).alone["panel"], np.full((3, 4), 7))


def test_a_fit_without_members_alone_has_no_file_for_them(tmp_path: Path) -> None:
    assert PathStore(tmp_path).get(_key(5), lambda: _fit(5)).alone == {}
    assert not list(tmp_path.glob("*alone*"))


def _with_related(*, trend: bool, draws: int = 5) -> tuple[FitKey, Fit]:
    key, fit = replace(_key(draws), trend=trend), _fit(draws)
    core, related = np.full((draws, 3), 1.0 + trend), np.full((draws, 3), 1.4)
    return key, replace(fit, paths=replace(fit.paths, shares={"core": core, "related": related}))


def test_the_fits_with_and_without_pledges_share_related_spending(tmp_path: Path) -> None:
    for key, fit in (_with_related(trend=False), _with_related(trend=True)):
        PathStore(tmp_path).get(key, lambda fit=fit: fit)
        read = PathStore(tmp_path).get(key, _never).paths.shares
        np.testing.assert_array_equal(read["core"], 1.0 + key.trend)
        np.testing.assert_array_equal(read["related"], np.float32(1.4))
    assert [file.name.split("-")[3] for file in tmp_path.glob("*.related.npy")] == ["both"]
    assert len(list(tmp_path.glob("*.core.npy"))) == 2


def test_fits_of_version_1_0_0_with_a_file_each_are_read(tmp_path: Path) -> None:
    key, fit = _with_related(trend=True)
    PathStore(tmp_path).get(key, lambda: fit)
    (tmp_path / f"{key.shared_stem}.related.npy").rename(tmp_path / f"{key.stem}.related.npy")
    np.testing.assert_array_equal(PathStore(tmp_path).get(key, _never).paths.shares["related"], np.float32(1.4))


def test_a_fit_that_cannot_be_saved_leaves_the_other_whole(tmp_path: Path) -> None:
    kept, fit = _with_related(trend=False, draws=5000)
    PathStore(tmp_path).get(kept, lambda: fit)
    key, other = _with_related(trend=True, draws=5000)
    with files_of_at_most(1000), pytest.raises(StoreUnavailable):
        PathStore(tmp_path).get(key, lambda: other)
    assert set(PathStore(tmp_path).get(kept, _never).paths.shares) == {"core", "related"}


@pytest.fixture
def _hurried() -> Iterator[None]:
    """Lets threads take turns far more often than they do."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_hurried")
def test_threads_may_open_fits_at_once(tmp_path: Path) -> None:
    for draws in range(1, 41):
        PathStore(tmp_path).get(_key(draws), lambda draws=draws: _fit(draws))
    store = PathStore(tmp_path)
    start = threading.Barrier(THREADS)

    def open_all(first: int) -> list[int]:
        start.wait()
        order = [(first * 5 + i) % 40 + 1 for i in range(40)]
        return [len(store.get(_key(draws), _never).paths.shares["core"]) - draws for draws in order]

    with ThreadPoolExecutor(THREADS) as pool:
        assert not any(chain.from_iterable(pool.map(open_all, range(THREADS))))


def _never() -> Fit:
    raise AssertionError("the fit is kept already")


def test_threads_that_ask_for_the_same_make_it_once(tmp_path: Path) -> None:
    store, made, start = PathStore(tmp_path), [], threading.Barrier(THREADS)

    def make() -> Fit:
        made.append(threading.get_ident())
        return _fit(5)

    def ask(_: int) -> float:
        start.wait()
        return float(store.get(_key(5), make).paths.gdp.sum())

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(ask, range(THREADS))) == {30.0}
    assert len(made) == 1


def test_what_is_lost_is_made_anew_and_what_is_open_goes_on(tmp_path: Path) -> None:
    store = PathStore(tmp_path / "fits")
    opened = store.get(_key(5), lambda: _fit(5))
    PathStore(store.folder).get(_key(6), lambda: _fit(6))
    assert store.has(_key(6))
    shutil.rmtree(store.folder)
    assert not store.keeps(_key(5))
    assert store.get(_key(5), _never) is opened
    assert store.get(_key(6), lambda: _fit(6)).paths.draws == 6
    assert store.keeps(_key(6))
    assert store.trouble() is None


@pytest.mark.parametrize("suffix", ["json", "core.npy", "gdp.npy", "member.npy", "alone-panel.npy"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x93NUMPY\x01\x00"])
def test_a_damaged_fit_is_made_anew(tmp_path: Path, suffix: str, content: bytes) -> None:
    PathStore(tmp_path).get(_key(5), lambda: _whole(5))
    stem = _key(5).shared_stem if suffix.startswith("alone") else _key(5).stem
    assert (tmp_path / f"{stem}.{suffix}").exists()
    (tmp_path / f"{stem}.{suffix}").write_bytes(content)
    store, made = PathStore(tmp_path), []
    assert store.get(_key(5), lambda: made.append(1) or _whole(5)).paths.draws == 5  # type: ignore[func-returns-value]
    assert made == [1]
    assert PathStore(tmp_path).get(_key(5), _never).weights == {"theta": 1.0}


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "fits").write_text("a file")
    store = PathStore(tmp_path / "fits")
    assert store.trouble() == "File exists"
    with pytest.raises(StoreUnavailable, match="File exists"):
        store.get(_key(5), lambda: _fit(5))


def test_a_disk_that_takes_no_more_is_told_and_leaves_no_half_fit(tmp_path: Path) -> None:
    store = PathStore(tmp_path)
    with files_of_at_most(1000):
        assert store.trouble() == "File too large"
        with pytest.raises(StoreUnavailable, match="File too large"):
            store.get(_key(5000), lambda: _fit(5000))
    assert list(tmp_path.iterdir()) == []
    assert store.trouble() is None
    assert store.get(_key(5000), lambda: _fit(5000)).paths.draws == 5000
