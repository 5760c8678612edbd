"""The mixture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ensemble
from models.ensemble import NAMES, Ensemble, NoMember, allot
from models.history import load_figures
from models.members.base import MemberFailed
from models.panel import Panel, Series

PANEL = load_figures().panel()


@given(st.integers(1, 10_000), st.lists(st.floats(0.01, 10), min_size=1, max_size=8))
def test_draws_are_allotted_in_proportion(draws, weights):
    w = np.array(weights)
    counts = allot(draws, w)
    assert counts.sum() == draws
    assert np.abs(counts - draws * w / w.sum()).max() < 1 + 1e-9


def test_members_share_the_draws_by_weight():
    mixture = Ensemble(PANEL).simulate("FRA", 10, 1000, seed=1)
    assert mixture.logs.shape == (1000, 10)
    assert np.isfinite(mixture.logs).all()
    for index, name in enumerate(NAMES):
        assert np.count_nonzero(mixture.member == index) == round(1000 * mixture.weights[name])
    assert mixture.failed == {}


def test_a_member_that_fails_is_left_out_and_named(monkeypatch):
    class Broken:
        def simulate(self, *_):
            raise MemberFailed("no convergence")

    class BrokenEts(ensemble.Ets):
        def fit(self, _panel):
            return Broken()

    monkeypatch.setattr(ensemble, "MEMBERS", tuple(BrokenEts() if m.name == "ets" else m for m in ensemble.MEMBERS))
    whole = Ensemble(PANEL).simulate("FRA", 5, 900, seed=1)
    assert whole.failed == {"ets": "no convergence"}
    assert "ets" not in whole.weights
    assert sum(whole.weights.values()) == pytest.approx(1)
    assert NAMES.index("ets") not in whole.member


def test_no_member_can_speak_for_one_value():
    with pytest.raises(NoMember):
        Ensemble(Panel([Series("x", 2000, np.array([2.0]))])).simulate("x", 5, 100, seed=1)


def test_same_seed_same_draws_and_another_seed_others():
    first, again, other = (Ensemble(PANEL).simulate("ITA", 5, 300, seed=s).logs for s in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, other)
