"""The peers' side of the accuracy table: what they are shown, and what becomes of their failures.

statsforecast lives in an environment of its own, so a normal random walk stands in for it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from benchmarks.accuracy import peers
from models.evaluation import backtest

POINTS = {year: 2.0 + 0.1 * (year % 3) for year in range(1990, 2011)}


def stand_in(known: np.ndarray, horizon: int, intervals: list[int]) -> Mapping[str, np.ndarray]:
    """A forecast in statsforecast's form: sd 0.1 a year around the last value."""
    spread = 0.1 * np.sqrt(np.arange(1, horizon + 1))
    answer = {"mean": np.full(horizon, known[-1])}
    for interval in intervals:
        z = NormalDist().inv_cdf(0.5 + interval / 200)
        answer |= {f"lo-{interval}": known[-1] - z * spread, f"hi-{interval}": known[-1] + z * spread}
    return answer


def test_levels_are_those_of_the_backtest() -> None:
    assert np.allclose(peers.LEVELS, backtest.LEVELS)


def test_intervals_become_quantiles_on_the_series_own_scale() -> None:
    result = peers.forecast_series("a", POINTS, range(2000, 2001), 4, 8, stand_in)
    assert [(s, o, h) for s, o, h, _ in result.rows] == [("a", 2000, h) for h in range(1, 5)]
    for _, _, h, row in result.rows:
        expected = [POINTS[2000] * np.exp(0.1 * h**0.5 * NormalDist().inv_cdf(p)) for p in peers.LEVELS]
        assert row == pytest.approx(expected)


def test_nothing_later_than_the_origin_is_shown() -> None:
    shown = dict(peers.histories(POINTS, range(1990, 2020), 8))
    assert list(shown) == list(range(1997, 2011))
    for origin, known in shown.items():
        assert known == pytest.approx(np.log([POINTS[year] for year in range(1990, origin + 1)]))


def test_what_fails_is_left_out_and_counted() -> None:
    def fails(known: np.ndarray, horizon: int, intervals: list[int]) -> Mapping[str, np.ndarray]:
        if known.size == 10:
            raise ZeroDivisionError("no variance")
        answer = dict(stand_in(known, horizon, intervals))
        if known.size == 11:
            answer["hi-98"] = np.full(horizon, 1e6)  # overflows when taken back from logs
        return answer

    result = peers.forecast_series("a", POINTS, range(1990, 2011), 3, 8, fails)
    assert result.fits == 14
    assert result.failures == ["a 1999: ZeroDivisionError: no variance", "a 2000: not finite"]
    assert {o for _, o, _, _ in result.rows} == set(range(1997, 2011)) - {1999, 2000}


def test_a_series_is_used_from_its_last_gap_on(tmp_path: Path) -> None:
    file = tmp_path / "panel.csv"
    file.write_text("series,year,value\na,2000,1\na,2002,3\na,2003,4\nb,2001,5\n", encoding="utf-8")
    assert peers.read_panel(file) == {"a": {2002: 3.0, 2003: 4.0}, "b": {2001: 5.0}}
