"""Series without a panel: the local members in equal parts, and no series that they cannot bear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ensemble.members.base import MemberFailed
from models.ensemble.members.ets import Ets
from models.ensemble.members.registry import LOCAL, NAMES
from models.ensemble.pool import Ensemble, Mixture
from models.series import Array, Panel, Series

LOCALS = {member.name for member in LOCAL}
TO_2060 = 34


def wobble(years: int, sd: float = 0.03) -> Array:
    return np.exp(sd * np.random.default_rng(1).standard_normal(years))


CALM = np.exp(np.cumsum(0.08 * np.random.default_rng(2).standard_normal(30)))
ODD = {
    "eight values": np.array([2.0, 2.1, 1.9, 2.0, 2.2, 2.3, 2.2, 2.4]),
    "constant": np.full(12, 3.0),
    "eight constant": np.full(8, 3.0),
    "grows fast": 1.3 ** np.arange(8) * wobble(8),
    "grew for long": 1.1 ** np.arange(30) * wobble(30),
    "shrinks fast": 0.7 ** np.arange(20) * wobble(20),
    "zig-zag": np.tile([1.0, 9.0], 10),
    "short zig-zag": np.tile([1.0, 9.0], 4),
    "one step": np.repeat([1.0, 3.0], 10),
    "one spike": np.where(np.arange(18) == 9, 9.0, 2.0),
    "started near zero": np.array([1e-6, 0.4, 1.0, 1.2, 1.1, 1.3, 1.2, 1.3, 1.4, 1.4]),
}


def simulate(values: Array, horizon: int = TO_2060, draws: int = 1000) -> Mixture:
    return Ensemble(Panel([Series("x", 2027 - values.size, values)])).simulate("x", horizon, draws, 1, pledge=False)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_series_has_finite_futures_and_a_sensible_mean_to_2060(name: str) -> None:
    values = ODD[name]
    futures = np.exp(simulate(values).logs)
    assert np.isfinite(futures).all()
    assert (futures > 0).all()
    low, high = values.min(), values.max()
    assert low / 100 < np.median(futures[:, -1]) < 30 * high
    assert low / 100 < futures[:, -1].mean() < 30 * high
    assert (futures[:, 0] > low / 5).all()
    assert np.quantile(futures[:, 0], 0.99) < 5 * high


@settings(max_examples=15)
@given(st.lists(st.floats(0.01, 1e6), min_size=8, max_size=20))
@pytest.mark.slow
def test_any_positive_series_has_a_forecast(values: list[float]) -> None:
    mixture = simulate(np.array(values), draws=100)
    assert np.isfinite(mixture.logs).all()
    assert set(mixture.weights) | set(mixture.failed) == LOCALS
    assert sum(mixture.weights.values()) == pytest.approx(1)


def test_every_local_member_has_an_equal_part() -> None:
    mixture = simulate(CALM)
    assert mixture.weights == pytest.approx(dict.fromkeys(LOCALS, 1 / len(LOCALS)))
    for name in LOCALS:
        assert np.count_nonzero(mixture.member == NAMES.index(name)) == 1000 // len(LOCALS)
    assert (mixture.failed, mixture.alone) == ({}, {})


def test_members_that_need_more_years_are_named() -> None:
    mixture = simulate(ODD["eight values"])
    assert set(mixture.failed) == {"ets", "arima"}
    assert "at least 10 are needed" in mixture.failed["ets"]
    assert "at least 20 are needed" in mixture.failed["arima"]


def test_a_constant_series_stays_where_it_is() -> None:
    mixture = simulate(ODD["constant"])
    assert set(mixture.weights) == {"random_walk"}
    assert np.abs(mixture.logs - np.log(3)).max() < 0.05


def test_a_member_that_fails_is_left_out_and_shifts_no_other_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def simulate(self, *_: object) -> Array:
            raise MemberFailed("no convergence")

    members = {name: Ensemble(Panel([Series("x", 2000, CALM)])).member(name, "x", 5, 400, 1) for name in LOCALS}
    monkeypatch.setattr(Ets, "fit", lambda _self, _panel: Broken())
    broken = simulate(CALM, 5, 400)
    assert broken.failed == {"ets": "no convergence"}
    assert broken.weights == pytest.approx(dict.fromkeys(LOCALS - {"ets"}, 0.25))
    for row, member in enumerate(broken.member):
        np.testing.assert_array_equal(broken.logs[row], members[NAMES[member]][row])


def test_a_series_of_one_value_has_no_member() -> None:
    with pytest.raises(MemberFailed, match="theta: 1 years are known"):
        simulate(np.array([2.0]))


def test_members_of_the_panel_are_none_of_its() -> None:
    with pytest.raises(MemberFailed, match="panel: not fitted"):
        Ensemble(Panel([Series("x", 2000, CALM)])).member("panel", "x", 5, 10, 1)
