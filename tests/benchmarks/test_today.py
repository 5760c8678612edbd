"""Today's answers beside base rates."""

import json
import sys

import numpy as np
import pytest

from benchmarks.accuracy import today
from models import Forecaster, load_figures
from models.series import Panel, Series
from models.simulation.path_store import PathStore
from tests.support.service import DRAWS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def forecaster(fits):
    return Forecaster(load_figures(), PathStore(fits), draws=DRAWS)


@pytest.fixture(scope="module")
def found(forecaster):
    return today.today(forecaster)


def test_windows_do_not_overlap_and_begin_in_the_class():
    rising = Series("rising", 2000, 2 * 1.05 ** np.arange(12.0))
    falling = Series("falling", 2000, 5 * 0.9 ** np.arange(12.0))
    panel = Panel([rising, falling])
    # 2.0 becomes 2.55 after five years (up 28 %); 2.68 after six is up 34 %.
    assert today.windows(panel, 5, 1.5, 2.5) == [("rising", 2000, False)]
    assert today.windows(panel, 6, 1.5, 2.5) == [("rising", 2000, True)]
    assert today.windows(panel, 3, 0, 100) == [
        *(("falling", 2000 + 3 * k, False) for k in range(3)),
        *(("rising", 2000 + 3 * k, False) for k in range(3)),
    ]


def test_one_of_twenty_five_windows_of_high_shares_rose():
    """The United States from 1949."""
    seen = today.windows(load_figures().panel(), 9, 4.5, 7.0)
    assert len(seen) == 25
    assert [(name, year) for name, year, rose in seen if rose] == [("USA", 1949)]


@pytest.mark.parametrize("scenario", ["trend", "baseline"])
def test_an_ally_s_row_is_what_the_service_answers(found, forecaster, scenario):
    estonia = next(row for row in found["allies"] if row["country"] == "EST")
    middle, high = forecaster.forecast("EST", scenario, levels=(0.5, 0.975)).components["core"].quantiles[:, -1]
    assert estonia[scenario]["median_2035"] == pytest.approx(middle, rel=1e-4)
    assert estonia[scenario]["high_2035"] == pytest.approx(high, rel=1e-3)
    assert 0 < estonia[scenario]["rise_30"] < 1


def test_the_variant_that_changes_nothing_is_the_trend(found):
    same = {row["country"]: row for row in found["variants"] if row["variant"] == today.AS_IS}
    assert len(same) == len(found["allies"]) == 31
    for row in found["allies"]:
        for name, value in row["trend"].items():
            assert same[row["country"]][name] == pytest.approx(value, rel=1e-3, abs=1 / DRAWS), row["country"]


def test_slower_fading_says_more(found):
    for row in found["classes"]:
        if row["allies"]:
            said = row["said"]
            assert said["no momentum"] < said["fading 0.4"] < said[today.AS_IS] < said["fading 0.8"]


def test_the_momentum_causes_most_of_the_distance_to_the_base_rate(found):
    """As the page says of every class that has allies."""
    for row in found["classes"]:
        if row["allies"]:
            rate, said = row["rose"] / row["windows"], row["said"]
            assert said["no momentum"] - rate < (said["trend"] - rate) / 2, row["share_from"]
    low = next(row["said"] for row in found["classes"] if row["share_to"] == 2.5)
    assert low["no momentum"] > low["shocks alone"]


def test_the_command_prints_the_tables(found, forecaster, monkeypatch, capsys):
    class Bundled:
        def __enter__(self):
            return forecaster

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(today, "bundled", Bundled)
    monkeypatch.setattr(sys, "argv", ["today", "--json"])
    today.main()
    assert json.loads(capsys.readouterr().out) == found
    monkeypatch.setattr(sys, "argv", ["today"])
    today.main()
    printed = capsys.readouterr().out
    assert "allies now" in printed
    assert printed.count("EST") == 1 + len(today.VARIANTS)
