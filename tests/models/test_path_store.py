"""Fits on disk: opened by many threads at once, made once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from models.path_store import Fit, FitKey, PathStore
from models.paths import Paths

THREADS = 8


def _key(draws: int) -> FitKey:
    return FitKey("figures", "NOR", 2024, trend=False, model_version="t", draws=draws, seed=1)


def _fit(draws: int) -> Fit:
    share = np.full((draws, 3), 2.0)
    paths = Paths(2024, {"core": share}, share, np.zeros(draws, np.uint8))
    return Fit(paths, ("theta",), {"theta": 1.0}, {}, 0.0)


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
