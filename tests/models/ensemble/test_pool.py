"""The mixture of the panel model with plans, and the same lifted by pledges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.dataset.observations import load_figures
from models.dataset.tables import BUNDLED
from models.ensemble.commitments import promises
from models.ensemble.members.base import MemberFailed
from models.ensemble.members.panel import FEWEST_SERIES
from models.ensemble.members.registry import LOCAL, NAMES, PANEL, PLANS, PLEDGE
from models.ensemble.plans import Plan
from models.ensemble.pool import LEVEL, Ensemble, Mixture, Promises, allot
from models.series import Panel, Series

ALLIES = load_figures().panel()
FEW = Panel(ALLIES[code] for code in ("DEU", "FRA", "ITA", "USA"))


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return Ensemble(ALLIES, promises(BUNDLED, 2026))


@given(st.integers(1, 10_000), st.lists(st.floats(0.01, 10), min_size=1, max_size=8))
def test_draws_are_allotted_in_proportion(draws: int, weights: list[float]) -> None:
    w = np.array(weights)
    counts = allot(draws, w)
    assert counts.sum() == draws
    assert np.abs(counts - draws * w / w.sum()).max() < 1 + 1e-9


def share_of(mixture: Mixture, member: str) -> float:
    return float(np.mean(mixture.member == NAMES.index(member)))


@pytest.mark.parametrize("trust", [0.0, 0.3, 1.0])
def test_the_trust_is_the_pledge_members_part_of_the_draws(ensemble: Ensemble, trust: float) -> None:
    mixture = ensemble.simulate("FRA", 10, 1000, 1, trust)
    assert mixture.logs.shape == (1000, 10)
    assert np.isfinite(mixture.logs).all()
    assert mixture.weights == {PLANS: 1 - trust, PLEDGE: trust}
    assert (share_of(mixture, PLANS), share_of(mixture, PLEDGE)) == (pytest.approx(1 - trust), pytest.approx(trust))
    assert mixture.failed == {}


def test_every_draw_is_its_members_own(ensemble: Ensemble) -> None:
    mixture = ensemble.simulate("FRA", 10, 400, 1, 0.5)
    for name in (PLANS, PLEDGE):
        of_it = mixture.member == NAMES.index(name)
        np.testing.assert_array_equal(mixture.logs[of_it], mixture.alone[name][of_it])
        np.testing.assert_array_equal(mixture.alone[name], ensemble.member(name, "FRA", 10, 400, 1))


def test_history_alone_is_the_panel_model(ensemble: Ensemble) -> None:
    mixture = ensemble.simulate("FRA", 10, 500, 1, 0.6, pledge=False)
    assert mixture.weights == {PANEL: 1.0}
    np.testing.assert_array_equal(mixture.logs, ensemble.member(PANEL, "FRA", 10, 500, 1))
    assert set(mixture.alone) == {LEVEL, PANEL}


def test_the_parts_of_the_explanation_are_there_with_all_their_draws(ensemble: Ensemble) -> None:
    alone = ensemble.simulate("DEU", 10, 300, 1, 0.5).alone
    assert set(alone) == {LEVEL, PANEL, PLANS, PLEDGE}
    assert {x.shape for x in alone.values()} == {(300, 10)}


def test_a_series_without_a_pledge_has_no_pledge_member_and_that_is_no_failure() -> None:
    nothing_said = Ensemble(ALLIES, Promises())
    mixture = nothing_said.simulate("FRA", 10, 500, 1, 0.5)
    assert mixture.weights == {PLANS: 1.0}
    assert mixture.failed == {}
    np.testing.assert_array_equal(mixture.logs, nothing_said.member(PANEL, "FRA", 10, 500, 1))


def test_a_plan_moves_the_plans_and_the_pledges_but_not_history() -> None:
    errors = {"plan": 0.02}
    planned = Ensemble(ALLIES, Promises(plans=[Plan("ITA", "plan", 2026, 2028, 4.0)], plan_errors=errors))
    plain = Ensemble(ALLIES)
    before, after = (np.median(e.member(PLANS, "ITA", 5, 2000, 1)[:, 1]) for e in (plain, planned))
    assert before < np.log(3) < np.log(3.7) < after < np.log(4.1)
    np.testing.assert_array_equal(*(e.member(PANEL, "ITA", 5, 200, 1) for e in (plain, planned)))
    np.testing.assert_array_equal(*(e.member(PLANS, "FRA", 5, 200, 1) for e in (plain, planned)))


def test_a_pledge_raises_every_draw(ensemble: Ensemble) -> None:
    plans, pledge = (ensemble.member(m, "ITA", 9, 1000, 1) for m in (PLANS, PLEDGE))
    assert (pledge >= plans - 1e-12).all()
    assert np.median(pledge[:, -1]) > np.median(plans[:, -1]) + 0.1


def test_same_seed_same_draws_and_another_seed_others(ensemble: Ensemble) -> None:
    first, again, other = (ensemble.simulate("ITA", 10, 300, seed, 0.5).logs for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("member", [LEVEL, PANEL, PLANS, PLEDGE])
def test_rows_are_worlds_that_allies_share(ensemble: Ensemble, member: str) -> None:
    """Ten-year changes of two allies move together in every member."""
    changes = [ensemble.member(member, name, 10, 4000, 1)[:, -1] for name in ("FRA", "NLD", "PRT")]
    together = np.corrcoef([np.argsort(np.argsort(c)) for c in changes])
    assert together[np.triu_indices(3, 1)].min() > 0.2


def test_a_panel_of_few_series_has_the_local_members_and_no_pledges() -> None:
    assert len(FEW) == FEWEST_SERIES - 1
    few = Ensemble(FEW, promises(BUNDLED, 2026))
    mixture = few.simulate("FRA", 5, 500, 1, 0.5)
    assert set(mixture.weights) == {member.name for member in LOCAL}
    assert few.credibility("FRA", 2035) == 0
    for member in (PANEL, PLEDGE):
        with pytest.raises(MemberFailed, match="not fitted"):
            few.member(member, "FRA", 5, 10, 1)


def test_no_member_is_known_by_another_name(ensemble: Ensemble) -> None:
    for name in ("theta", "nothing"):
        with pytest.raises(MemberFailed, match=f"{name}: not fitted on this panel"):
            ensemble.member(name, "FRA", 5, 10, 1)


def test_a_series_that_is_too_short_has_no_member(ensemble: Ensemble) -> None:
    short = Ensemble(Panel([*ALLIES.values(), Series("x", 2025, np.array([2.0, 2.1]))]))
    with pytest.raises(MemberFailed, match="x: fewer than 3 values"):
        short.simulate("x", 5, 100, 1)
