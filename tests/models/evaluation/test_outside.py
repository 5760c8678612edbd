"""Outside views beside our forecasts."""

import math

import pytest

from models.dataset.observations import load_figures
from models.dataset.outside_views import outside_views
from models.evaluation import published
from models.evaluation.outside import outside_record
from models.forecast import Forecaster
from models.simulation.path_store import PathStore

pytestmark = pytest.mark.slow

DRAWS, SEED = 500, 1


@pytest.fixture(scope="module")
def record():
    return outside_record(load_figures(), DRAWS, SEED)


def row(record, name, country=None):
    return next(it for it in record if it["id"] == name and country in (None, it["country"]))


def test_every_view_has_ours_beside_it(record):
    assert [(it["id"], it["year"]) for it in record] == [(view.id, view.year) for view in outside_views()]
    assert all(it["ours"]["low_pct"] < it["ours"]["median_pct"] < it["ours"]["high_pct"] for it in record)
    assert all(it["source"].startswith("https://") for it in record)


def test_ours_is_what_the_service_answers(record, fits):
    forecaster = Forecaster(load_figures(), PathStore(fits), draws=DRAWS)
    germany, spain = (row(record, "rabobank-2025-06", code)["ours"] for code in ("DEU", "ESP"))
    said = {code: forecaster.forecast(code) for code in ("DEU", "ESP")}
    probability = {code: answer.targets[0].outcome.probability.at_deadline for code, answer in said.items()}
    assert germany["probability"] == pytest.approx(probability["DEU"], abs=1e-3)
    assert spain["probability"] == pytest.approx(1 - probability["ESP"], abs=1e-3)
    median = said["DEU"].components["core"].quantiles[said["DEU"].levels.index(0.5), -1]
    assert germany["median_pct"] == pytest.approx(median, rel=1e-4)
    assert germany["origin"] == 2026


def test_a_known_year_is_forecast_from_before_the_statement_and_both_have_an_error(record, fits):
    canada = row(record, "pbo-2022-06-2026")
    figures = load_figures().panel()["CAN"]
    assert canada["outcome_pct"] == figures.at(2026)
    assert canada["ours"]["origin"] == 2021
    then = Forecaster(load_figures(), PathStore(fits), draws=DRAWS).forecast("CAN", origin=2021)
    median = then.components["core"].quantiles[then.levels.index(0.5), then.years.index(2026)]
    assert canada["ours"]["median_pct"] == pytest.approx(median, rel=1e-4)
    assert canada["log_error"] == pytest.approx(math.log(figures.at(2026) / 1.59), abs=1e-4)
    expected = math.log(figures.at(2026) / canada["ours"]["median_pct"])
    assert canada["our_log_error"] == pytest.approx(expected, abs=1e-3)


def test_what_is_not_known_has_no_error(record):
    for name in ("goldman-2025-02", "rabobank-2025-06", "pbo-2024-10"):
        found = row(record, name)
        assert (found["outcome_pct"], found["log_error"], found["our_log_error"]) == (None, None, None)


def test_a_group_lies_between_its_allies_and_varies_less(record):
    area, germany = row(record, "oxford-2025-06-2035")["ours"], row(record, "rabobank-2025-06", "DEU")["ours"]
    each = [row(record, "rabobank-2025-06", code)["ours"]["median_pct"] for code in ("ESP", "DEU", "GRC")]
    assert min(each) < area["median_pct"] < max(each)
    assert area["high_pct"] / area["low_pct"] < germany["high_pct"] / germany["low_pct"]


def test_the_published_record_has_the_present_table():
    """A new or corrected view is published only by ``forecast-service backtest --publish``."""
    kept = published.load()["outside_views"]
    now = [(v.id, v.year, v.low_pct, v.high_pct, v.statement) for v in outside_views()]
    assert [(it["id"], it["year"], it["low_pct"], it["high_pct"], it["statement"]) for it in kept] == now
