"""Paths and their quantiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.paths import Paths, quantiles
from models.scenarios.targets import Targets

SHARES = hnp.arrays(
    np.float32, st.tuples(st.integers(2, 60), st.integers(1, 6)), elements=st.floats(0.125, 64, width=32)
)


@given(SHARES, st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5))
def test_quantiles_are_numpys(shares, levels):
    ours = quantiles(shares, np.array(levels))
    theirs = np.quantile(shares.astype(float), levels, axis=0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_total_counts_related_up_to_one_and_a_half_draw_by_draw():
    core, related = np.array([[2.0, 2.0], [3.0, 3.0]]), np.array([[0.5, 2.0], [1.5, 1.0]])
    paths = Paths(2026, {"core": core, "related": related}, np.ones((2, 2)), np.zeros(2, dtype=int))
    np.testing.assert_allclose(paths.component("total"), [[2.5, 3.5], [4.5, 4.0]])


def test_a_higher_related_target_raises_what_counts_and_leaves_the_rest():
    core, related = np.array([[2.0, 2.0], [3.0, 3.0]]), np.array([[0.5, 2.0], [3.5, 1.0]])
    paths = Paths(2026, {"core": core, "related": related}, np.ones((2, 2)), np.zeros(2, dtype=int))
    raised = paths.counting(Targets(related=2.5).counted_related)
    np.testing.assert_allclose(raised.component("total"), [[2.5, 4.0], [5.5, 4.0]])
    np.testing.assert_allclose(paths.component("total"), [[2.5, 3.5], [4.5, 4.0]])
    assert raised.holding("total") is raised
    assert raised.holding("core") is paths
    for target in (1.0, 1.5):
        assert paths.counting(Targets(related=target).counted_related) is paths


def test_what_does_not_apply_is_none():
    paths = Paths(2026, {"related": np.ones((3, 2))}, np.ones((3, 2)), np.zeros(3, dtype=int))
    assert paths.component("core") is None
    assert paths.component("total") is None


def test_until_cuts_the_years():
    paths = Paths(2026, {"core": np.arange(12.0).reshape(3, 4)}, np.ones((3, 4)), np.zeros(3, dtype=int))
    assert paths.until(2028).years.tolist() == [2026, 2027, 2028]
    assert paths.until(2028).shares["core"].shape == (3, 3)
    assert paths.draws == pytest.approx(3)
