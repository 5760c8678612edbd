"""Numbers in words: plain, and never certain."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast_service import formatting
from forecast_service.dashboard import text
from forecast_service.schemas.lever_types import SCHEMAS, LeverSchema
from models.dataset.countries import STATUSES

probabilities = st.floats(0, 1, allow_nan=False)


@given(probabilities)
def test_no_probability_is_put_as_certain(p: float) -> None:
    assert text.percent(p).replace("\u00a0", " ") not in {"0 %", "100 %"}
    said = formatting.frequency(p)
    counts = re.search(r"([0-9]+) in ([0-9]+)", said)
    assert counts
    assert 0 < int(counts[1]) < int(counts[2])
    assert not re.search(r"\b(certain|sure|never|always|impossible|guaranteed)\b", formatting.likelihood(p))


@given(probabilities)
def test_words_are_near_the_number(p: float) -> None:
    counts = re.search(r"([0-9]+) in ([0-9]+)", formatting.frequency(p))
    assert counts
    assert abs(int(counts[1]) / int(counts[2]) - p) <= 0.0501


@given(probabilities, probabilities)
def test_the_likelier_is_never_put_as_the_less_likely(one: float, other: float) -> None:
    order = [words for _, words in formatting.LIKELIHOODS]
    low, high = sorted((one, other))
    assert order.index(formatting.likelihood(low)) <= order.index(formatting.likelihood(high))


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0, "fewer than 1 in 100"),
        (0.0099, "fewer than 1 in 100"),
        (0.03, "about 3 in 100"),
        (0.07, "about 1 in 10"),
        (0.41, "about 4 in 10"),
        (0.949, "about 9 in 10"),
        (0.97, "about 97 in 100"),
        (0.991, "more than 99 in 100"),
        (1.0, "more than 99 in 100"),
    ],
)
def test_a_probability_is_so_many_in_ten_or_a_hundred(p: float, words: str) -> None:
    assert formatting.frequency(p) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [(0.123, "+12 points"), (-0.01, "−1 point"), (0.0001, "no change"), (-0.003, "less than 1 point"), (None, "—")],
)
def test_a_difference_is_said_in_points(change: float | None, words: str) -> None:
    assert text.points(change).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("before", "after", "steps", "said"),
    [
        (0.4721, 0.8349, "+36 points", "36 points more"),
        (0.8349, 0.9151, "+9 points", "9 points more"),
        (0.2, 0.21, "+1 point", "1 point more"),
        (0.161, 0.163, "less than 1 point", "less than 1 point more"),
        (0.85, 0.0001, "−85 points", "85 points less"),
        (0.5, 0.5, "no change", "no change"),
    ],
)
def test_a_reader_who_adds_up_gets_what_is_shown(before: float, after: float, steps: str, said: str) -> None:
    assert text.points_between(before, after).replace("\u00a0", " ") == steps
    assert text.more(before, after).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("millions", "words"),
    [
        (21806.875, "US$21.8 billion"),
        (170328.0, "US$170 billion"),
        (12.4, "US$12 million"),
        (-3500.0, "−US$3.5 billion"),
    ],
)
def test_money_is_said_in_round_units(millions: float, words: str) -> None:
    assert text.dollars(millions).replace("\u00a0", " ") == words


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_lever_is_said_in_words(schema: type[LeverSchema]) -> None:
    said = text.lever(schema.example)
    assert said
    assert not re.search("[_{}]|nan|None", said)
    for value in schema.example.values():
        if isinstance(value, int | float):
            assert f"{abs(value):g}" in said


def test_a_lever_is_said_with_its_years_and_numbers() -> None:
    lever = {"type": "gdp_growth", "change_pp": -5, "from": 2027, "to": 2028}
    assert text.lever(lever) == "−5 points a year, from 2027, to 2028"
    path = {"type": "share_path", "component": "related", "points": {"2030": 1.2}}
    assert text.lever(path).replace("\u00a0", " ") == "on related, 1.2 % in 2030"


@pytest.mark.parametrize("status", STATUSES)
def test_the_status_of_a_pledge_is_said_where_it_says_more_than_the_stance(status: str) -> None:
    pledge = {"stance": "plan", "stated_on": "2025-08-28", "status": status, "status_on": "2026-07-10"}
    said = text.later_status(pledge)
    assert (said == "") == (status == "plan")
    assert not said or said.endswith(", 2026-07-10")
