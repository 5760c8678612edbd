"""How paths go on after a lever that ends before the deadline."""

from dataclasses import replace

import numpy as np
import pytest

from models.scenarios.after import TEMPORARY, stating_after
from models.scenarios.levers import Cap, Delay, Floor, Freeze, PledgeLever, SharePath, Shock, SpendingGrowth
from models.scenarios.scenario import Scenario
from tests.models.scenarios.levers.test_levers import ORIGIN, PATHS, applied, shares_after

ENDS = 2030
END = ENDS - ORIGIN
LEVERS = (
    Freeze(last_year=ENDS),
    Freeze(what="real", last_year=ENDS),
    Freeze(what="nominal", last_year=ENDS),
    SharePath(points={2030: 3.1}, last_year=ENDS),
    Cap(share_pct=2.1, last_year=ENDS),
    Floor(share_pct=2.6, last_year=ENDS),
    PledgeLever(share_pct=3.5, year=2032, last_year=ENDS),
    Delay(years=2, last_year=ENDS),
    Shock(spread_factor=2.0, last_year=ENDS),
)
BEFORE = PATHS.shares["core"].astype(float)


def test_the_kinds_that_may_end_are_all_tried():
    assert {lever.type for lever in LEVERS} == TEMPORARY


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.type)
def test_by_default_each_future_goes_on_from_where_the_lever_left_it(lever):
    after = shares_after(lever)
    kept = after[:, END + 1 :] / BEFORE[:, END + 1 :]
    np.testing.assert_allclose(kept, np.repeat(after[:, [END]] / BEFORE[:, [END]], kept.shape[1], axis=1), rtol=1e-5)
    assert np.any(kept != 1)


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.type)
def test_a_lever_may_let_each_future_resume_its_path(lever):
    after = shares_after(replace(lever, after="resume"))
    np.testing.assert_array_equal(after[:, END + 1 :], BEFORE[:, END + 1 :])
    np.testing.assert_array_equal(after[:, : END + 1], shares_after(lever)[:, : END + 1])


def test_a_lever_that_does_not_end_has_one_form():
    assert Cap(share_pct=2.0, after="resume") == Cap(share_pct=2.0)
    assert Cap(share_pct=2.0, after="resume", last_year=2030) != Cap(share_pct=2.0, last_year=2030)


@pytest.mark.parametrize("first", [x for x in LEVERS if x.type != "share_path"], ids=lambda lever: lever.type)
def test_an_aim_that_begins_later_is_reached_from_where_the_lever_left_the_path(first):
    path = SharePath(points={2035: 4.0}, first_year=2031)
    for levers in ((first, path), (path, first)):
        after = np.median(shares_after(*levers), axis=0)
        np.testing.assert_allclose(after[-1], 4.0, rtol=1e-4)
        np.testing.assert_allclose(after[END], np.median(shares_after(first), axis=0)[END], rtol=1e-5)


def test_a_pledge_starts_from_the_level_that_a_freeze_left():
    freeze, pledge = Freeze(last_year=2031), PledgeLever(share_pct=4.0, year=2035, first_year=2032)
    after = np.median(shares_after(pledge, freeze), axis=0)
    start = np.median(shares_after(freeze), axis=0)[2031 - ORIGIN]
    line = start + (4.0 - start) * np.arange(1, 5) / 4
    np.testing.assert_allclose(after[-4:], line, rtol=0.01)


def test_an_aim_that_is_already_in_force_goes_on_instead():
    path, cap = SharePath(points={2030: 2.9, 2035: 3.4}), Cap(share_pct=2.2, last_year=ENDS)
    after = shares_after(cap, path)
    np.testing.assert_array_equal(after[:, END + 1 :], shares_after(path)[:, END + 1 :])
    assert after[:, 1 : END + 1].max() == np.float32(2.2)


def test_two_paths_in_turn_each_reach_their_points():
    one, other = SharePath(points={2030: 3.0}, last_year=2030), SharePath(points={2035: 2.0}, first_year=2031)
    for levers in ((one, other), (other, one)):
        median = np.median(shares_after(*levers), axis=0)
        np.testing.assert_allclose(median[[END, -1]], [3.0, 2.0], rtol=1e-5)


def test_growth_after_a_freeze_starts_from_it():
    freeze, growth = Freeze(last_year=2029), SpendingGrowth(rate_pct=0.0, first_year=2030)
    after = applied(Scenario("x", levers=(growth, freeze)))
    money = np.median(after.shares["core"] * after.gdp, axis=0)
    frozen = np.median(shares_after(freeze)[:, 3] * PATHS.gdp[:, 3])
    np.testing.assert_allclose(money[4:], frozen, rtol=0.03)


def test_what_was_saved_before_says_that_paths_resume():
    saved = {
        "name": "x",
        "levers": [
            {"type": "freeze", "to": 2030},
            {"type": "freeze", "from": 2031},
            {"type": "cap", "share_pct": 2.0, "to": 2030, "after": "continue"},
            {"type": "step", "share_pct": 0.2, "from": 2028, "to": 2029},
        ],
    }
    levers = stating_after(saved, "resume")["levers"]
    assert [lever.get("after") for lever in levers] == ["resume", None, "continue", None]
    assert "after" not in saved["levers"][0]
