"""The alliance together: counts, shares and burden, read off the same worlds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Forecaster, Targets, load_figures
from models.analysis.alliance import INTERVAL, LARGEST, Tally, alliance_forecast, on_track
from models.dataset.countries import allies
from models.dataset.gdp import gdp_usd
from models.errors import CannotForecast
from models.forecast import Question
from models.scenarios.builtin import UnknownScenario, named_scenarios
from models.scenarios.targets import met, proportion
from models.simulation.path_store import PathStore

pytestmark = pytest.mark.slow

DRAWS = 2000


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


@pytest.fixture(scope="module")
def baseline(forecaster):
    return alliance_forecast(forecaster)


@pytest.fixture(scope="module")
def worlds(forecaster):
    """Baseline paths of every ally, as their own forecasts have them."""
    return {
        code: forecaster.scenario_paths(Question.resolve(forecaster.basis, code)) for code, ally in allies().items()
    }


def tallies(answer):
    for target in answer.targets:
        yield from (t for t in (target.at_deadline, target.by_deadline, target.on_track, target.at_threshold) if t)


def test_each_target_counts_the_allies_it_applies_to(baseline):
    assert [(t.component, t.threshold) for t in baseline.targets] == [("core", 3.5), ("related", 1.5), ("total", 5.0)]
    assert [t.at_deadline.allies for t in baseline.targets] == [31, 32, 31]
    assert [len(t.ranking) for t in baseline.targets] == [31, 32, 31]
    iceland = [t.component for t in baseline.targets if any(s.ally.code == "ISL" for s in t.ranking)]
    assert iceland == ["related"]
    assert baseline.left_out == {}


def test_shared_shocks_at_least_double_the_variance_of_the_count(baseline):
    core, _, total = baseline.targets
    for tally in (core.at_deadline, core.by_deadline, core.on_track, total.at_deadline, total.by_deadline):
        assert tally.dispersion >= 2


def test_the_distribution_of_the_count_is_one(baseline):
    for tally in tallies(baseline):
        assert len(tally.probabilities) == tally.allies + 1
        assert math.fsum(tally.probabilities) == pytest.approx(1, abs=1e-12)
        assert all(0 < p < 1 for p in tally.probabilities)
        assert 0 <= tally.interval[0] <= tally.median <= tally.interval[1] <= tally.allies


def test_the_count_is_that_of_every_draw(baseline, worlds):
    for target in baseline.targets:
        paths = [p for code in worlds if (p := worlds[code].component(target.component)) is not None]
        reached = np.array([met(shares, target.threshold) for shares in paths])
        for tally, hits in ((target.at_deadline, reached[:, :, -1]), (target.by_deadline, reached.any(axis=2))):
            counts = hits.sum(axis=0)
            seen = np.bincount(counts, minlength=len(paths) + 1)
            expected = (seen + 1 / seen.size) / (DRAWS + 1)
            np.testing.assert_allclose(tally.probabilities, expected, rtol=1e-12)
            assert tally.mean == pytest.approx(hits.mean(axis=1).sum())
            assert tally.dispersion == pytest.approx(counts.var() / hits.var(axis=1).sum())
            assert tally.median == np.quantile(counts, 0.5, method="inverted_cdf")
            assert tally.interval == tuple(np.quantile(counts, INTERVAL, method="inverted_cdf"))


def test_by_the_deadline_is_never_less_than_at_it(baseline):
    for target in baseline.targets:
        for count in range(target.at_deadline.allies + 1):
            assert target.by_deadline.at_least(count) >= target.at_deadline.at_least(count) - 1e-12


def test_the_ranking_says_what_each_allys_own_forecast_says(baseline, forecaster):
    for index, target in enumerate(baseline.targets):
        order = [standing.at_deadline for standing in target.ranking]
        assert order == sorted(order, reverse=True)
        for standing in target.ranking[::6]:
            own = forecaster.forecast(standing.ally.code).targets[index].outcome.probability
            assert (standing.at_deadline, standing.by_deadline) == (own.at_deadline, own.by_deadline)
            assert standing.standard_error == own.standard_error
    latest = {s.ally.code: s.latest for s in baseline.targets[0].ranking}
    assert latest["DEU"] == 2.69
    assert {s.latest for target in baseline.targets[1:] for s in target.ranking} == {None}


def test_who_is_at_the_threshold_is_on_track(baseline):
    for target in baseline.targets:
        assert target.on_track.mean >= target.at_threshold.mean
        assert all(s.on_track >= s.at_threshold for s in target.ranking)


def test_shares_are_money_over_gdp_and_lie_between_the_allies(baseline, worlds):
    core = {code: w.shares["core"].astype(float) for code, w in worlds.items() if "core" in w.shares}
    gdp = {code: worlds[code].gdp.astype(float) * gdp_usd(code, 2026) for code in core}
    europe = [code for code in core if code != "USA"]
    for share, codes in zip(baseline.shares, (list(core), europe, ["USA"]), strict=True):
        assert sorted(share.allies) == sorted(codes)
        expected = sum(core[c] * gdp[c] for c in codes) / sum(gdp[c] for c in codes)
        np.testing.assert_allclose(share.share.mean, expected.mean(axis=0)[1:], rtol=1e-4)
        assert share.at_deadline == pytest.approx(met(expected, 3.5)[:, -1].mean(), abs=0.002)
        assert share.at_deadline <= share.by_deadline
        each = np.array([core[c] for c in codes])
        assert (share.share.mean >= each.min(axis=0).mean(axis=0)[1:] * (1 - 1e-5)).all()
        assert (share.share.mean <= each.max(axis=0).mean(axis=0)[1:] * (1 + 1e-5)).all()


def test_the_burden_is_shared_by_all(baseline):
    usa, rest, *others = baseline.burden
    assert (usa.holder, rest.holder) == ("USA", "europe-and-canada")
    np.testing.assert_allclose(usa.part.mean + rest.part.mean, 100, rtol=1e-5)
    assert len(others) == LARGEST
    assert others[0].holder == "DEU"
    assert (sum(part.part.mean for part in others) < rest.part.mean).all()
    for part in baseline.burden:
        assert part.part.mean.shape == (len(baseline.years),)
        assert (np.diff(part.part.quantiles, axis=0) >= 0).all()


@pytest.mark.parametrize("name", named_scenarios())
def test_every_shipped_scenario_is_built_for_each_ally(forecaster, name):
    answer = alliance_forecast(forecaster, name)
    assert answer.scenario.name == name
    by_code = {s.ally.code: s for s in answer.targets[0].ranking}
    for code in ("DEU", "BEL", "ESP"):
        own = forecaster.forecast(code, name).targets[0].outcome.probability
        assert by_code[code].at_deadline == own.at_deadline


def test_what_is_frozen_moves_no_further(forecaster):
    frozen = alliance_forecast(forecaster, "stall").targets[0]
    assert frozen.at_threshold.probabilities == frozen.at_deadline.probabilities == frozen.by_deadline.probabilities


def test_the_review_is_left_out_where_it_does_not_lie_ahead(forecaster):
    for target in alliance_forecast(forecaster, targets=Targets(2028)).targets:
        assert (target.on_track, target.at_threshold) == (None, None)
        assert {s.on_track for s in target.ranking} == {None}


def test_a_review_in_the_deadline_year_asks_for_the_threshold(forecaster):
    for target in alliance_forecast(forecaster, targets=Targets(2029)).targets:
        assert target.on_track.probabilities == target.at_threshold.probabilities == target.at_deadline.probabilities


def test_from_an_early_origin_who_is_unknown_is_left_out(forecaster):
    answer = alliance_forecast(forecaster, targets=Targets(2010), origin=2003)
    assert "8" in answer.left_out["MNE"]
    assert answer.targets[0].at_deadline.allies == 31 - len(answer.left_out)
    assert (answer.shares, answer.burden) == ((), ())
    assert "2003" in answer.reason


def test_the_id_names_the_question(forecaster):
    ids = [
        alliance_forecast(forecaster, scenario, targets, levels=levels).id
        for scenario in ("baseline", "trend")
        for targets in (Targets(), Targets(2034), Targets(core=3.4))
        for levels in ((0.5,), (0.1, 0.9))
    ]
    assert len(set(ids)) == len(ids)
    assert alliance_forecast(forecaster, levels=(0.9, 0.1)).id == alliance_forecast(forecaster, levels=(0.1, 0.9)).id
    assert alliance_forecast(forecaster).id != forecaster.forecast("DEU").id


def test_a_question_that_cannot_be_answered_is_refused(forecaster):
    with pytest.raises(UnknownScenario):
        alliance_forecast(forecaster, "doom")
    with pytest.raises(CannotForecast) as refused:
        alliance_forecast(forecaster, targets=Targets(2020))
    assert refused.value.field == "deadline"


@given(st.integers(1, 40), st.data())
def test_any_tally_sums_to_one_and_knows_no_certainty(allies_counted, data):
    counts = data.draw(st.lists(st.integers(0, allies_counted), min_size=1, max_size=60))
    each = data.draw(st.lists(st.floats(0, 1), min_size=allies_counted, max_size=allies_counted))
    tally = Tally.of(np.array(counts, dtype=np.int16), each)
    assert math.fsum(tally.probabilities) == pytest.approx(1, abs=1e-12)
    assert all(0 < p < 1 for p in tally.probabilities)
    tails = [tally.at_least(count) for count in range(allies_counted + 2)]
    assert tails == sorted(tails, reverse=True)
    assert tally.interval[0] <= tally.median <= tally.interval[1]


@given(st.lists(st.integers(0, 1), min_size=1, max_size=100))
def test_the_tally_of_one_ally_is_its_probability(hits):
    tally = Tally.of(np.array(hits, dtype=np.int16), [sum(hits) / len(hits)])
    assert tally.probabilities[1] == pytest.approx(proportion(sum(hits), len(hits)))
    if tally.dispersion is not None:
        assert tally.dispersion == pytest.approx(1)


SHARES = st.lists(st.tuples(st.floats(0.2, 8), st.floats(0.2, 8)), min_size=1, max_size=30)


@given(SHARES, st.integers(50, 600), st.floats(0, 1), st.floats(0, 1))
def test_being_on_track_asks_for_more_the_later_it_is(pairs, hundredths, one, other):
    shares = np.array(pairs, dtype=np.float32).T
    threshold, (early, late) = hundredths / 100, sorted((one, other))
    assert (on_track(shares, threshold, early) >= on_track(shares, threshold, late)).all()
    assert (on_track(shares, threshold, late) >= met(shares[1] - np.float32(1e-4), threshold)).all()


@given(SHARES, st.integers(50, 600))
def test_at_the_deadline_and_from_above_on_track_means_at_the_threshold(pairs, hundredths):
    shares = np.array(pairs, dtype=np.float32).T
    threshold = hundredths / 100
    clear = np.abs(shares[1] - (threshold - 0.005)) > 1e-4
    there = met(shares[1], threshold)
    np.testing.assert_array_equal(on_track(shares, threshold, 1.0)[clear], there[clear])
    above = clear & (shares[0] >= threshold)
    np.testing.assert_array_equal(on_track(shares, threshold, 0.3)[above], there[above])


def test_standing_in_2014_the_count_at_two_per_cent_in_2024_was_within_reach(tmp_path):
    """What happened lies in the 80 % interval of the count, which the forecast of 2014 could not know."""
    forecaster = Forecaster(load_figures(), PathStore(tmp_path), draws=4000)
    core = alliance_forecast(forecaster, targets=Targets(deadline=2024, core=2.0), origin=2014).targets[0]
    happened = sum(
        round(o.share_pct, 2) >= 2.0 for seen in load_figures().observations.values() for o in seen if o.year == 2024
    )
    low, high = core.at_deadline.interval
    assert low <= happened <= high
    assert core.at_deadline.dispersion >= 2
