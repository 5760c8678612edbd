"""Questions, their answers, and what a notebook asks."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from models import Forecaster, Scenario, Targets, load_figures
from models.analysis.alliance import alliance_forecast
from models.analysis.sensitivity import MOST_LEVERS
from models.dataset.countries import UnknownCountry, allies, resolve
from models.errors import CannotForecast
from models.forecast import Question
from models.scenarios.levers import Cap, Freeze, GdpGrowth, HistoryOverride, Shock
from models.scenarios.scenario import LeverOverflow
from models.series import Series
from models.simulation.path_store import PathStore
from tests.support.asking import required, sensitivity


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=2000)


def core(answer):
    return answer.targets[0].outcome.probability


@pytest.mark.slow
def test_all_allies_have_a_forecast_and_every_probability_is_honest(forecaster):
    for code in allies():
        answer = forecaster.forecast(code)
        assert [t.component for t in answer.targets] == ["core", "related", "total"]
        for target in answer.targets:
            if target.outcome is None:
                assert code == "ISL"
                assert "no armed forces" in target.reason
                continue
            p = target.outcome.probability
            assert 0 < p.held <= p.at_deadline <= p.by_deadline < 1
            assert p.across_members[0] <= p.at_deadline <= p.across_members[1]
            assert np.isfinite(target.required_growth)


def test_known_cases_have_the_probabilities_that_they_must(forecaster):
    assert core(forecaster.forecast("ESP", "exemption")).at_deadline < 0.02
    assert core(forecaster.forecast("POL")).at_deadline > 0.7
    stalled = core(forecaster.forecast("POL", "stall"))
    assert stalled.at_deadline > 0.99
    assert core(forecaster.forecast("DEU", "stall")).by_deadline < 0.01


def test_a_cap_is_exact_in_the_answer(forecaster):
    answer = forecaster.forecast("DEU", Scenario("x", levers=(Cap(share_pct=2.1),)), levels=(0.5, 0.999))
    assert answer.components["core"].quantiles[-1] == pytest.approx(2.1, abs=1e-6)


@pytest.mark.parametrize("levers", [(), (GdpGrowth(change_pp=-2),), (Freeze(), GdpGrowth(rate_pct=3))])
def test_the_required_growth_leads_to_the_threshold_under_the_scenarios_own_gdp(forecaster, levers):
    question = Question.resolve(forecaster.basis, "DEU", Scenario("x", levers=levers))
    gdp = np.median(forecaster.scenario_paths(question).gdp[:, -1])
    for target in forecaster.answer(question).targets:
        reached = target.start * (1 + target.required_growth / 100) ** 9 / gdp
        assert reached == pytest.approx(target.threshold, rel=1e-6)


def test_a_recession_lowers_the_growth_that_is_required_and_leaves_the_baselines(forecaster):
    plain = forecaster.forecast("DEU").targets[0]
    answer = forecaster.forecast("DEU", Scenario("x", levers=(GdpGrowth(change_pp=-2),)))
    assert answer.targets[0].start == plain.start
    assert plain.required_growth - answer.targets[0].required_growth == pytest.approx(2, abs=0.2)
    assert answer.explanation.baseline["core"].required_growth == plain.required_growth


def test_total_lies_on_the_same_draws_as_its_parts(forecaster):
    frozen = Scenario("x", levers=(Freeze(), Freeze(component="related")))
    answer = forecaster.forecast("DEU", frozen)
    parts = answer.components["core"].mean + np.minimum(answer.components["related"].mean, 1.5)
    assert (answer.components["total"].mean <= parts + 1e-5).all()


def test_the_answer_is_the_same_to_the_last_digit(tmp_path):
    def ask(folder):
        return Forecaster(load_figures(), PathStore(folder), draws=500).forecast("NOR", "gdp-shock", Targets(2040))

    one, other = ask(tmp_path / "a"), ask(tmp_path / "b")
    assert one.id == other.id
    assert one.targets == other.targets
    np.testing.assert_array_equal(one.components["total"].quantiles, other.components["total"].quantiles)


def test_the_id_tells_questions_apart(forecaster):
    answers = [
        forecaster.forecast("NOR"),
        forecaster.forecast("NOR", "trend"),
        forecaster.forecast("NOR", targets=Targets(2034)),
        forecaster.forecast("NOR", targets=Targets(core=3.0)),
        forecaster.forecast("NOR", levels=(0.5,)),
        forecaster.forecast("NOR", origin=2025),
        forecaster.forecast("NOR", Scenario("x", levers=(Cap(share_pct=3.0),))),
        forecaster.forecast("NOR", Scenario("x", levers=(Cap(share_pct=3.1),))),
    ]
    assert len({a.id for a in answers}) == len(answers)


def test_standing_in_the_past_knows_nothing_later(forecaster, tmp_path):
    """Changing every figure after the origin changes no number of the forecast."""
    before = forecaster.forecast("LTU", origin=2014, targets=Targets(2024, core=2.0))
    figures = load_figures()
    altered = dataclasses.replace(
        figures,
        observations={
            code: tuple(dataclasses.replace(o, share_pct=o.share_pct * 2) if o.year > 2014 else o for o in seen)
            for code, seen in figures.observations.items()
        },
    )
    again = Forecaster(altered, PathStore(tmp_path), draws=2000)
    after = again.forecast("LTU", origin=2014, targets=Targets(2024, core=2.0))
    assert after.targets == before.targets


@pytest.mark.parametrize(
    ("origin", "deadline", "field"),
    [
        (2026, 2026, "deadline"),
        (2026, 2061, "deadline"),
        (1998, 2010, "origin"),
        (2027, 2035, "origin"),
        (2020, 2019, "deadline"),
    ],
)
def test_what_cannot_be_answered_says_which_input(forecaster, origin, deadline, field):
    with pytest.raises(CannotForecast) as refused:
        forecaster.forecast("NOR", targets=Targets(deadline), origin=origin)
    assert refused.value.field == field


def test_a_history_that_is_too_short_is_refused(forecaster):
    with pytest.raises(CannotForecast, match="figures in a row") as refused:
        forecaster.forecast("MNE", origin=2003)
    assert refused.value.field == "origin"


def test_without_sipri_the_service_still_works(tmp_path):
    forecaster = Forecaster(load_figures(sipri=False), PathStore(tmp_path), draws=500)
    for code in ("DEU", "MNE", "USA"):
        assert 0 < core(forecaster.forecast(code)).at_deadline < 1


def test_fits_are_kept_and_read_back_as_they_were(tmp_path):
    store = PathStore(tmp_path)
    first = Forecaster(load_figures(), store, draws=300)
    made = first.fit(resolve("PRT"))
    assert not first.is_saved(resolve("PRT"))
    first.fit(resolve("PRT"), trend=True)
    assert first.is_saved(resolve("PRT"))

    def never():
        raise AssertionError("a saved fit was made again")

    again = PathStore(tmp_path).get(first.basis.key(resolve("PRT"), 2026), never)
    np.testing.assert_array_equal(again.paths.shares["core"], made.paths.shares["core"])
    assert again.weights == made.weights


def test_reading_saved_fits_needs_no_statsmodels(tmp_path):
    """What serves from saved fits must not pay a second and 100 MB for it."""
    forecaster = Forecaster(load_figures(), PathStore(tmp_path), draws=100)
    forecaster.fit(resolve("PRT"))
    code = (
        "import sys; from pathlib import Path; from models import *;"
        "from models.simulation.path_store import PathStore;"
        f"Forecaster(load_figures(), PathStore(Path({str(tmp_path)!r})), draws=100).forecast('PRT');"
        "assert 'statsmodels' not in sys.modules and 'pandas' not in sys.modules, 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


def every_number(part):
    """All floats of an answer, whatever holds them."""
    if dataclasses.is_dataclass(part):
        part = [getattr(part, field.name) for field in dataclasses.fields(part)]
    elif isinstance(part, Mapping):
        part = list(part.values())
    if isinstance(part, np.ndarray | float):
        yield from np.ravel(part).tolist()
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from every_number(inner)


@settings(max_examples=20)
@given(
    st.sampled_from([(1.0, 2.0), (0.01, 100.0), (1e-6, 1e12)]).flatmap(
        lambda ends: st.lists(st.floats(*ends), min_size=8, max_size=30)
    ),
    st.sampled_from([2030, 2060]),
)
@pytest.mark.slow
def test_figures_give_numbers_or_are_refused_by_name(forecaster, values, deadline):
    history = Series("history", 2027 - len(values), np.array(values))
    try:
        answer = forecaster.forecast(None, history=history, targets=Targets(deadline=deadline))
    except CannotForecast as refused:
        assert (refused.field, "vary so much" in refused.detail) == ("history", True)  # noqa: PT017  either is right
    else:
        assert np.isfinite(list(every_number(answer))).all()


def test_the_lever_that_leads_beyond_all_numbers_is_named(forecaster):
    wild = Scenario("wild", levers=(Cap(share_pct=3, last_year=2027), *[Shock(spread_factor=5)] * 20))
    with pytest.raises(LeverOverflow, match="after this shock some futures exceed 1e\\+18") as refused:
        forecaster.forecast("DEU", wild)
    assert 0 < refused.value.index <= 20
    with pytest.raises(LeverOverflow):
        required(forecaster, "DEU", 0.8, scenario=wild)
    with pytest.raises(LeverOverflow):
        sensitivity(forecaster, "DEU", scenario=dataclasses.replace(wild, levers=wild.levers[:MOST_LEVERS]))
    with pytest.raises(LeverOverflow):
        alliance_forecast(forecaster, wild)


@pytest.mark.slow
def test_an_override_that_leads_beyond_all_numbers_is_named(forecaster, monkeypatch):
    override = HistoryOverride(points={year: (100, 0.01)[year % 2] for year in range(2007, 2027)})
    # The panel model cuts such swings: no share that may be sent leads beyond 1e18.
    monkeypatch.setattr(models.paths, "MOST_VALUE", 20.0)
    with pytest.raises(LeverOverflow, match="vary so much") as refused:
        forecaster.forecast("DEU", Scenario("wild", levers=(Cap(share_pct=3), override)))
    assert refused.value.index == 1


def test_a_notebook_asks_in_one_line():
    assert models.forecast_country("Iceland", draws=100).ally.code == "ISL"
    with pytest.raises(UnknownCountry):
        models.forecast_country("Ruritania", draws=100)
