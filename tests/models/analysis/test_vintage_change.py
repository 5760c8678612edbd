"""Why a probability moved between two vintages: parts that add up."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.vintage_change import INPUTS, Comparison, shapley
from models.dataset.countries import allies
from models.dataset.tables import BUNDLED
from models.dataset.vintages import Draft, VintageStore
from models.errors import CannotForecast
from models.forecast import Question
from models.scenarios.levers import Freeze, GdpGrowth
from models.simulation.path_store import PathStore

pytestmark = pytest.mark.slow

DRAWS = 400


@pytest.fixture(scope="module")
def store(fits):
    return PathStore(fits)


@pytest.fixture(scope="module")
def forecasters(store):
    return tuple(Forecaster(load_figures(name), store, DRAWS) for name in ("nato-2025", "nato-2026"))


@pytest.fixture(scope="module")
def comparison(forecasters):
    return Comparison(*forecasters)


# A large one, a small one with a short history, one with plans of its own, one far above its target, the largest.
@pytest.mark.parametrize("code", ["DEU", "MKD", "ESP", "POL", "USA"])
def test_the_parts_add_up_to_the_whole_change(code, comparison, forecasters):
    found = comparison.why(code)
    before, after = (f.forecast(code).targets[0].outcome.probability.at_deadline for f in forecasters)
    assert (found.before, found.after) == (before, after)
    assert sum(found.parts.values()) == pytest.approx(after - before, abs=1e-12)
    assert tuple(found.parts) == INPUTS
    assert found.parts["growth"] == 0.0  # shares are forecast as shares


@pytest.mark.parametrize("component", ["related", "total"])
def test_the_other_targets_add_up_too(component, comparison):
    found = comparison.why("DEU", component)
    assert sum(found.parts.values()) == pytest.approx(found.after - found.before, abs=1e-12)


def test_a_country_without_core_spending_is_told_so(comparison):
    with pytest.raises(CannotForecast, match="Iceland has no armed forces"):
        comparison.why("ISL")
    assert comparison.why("ISL", "related").parts["plans"] == 0.0


def test_a_mixture_of_one_vintage_alone_is_that_vintage(comparison, forecasters):
    for side, forecaster in zip(((False,) * 4, (True,) * 4), forecasters, strict=True):
        mixed, deadline = comparison.mix(side), 2035
        for code in ("FRA", "FIN"):
            ally = allies()[code]
            for component in ("core", "related"):
                np.testing.assert_array_equal(
                    mixed.scenario_paths(Question.resolve(mixed.basis, ally.code, targets=Targets(deadline))).component(
                        component
                    ),
                    forecaster.scenario_paths(
                        Question.resolve(forecaster.basis, ally.code, targets=Targets(deadline))
                    ).component(component),
                )


def test_growth_counts_where_money_is_assumed(comparison):
    frozen = Scenario("own", levers=(Freeze(what="real"),))
    found = comparison.why("ITA", scenario=frozen, targets=Targets(2032, core=1.9))
    assert found.parts["growth"] != 0.0
    assert sum(found.parts.values()) == pytest.approx(found.after - found.before, abs=1e-12)
    shock = Scenario("own", levers=(GdpGrowth(change_pp=-3.0, first_year=2027, last_year=2028),))
    assert sum(comparison.why("ITA", scenario=shock).parts.values()) == pytest.approx(
        comparison.why("ITA", scenario=shock).after - comparison.why("ITA", scenario=shock).before, abs=1e-12
    )


@pytest.fixture(scope="module")
def vintages(tmp_path_factory):
    return VintageStore(tmp_path_factory.mktemp("state") / "vintages")


def test_what_is_the_same_in_both_contributes_nothing(store, vintages, forecasters):
    plans = tuple(
        r | {"target_pct": "5.0", "stance": "law"} if r["iso3"] == "PRT" and r["component"] == "core" else r
        for r in BUNDLED.read("pledges")
    )
    vintages.add(Draft("bold-2026", "nato-2026", {"pledges": plans}))
    comparison = Comparison(forecasters[1], Forecaster(vintages.figures("bold-2026"), store, DRAWS))
    found = comparison.why("PRT")
    assert found.parts["plans"] == pytest.approx(found.after - found.before)
    assert found.parts["plans"] > 0.05
    assert {found.parts[name] for name in ("growth", "model", "figures")} == {0.0}


def test_the_same_vintage_twice_is_no_change(forecasters):
    found = Comparison(forecasters[1], forecasters[1]).why("NLD")
    assert found.before == found.after
    assert set(found.parts.values()) == {0.0}


def test_draws_and_seed_must_be_the_same(forecasters, store):
    with pytest.raises(ValueError, match="same draws and seed"):
        Comparison(forecasters[0], Forecaster(load_figures(), store, DRAWS + 1))


def test_shapley_values_are_those_worked_out_by_hand():
    # A glove game: 0 has a left one, 1 and 2 a right one each; a pair is worth 6.
    players = (0, 1, 2)
    value = {frozenset(c): 6 if 0 in c and len(c) > 1 else 0 for size in range(4) for c in combinations(players, size)}
    assert [shapley(i, players, value) for i in players] == [Fraction(4), Fraction(1), Fraction(1)]
    assert shapley(3, players, value) == 0
