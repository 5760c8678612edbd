"""How estimates of the newest years move."""

import math

import numpy as np
import pytest

from models.dataset import tables
from models.dataset.observations import UnknownVintage, load_figures
from models.simulation import revisions
from models.simulation.revisions import BETWEEN_SD, BIAS_SD, OWN_SD, OWN_WEIGHT, Revision, learn, simulate


@pytest.fixture
def tables_of(monkeypatch):
    """Stand-ins for the bundled tables; what was learned from those is forgotten before and after."""

    def replace(**replaced):
        read = tables.read
        monkeypatch.setattr(tables, "read", lambda name: replaced.get(name) or read(name))
        learn.cache_clear()

    yield replace
    learn.cache_clear()


def row(code, year, share, source, estimate=True):
    return {
        "iso3": code,
        "year": str(year),
        "share_pct": str(share),
        "estimate": str(estimate).lower(),
        "source": source,
    }


def test_one_edition_gives_what_was_worked_out_by_hand(tables_of):
    # Three allies' 2017e of 2.0, 1.0 and 3.0 became 10 % less two years on.
    first = [row(c, 2017, s, "nato_sgar_2017") for c, s in (("AAA", 2.0), ("BBB", 1.0), ("CCC", 3.0))]
    later = [row(c, 2017, s, "nato_2019", False) for c, s in (("AAA", 1.8), ("BBB", 0.9), ("CCC", 2.7))]
    tables_of(share_vintages=(*first, *later))
    own = OWN_WEIGHT * OWN_SD**2 / (OWN_WEIGHT + 3)  # no spread of their own
    sampling = own * (3 / 5) * (8 / 6) / 3  # tails 5
    weight = 1 / (BETWEEN_SD**2 + sampling)
    precision = weight + 1 / BIAS_SD**2
    found = learn("nato-2019", 0)
    assert found.bias == pytest.approx(math.log(0.9) * weight / precision, rel=1e-6)
    assert found.common_sd == pytest.approx(math.sqrt(BETWEEN_SD**2 + 1 / precision), rel=1e-4)
    assert found.own_sd == pytest.approx(math.sqrt(own), rel=1e-4)
    assert (found.pairs, found.editions, found.tails) == (3, 1, 5.0)


def test_the_earliest_estimate_of_a_year_is_held_against_the_latest_figure(tables_of):
    tables_of(
        share_vintages=(
            row("AAA", 2025, 2.0, "nato_2025_news"),
            row("AAA", 2025, 2.5, "nato_sgar_2025"),
            row("BBB", 2025, 1.0, "nato_sgar_2025"),
            row("AAA", 2025, 2.2, "nato_2026"),
            row("BBB", 2025, 1.1, "nato_2026"),
        )
    )
    misses = revisions.misses_by_year("nato-2026", 0)
    assert misses == {2025: pytest.approx([math.log(1.1), math.log(1.1)])}
    assert revisions.misses_by_year("nato-sgar-2025", 0) == {2025: pytest.approx([math.log(1.25)])}


def test_a_figure_that_is_no_estimate_says_nothing(tables_of):
    tables_of(
        share_vintages=(row("AAA", 2017, 2.0, "nato_sgar_2017", False), row("AAA", 2017, 1.0, "nato_2019", False))
    )
    assert learn("nato-2019", 0).pairs == 0


def test_without_pairs_the_prior_stands():
    prior = learn("nato-2019", 1)
    assert (prior.bias, prior.pairs, prior.editions) == (0.0, 0, 0)
    assert math.hypot(prior.common_sd, prior.own_sd) == pytest.approx(0.08)


def test_first_estimates_were_too_high_and_older_ones_move_less():
    newest, before = learn("nato-2026", 0), learn("nato-2026", 1)
    assert newest.editions == 6
    assert before.editions == 2
    assert -0.05 < newest.bias < before.bias < 0
    assert before.own_sd < newest.own_sd < 0.12


def test_an_outlier_hardly_moves_the_bias(tables_of):
    whole = learn("nato-2026", 0)
    tables_of(share_vintages=tuple(r for r in tables.read("share_vintages") if r["iso3"] != "BGR"))
    without = learn("nato-2026", 0)
    assert without.pairs < whole.pairs
    assert without.bias == pytest.approx(whole.bias, abs=0.003)


@pytest.mark.parametrize("lag", [0, 1])
def test_editions_after_the_vintage_do_not_matter(tables_of, lag):
    before = learn("nato-2025", lag)
    later = {"nato_2025_news", "nato_sgar_2025", "nato_2026"}
    doubled = {
        name: tuple(
            r | {"share_pct": str(2 * float(r["share_pct"]))} if r["source"] in later else r for r in tables.read(name)
        )
        for name in ("share_vintages", "core_share")
    }
    tables_of(**doubled)
    assert learn("nato-2025", lag) == before
    assert learn("nato-2026", lag) != before


def test_an_unknown_vintage_is_named():
    with pytest.raises(UnknownVintage):
        learn("nato-1949", 0)


def test_draws_are_the_same_again_and_have_the_moments_asked_for():
    revision = Revision(bias=-0.03, common_sd=0.02, own_sd=0.06, tails=5.0, pairs=1, editions=1)
    draws = simulate(revision, "DEU", 100_000, seed=7)
    np.testing.assert_array_equal(draws, simulate(revision, "DEU", 100_000, seed=7))
    assert not np.array_equal(draws, simulate(revision, "DEU", 100_000, seed=8))
    assert draws.mean() == pytest.approx(-0.03, abs=0.001)
    assert draws.std() == pytest.approx(math.hypot(0.02, 0.06), rel=0.02)


def test_the_common_part_is_one_for_all_allies():
    alone = Revision(bias=0.0, common_sd=0.02, own_sd=0.0, tails=5.0, pairs=1, editions=1)
    np.testing.assert_array_equal(simulate(alone, "DEU", 50, seed=1), simulate(alone, "POL", 50, seed=1))
    both = Revision(bias=0.0, common_sd=0.03, own_sd=0.04, tails=5.0, pairs=1, editions=1)
    correlation = np.corrcoef(simulate(both, "DEU", 50_000, 1), simulate(both, "POL", 50_000, 1))[0, 1]
    assert correlation == pytest.approx(0.03**2 / (0.03**2 + 0.04**2), abs=0.03)


def test_every_ally_has_finite_revisions():
    for code in load_figures().observations:
        assert np.isfinite(simulate(learn("nato-2026", 0), code, 1000, seed=3)).all()
