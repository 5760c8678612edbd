"""The page on accuracy, section by section. ``tests/test_docs.py`` compares the whole page."""

import pytest

from benchmarks.accuracy.page import by_level, frozen_forecasts, outside_views, parameters
from models.dataset.observations import load_figures
from models.evaluation import published
from models.evaluation.frozen import record, save
from tests.support.frozen import made


def test_frozen_forecasts_have_a_row_each(tmp_path):
    assert "None has been frozen yet." in frozen_forecasts([])
    scored = save(made(), tmp_path)
    waiting = save(made(vintage="nato-2026", origin=2026, years=[2027]), tmp_path)
    *_, heading, rule, first, second = frozen_forecasts(record(load_figures(), [scored, waiting])).splitlines()
    assert len({line.count("|") for line in (heading, rule, first, second)}) == 1
    assert first.startswith(f"| {scored.name} | 0.8.0 | 2 | 4 | ")
    assert second == f"| {waiting.name} | 0.8.0 | 2 | 0 |  |  |  |  | {waiting.sha256[:12]} |"


LEVEL = {
    "scenario": "trend",
    "from_origin": 1999,
    "to_origin": 2025,
    "share_from": 1.5,
    "share_to": 2.5,
    "forecasts": 9,
    "log_error": 0.0,
    "coverage_80": 0.8,
    "said_rise_30": 0.2,
    "was_rise_30": 0.2,
}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"log_error": 0.2}, "shares 1.5-2.5 %: outcomes were 22 % above the median."),
        ({"log_error": -0.2}, "shares 1.5-2.5 %: outcomes were 18 % below the median."),
        ({"said_rise_30": 0.35}, "shares 1.5-2.5 %: a rise by 30 % was said too often (0.35, was 0.20)."),
        ({"was_rise_30": 0.35, "share_from": 0.0}, "shares < 2.5 %: a rise by 30 % was said too seldom"),
    ],
)
def test_the_page_says_in_words_what_is_wrong_at_a_level(found, words):
    assert f"- trend, 1999-2025, {words}" in by_level([LEVEL, LEVEL | found])
    assert "- trend" not in by_level([LEVEL])


def test_a_parameter_has_an_estimate_by_origin_or_is_a_constant():
    rows = parameters(
        [
            {"name": "a", "meaning": "b", "prior": "0 +- 1", "at": {"1999": {"mean": 0.5, "sd": 0.1}, "2026": None}},
            {"name": "c", "meaning": "d", "prior": "0.6", "at": {}},
        ]
    ).splitlines()
    assert rows[-2:] == ["| a | b | 0 +- 1 | 0.5 +- 0.1 |  |", "| c | d | 0.6 | constant | constant |"]


def test_outside_views_are_shown_with_ours_and_their_errors():
    text = outside_views(published.load()["outside_views"])
    rows = [line for line in text.splitlines() if line.startswith("| [")]
    assert len(rows) == len(published.load()["outside_views"])
    canada = next(line for line in rows if "| CAN | 2026 | 1.59 | 1.5" in line)
    assert canada.endswith("| 2.13 | +0.29 | +0.31 |")
    assert "Resolved so far: 2, of which 1 was too low." in text
    assert "Resolved" not in outside_views([it for it in published.load()["outside_views"] if it["log_error"] is None])
