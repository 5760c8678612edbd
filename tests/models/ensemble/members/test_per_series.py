"""The members that take every series by itself, against statsmodels' own simulation or forecast, or a closed form."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ensemble.members import arima, ets, random_walk, theta, unobserved
from models.ensemble.members.base import Member, MemberFailed
from models.ensemble.members.panel import LARGEST_SHOCK
from models.ensemble.members.state_space import FADING, StateSpace, without_jumps
from models.series import Array, Panel, Series

HORIZON, DRAWS = 10, 10_000
MODULES: dict[Any, Member] = {
    random_walk: random_walk.RandomWalk(),
    ets: ets.Ets(),
    arima: arima.Arima(),
    unobserved: unobserved.Unobserved(),
    theta: theta.Theta(),
}
MEMBERS = list(MODULES.values())
TRENDS = (unobserved, theta)
CANNOT_ESTIMATE = {"exponential": ("arima", "unobserved"), "constant": ("ets", "arima", "unobserved", "theta")}
each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
each_series = pytest.mark.parametrize("name", ["long", "noisy", "short"])


def wandering(years: int, seed: int, noise: float = 0.02) -> Array:
    """Log shares near ln 2 whose changes are autocorrelated, with noise of measurement."""
    rng = np.random.default_rng(seed)
    changes = np.zeros(years)
    for year in range(1, years):
        changes[year] = 0.4 * changes[year - 1] + rng.normal(0, 0.06)
    log: Array = np.log(2) + np.cumsum(changes) + rng.normal(0, noise, years)
    return log


PANEL = Panel(
    [
        Series("long", 1986, np.exp(wandering(40, 7))),
        Series("noisy", 1986, np.exp(wandering(40, 5, noise=0.08))),  # both variances of Unobserved are positive
        Series("short", 2006, np.exp(wandering(20, 3))),
        Series("constant", 1986, np.full(40, 2.0)),
        Series("exponential", 1986, 2 * np.power(1.02, np.arange(40.0))),
        Series("one_step", 1986, np.repeat([1.0, 3.0], 20)),
        Series("alternating", 1986, np.tile([1.0, 2.0], 20)),
    ]
)


def simulated(member: Member, name: str, seed: int = 1) -> Array:
    return member.fit(PANEL).simulate(name, HORIZON, DRAWS, np.random.default_rng(seed))


def assert_same_moments(ours: Array, theirs: Array) -> None:
    """Mean and standard deviation of every year agree to five standard errors of the difference of two samples."""
    pooled = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / 2)
    assert np.all(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 5 * pooled * np.sqrt(2 / DRAWS))
    assert np.all(np.abs(ours.std(axis=0) - theirs.std(axis=0)) < 5 * pooled * np.sqrt(1 / DRAWS))


def assert_moments(paths: Array, mean: Array, sd: Array) -> None:
    """Mean and standard deviation of every year agree with the exact ones to five standard errors."""
    assert np.all(np.abs(paths.mean(axis=0) - mean) < 5 * sd / np.sqrt(DRAWS))
    assert np.all(np.abs(paths.std(axis=0) - sd) < 5 * sd / np.sqrt(2 * DRAWS))


def lasting(module: Any, log: Array) -> StateSpace:
    """The member's form, as statsmodels has it: with a trend that does not fade."""
    form: StateSpace = module.fit_series(log, fading=1.0) if module in TRENDS else module.fit_series(log)
    return form


def ets_results(log: Array) -> Any:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    return ETSModel(log, error="add", trend="add", damped_trend=True).fit(disp=False)


def unobserved_results(log: Array) -> Any:
    """Fitted on the plain logarithms, to test the change of unit as well."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    # Powell's search: on the plain logarithms the default one stops short of "converged" on some processors.
    return UnobservedComponents(log, level="lldtrend").fit(disp=False, method="powell", maxiter=1000)


against_statsmodels = pytest.mark.parametrize(
    ("module", "results"),
    [(ets, ets_results), (unobserved, unobserved_results), (arima, arima.fit_best)],
    ids=["ets", "unobserved", "arima"],
)


@each_series
@against_statsmodels
def test_every_member_agrees_with_statsmodels_simulate(name: str, module: Any, results: Callable[[Array], Any]) -> None:
    log = PANEL[name].log
    theirs = results(log).simulate(HORIZON, anchor="end", repetitions=DRAWS, rng=np.random.default_rng(2))
    ours = lasting(module, log).simulate(HORIZON, DRAWS, np.random.default_rng(1))
    assert_same_moments(ours, np.asarray(theirs).reshape(HORIZON, DRAWS).T)


@each_series
@against_statsmodels
def test_without_shocks_the_path_is_statsmodels_forecast(
    name: str, module: Any, results: Callable[[Array], Any]
) -> None:
    log = PANEL[name].log
    form = lasting(module, log)
    path = form.propagate(form.mean[None], np.zeros((HORIZON, 1, form.observation_loading.size)))
    np.testing.assert_allclose(path[0], results(log).forecast(HORIZON), atol=1e-4)  # two optimisers' runs


def test_both_sources_of_noise_are_there_to_be_compared() -> None:
    form = unobserved.fit_series(PANEL["noisy"].log)
    assert form.observation_loading[0] != 0
    assert form.state_loading[0, 1] != 0


@pytest.mark.parametrize("order", arima.ORDERS)
def test_every_arima_candidate_agrees_with_statsmodels_forecast(
    order: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arima, "ORDERS", (order,))
    forecast = arima.fit_best(PANEL["long"].log).get_forecast(HORIZON)
    assert_moments(simulated(arima.Arima(), "long"), forecast.predicted_mean, forecast.se_mean)


def test_arima_chooses_the_smallest_aicc() -> None:
    log = PANEL["long"].log
    best = arima.fit_best(log)
    assert best.aicc == min(arima.fit_order(log, order).aicc for order in arima.ORDERS)
    assert best.model.order != (0, 1, 0)  # the series' changes are autocorrelated, and 40 years show it


def test_arima_leaves_out_candidates_that_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = arima.fit_order

    def only(log: Array, order: tuple[int, int, int]) -> Any:
        if order != (0, 1, 0):
            raise MemberFailed("the likelihood's maximum was not found")
        return fitted(log, order)

    monkeypatch.setattr(arima, "fit_order", only)
    assert arima.fit_best(PANEL["long"].log).model.order == (0, 1, 0)
    monkeypatch.setattr(arima, "ORDERS", arima.ORDERS[1:])
    with pytest.raises(MemberFailed, match="no candidate could be fitted: the likelihood's maximum was not found"):
        arima.fit_best(PANEL["long"].log)


@each_series
def test_random_walk_is_the_closed_form(name: str) -> None:
    log = PANEL[name].log
    sd = np.sqrt(np.mean((log[2:] - log[:-2]) ** 2) / 2 * np.arange(1, HORIZON + 1))
    assert_moments(simulated(random_walk.RandomWalk(), name), np.full(HORIZON, log[-1]), sd)


def test_random_walk_of_a_constant_series_keeps_a_spread() -> None:
    sd = random_walk.SMALLEST_SD * np.sqrt(np.arange(1, HORIZON + 1))
    assert_moments(simulated(random_walk.RandomWalk(), "constant"), np.full(HORIZON, np.log(2)), sd)


@each_series
def test_theta_agrees_with_statsmodels_forecast(name: str) -> None:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    log = PANEL[name].log
    fit = ThetaModel(log, period=1, deseasonalize=False).fit()
    weight = fit.params["alpha"]
    assert weight > 0.01  # at 0 ThetaModel's formula jumps away from its own limit
    form = lasting(theta, log)
    sd = form.observation_loading[0]
    np.testing.assert_allclose(form.mean[0], fit.forecast(1).iloc[0], atol=1e-9)
    spread = sd * np.sqrt(1 + np.arange(HORIZON) * weight**2)
    assert_moments(form.simulate(HORIZON, DRAWS, np.random.default_rng(1)), fit.forecast(HORIZON).to_numpy(), spread)
    # Its intervals are comparable in the first year only: after that they grow by 1 + (weight - 1)^2 a year, where an
    # IMA(1, 1), and simple exponential smoothing, grows by weight^2. Their variance is that of a model fitted anew and
    # not corrected for its parameters.
    interval = fit.prediction_intervals(1, alpha=0.05).iloc[0]
    theirs = (interval["upper"] - interval["lower"]) / (2 * 1.959964)
    assert theirs == pytest.approx(sd * np.sqrt((log.size - 3) / (log.size - 1)), rel=0.1)


@each_series
@pytest.mark.parametrize("module", TRENDS, ids=lambda module: MODULES[module].name)
def test_a_trend_fades_by_the_same_part_each_year(module: Any, name: str) -> None:
    form, same = module.fit_series(PANEL[name].log), lasting(module, PANEL[name].log)
    still = np.zeros((HORIZON, 1, form.observation_loading.size))
    fading, steady = (np.diff(f.propagate(f.mean[None], still)[0]) for f in (form, same))
    np.testing.assert_allclose(fading, steady * FADING ** np.arange(1, HORIZON), atol=1e-12)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=40))
def test_jumps_are_cut_and_nothing_else_changes(values: list[float]) -> None:
    log = np.array(values)
    calm = without_jumps(log)
    assert calm[-1] == log[-1]
    np.testing.assert_allclose(np.diff(calm), np.clip(np.diff(log), -LARGEST_SHOCK, LARGEST_SHOCK), atol=1e-9)


@each_member
def test_a_start_from_near_zero_does_not_set_the_spread(member: Member) -> None:
    calm = wandering(20, 3)
    jumped = np.append(calm[0] - [7.0, 0.1], calm)
    panel = Panel(Series(n, 2026 - log.size, np.exp(log)) for n, log in (("calm", calm), ("jumped", jumped)))
    ours, theirs = (
        member.fit(panel).simulate(n, HORIZON, DRAWS, np.random.default_rng(1))[:, -1] for n in ("jumped", "calm")
    )
    assert ours.std() < 4 * theirs.std()
    assert abs(np.median(ours) - np.median(theirs)) < 1


@each_member
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(member: Member) -> None:
    first, again, other = (simulated(member, "long", seed) for seed in (1, 1, 2))
    assert first.shape == (DRAWS, HORIZON)
    assert first.tobytes() == again.tobytes()
    assert not np.any(first == other)
    assert np.unique(first[:, 0]).size == DRAWS


@pytest.mark.parametrize("module", MODULES, ids=lambda module: MODULES[module].name)
def test_the_shortest_series_is_fitted_and_a_shorter_one_refused(module: Any) -> None:
    log = wandering(module.SHORTEST, 3)
    panel = Panel([Series("enough", 2000, np.exp(log)), Series("fewer", 2001, np.exp(log[1:]))])
    fitted = MODULES[module].fit(panel)
    assert np.isfinite(fitted.simulate("enough", 3, 10, np.random.default_rng(0))).all()
    with pytest.raises(MemberFailed, match=f"at least {module.SHORTEST} are needed"):
        fitted.simulate("fewer", 3, 10, np.random.default_rng(0))


@each_member
@pytest.mark.parametrize("name", ["exponential", "one_step", "alternating", "constant"])
def test_an_odd_series_gives_finite_paths_with_a_spread_unless_it_leaves_nothing_to_estimate(
    member: Member, name: str
) -> None:
    if member.name in CANNOT_ESTIMATE.get(name, ()):
        with pytest.raises(MemberFailed):
            simulated(member, name)
        return
    paths = simulated(member, name)
    assert np.isfinite(paths).all()
    assert np.all(paths.std(axis=0) > 0)


@each_member
@each_series
def test_nothing_is_warned(member: Member, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulated(member, name)


def test_importing_the_members_imports_neither_statsmodels_nor_pandas() -> None:
    """They cost 1 s and 100 MB, which only what fits should pay."""
    names = ", ".join(module.__name__ for module in MODULES)
    code = f"import sys, {names}; sys.exit(bool({{'statsmodels', 'pandas'}} & set(sys.modules)))"
    root = Path(random_walk.__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
