"""The prior of related spending: three counting rules, one for all allies in each draw."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.dataset.countries import allies
from models.paths import RULES
from models.scenarios.targets import met
from models.simulation.related import COUNTS, LEVELS, WEIGHTS, drawn_rules, related_prior, simulate_related
from models.simulation.related import simulate_under as under

DRAWS, ORIGIN, YEARS = 4000, 2026, 9
CODES = sorted(allies())


def at_deadline(rule, code):
    return met(under(rule, code, ORIGIN, YEARS, DRAWS, 1)[:, -1], 1.5).mean()


def test_each_rule_has_its_weights_part_of_the_draws():
    assert tuple(WEIGHTS) == tuple(LEVELS) == tuple(COUNTS) == RULES
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    for seed in (1, 2):
        found = np.bincount(drawn_rules(DRAWS, seed)) / DRAWS
        assert found == pytest.approx(list(WEIGHTS.values()))
    assert (drawn_rules(DRAWS, 1) != drawn_rules(DRAWS, 2)).any()
    # No part of the draws has more of one rule than the others.
    assert drawn_rules(DRAWS, 1)[: DRAWS // 2].mean() == pytest.approx(drawn_rules(DRAWS, 1).mean(), abs=0.05)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(CODES), st.integers(2014, 2026), st.integers(1, 34), st.integers(1, 300), st.integers(1, 9))
def test_a_draw_keeps_its_shares_under_its_own_rule(code, origin, years, draws, seed):
    """So that a question may choose a rule without a new fit."""
    fitted = simulate_related(code, origin, 34, draws, seed)[:, : years + 1].astype(np.float32)
    rules = drawn_rules(draws, seed)
    for index, rule in enumerate(RULES):
        mine = rules == index
        np.testing.assert_array_equal(under(rule, code, origin, years, draws, seed)[mine], fitted[mine])


def test_a_broader_rule_never_lowers_a_probability():
    for code in CODES:
        strict, claimed, broad = (at_deadline(rule, code) for rule in RULES)
        assert strict <= claimed + 0.01, code
        assert claimed <= broad, code


def test_the_rules_say_what_they_were_chosen_to_say():
    """Strictly counted it is rarely met, as claimed about as often as not, broadly counted mostly."""
    strict, claimed, broad = (at_deadline(rule, "DEU") for rule in RULES)
    assert strict < 0.1
    assert 0.35 < claimed < 0.65
    assert broad > 0.65


def test_a_published_figure_is_what_the_government_claims_and_bounds_the_other_rules():
    italy, iceland = related_prior("ITA").levels, related_prior("ISL").levels
    assert [italy[rule].median_pct for rule in RULES] == [0.3, 0.7, 2.0]
    assert [iceland[rule].median_pct for rule in RULES] == [0.14, 0.14, 2.0]
    assert italy["claimed"].log_sd < LEVELS["claimed"].log_sd
    assert related_prior("DEU").levels == LEVELS


def test_the_prior_says_what_it_rests_on():
    italy = related_prior("ITA").rests_on(WEIGHTS)
    for word in (
        "strict (20 % of the futures",
        "claimed (50 %",
        "broad (30 %",
        "0.7 % today",
        "claim for 2026",
    ):
        assert word in italy
    chosen = related_prior("DEU").rests_on({"strict": 1.0})
    assert "strict (new money" in chosen
    assert "claimed" not in chosen
    assert "no figure is published" in chosen
    assert related_prior("DEU").source is None


def test_the_median_is_the_levels_and_about_half_of_the_gap_is_closed_by_2035():
    shares = np.log(under("strict", "DEU", ORIGIN, YEARS, DRAWS, 1).astype(float))
    assert np.median(shares[:, 0]) == pytest.approx(np.log(0.3), abs=0.05)
    gap = np.log(1.5) - shares[:, 0]
    far = gap > 0.5
    closed = (shares[far, -1] - shares[far, 0]) / gap[far]
    assert closed.mean() == pytest.approx(0.5, abs=0.02)


def test_after_2035_only_ordinary_variation_remains():
    shares = np.log(under("broad", "DEU", ORIGIN, 34, DRAWS, 1).astype(float))
    later = np.diff(shares[:, 9:], axis=1)
    assert later.mean() == pytest.approx(0, abs=0.001)
    assert later.std() == pytest.approx(0.06, abs=0.002)


def test_allies_move_together():
    one, other = (np.log(under("claimed", code, ORIGIN, YEARS, DRAWS, 1)[:, 0]) for code in ("DEU", "NOR"))
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.4, abs=0.05)
    # By all three rules more so: one rule binds them all.
    one, other = (np.log(simulate_related(code, ORIGIN, 1, DRAWS, 1)[:, 0]) for code in ("DEU", "NOR"))
    assert np.corrcoef(one, other)[0, 1] > 0.7


def test_what_is_shared_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        under("strict", "DEU", ORIGIN, YEARS, DRAWS, 1)[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        drawn_rules(DRAWS, 1)[0] = 1
