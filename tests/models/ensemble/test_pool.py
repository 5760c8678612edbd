"""The mixture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dataset.observations import load_figures
from models.ensemble.commitments import core_commitments
from models.ensemble.members.base import MemberFailed
from models.ensemble.members.ets import Ets
from models.ensemble.members.registry import NAMES, POOL
from models.ensemble.members.state_space import PerSeries
from models.ensemble.pool import Ensemble, NoMember, allot
from models.ensemble.stacking import PRIOR, Weights, pruned
from models.series import Panel, Series

pytestmark = pytest.mark.slow

PANEL = load_figures().panel()


@given(st.integers(1, 10_000), st.lists(st.floats(0.01, 10), min_size=1, max_size=8))
def test_draws_are_allotted_in_proportion(draws, weights):
    w = np.array(weights)
    counts = allot(draws, w)
    assert counts.sum() == draws
    assert np.abs(counts - draws * w / w.sum()).max() < 1 + 1e-9


def simulate(name, draws, seed=1, weights=PRIOR, **options):
    return Ensemble(PANEL, core_commitments()).simulate(name, 10, draws, seed, weights, **options)


def test_members_share_the_draws_by_weight():
    mixture = simulate("FRA", 1000)
    assert mixture.logs.shape == (1000, 10)
    assert np.isfinite(mixture.logs).all()
    for index, name in enumerate(NAMES):
        assert abs(np.count_nonzero(mixture.member == index) - 1000 * mixture.weights[name]) <= 1
    assert mixture.failed == {}


def test_without_commitments_the_pool_has_all_the_draws():
    mixture = simulate("FRA", 500, pledge=False)
    assert set(mixture.weights) == set(POOL)
    assert mixture.weights == pytest.approx(dict(PRIOR.pool))


def test_a_member_that_fails_is_left_out_and_named_and_shifts_no_other_row(monkeypatch):
    class Broken:
        def simulate(self, *_):
            raise MemberFailed("no convergence")

    whole = simulate("FRA", 900)
    monkeypatch.setattr(Ets, "fit", lambda _self, _panel: Broken())
    broken = simulate("FRA", 900)
    assert broken.failed == {"ets": "no convergence"}
    assert "ets" not in broken.weights
    assert sum(broken.weights.values()) == pytest.approx(1)
    ets = NAMES.index("ets")
    assert ets not in broken.member
    kept = whole.member != ets
    np.testing.assert_array_equal(broken.logs[kept], whole.logs[kept])


def test_a_member_without_weight_is_not_asked(monkeypatch):
    def never(*_):
        raise AssertionError("asked")

    monkeypatch.setattr(PerSeries, "simulate", never)
    pool = {name: float(name in ("pooled_momentum", "return_to_norm")) for name in POOL}
    mixture = simulate("FRA", 300, weights=Weights(pool, pledge_weight=0.5))
    assert set(mixture.weights) == {"pooled_momentum", "return_to_norm", "pledge"}


def test_the_spread_factor_draws_members_toward_their_medians():
    wide, narrow = (
        simulate("ITA", 4000, weights=Weights(PRIOR.pool, 0.0, spread), pledge=False).logs for spread in (1.0, 0.5)
    )
    assert narrow[:, 4].std() < 0.75 * wide[:, 4].std()


def test_no_member_can_speak_for_one_value():
    with pytest.raises(NoMember):
        Ensemble(Panel([Series("x", 2000, np.array([2.0]))])).simulate("x", 5, 100, 1, PRIOR)


def test_same_seed_same_draws_and_another_seed_others():
    first, again, other = (simulate("ITA", 300, seed=s).logs for s in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("member", NAMES)
def test_rows_are_worlds_that_allies_share(member):
    """Ten-year changes of two allies move together in every member; the panel's own correlate by about 0.4."""
    fitted = Ensemble(PANEL, core_commitments())
    changes = [fitted.member(member, name, 10, 4000, 1)[:, -1] for name in ("FRA", "NLD", "PRT")]
    together = np.corrcoef([np.argsort(np.argsort(c)) for c in changes])
    assert together[np.triu_indices(3, 1)].min() > 0.2


def test_negligible_weights_are_dropped():
    np.testing.assert_allclose(pruned(np.array([0.5, 0.485, 0.015])), [0.5 / 0.985, 0.485 / 0.985, 0.0])
