"""What the alt texts say is what the documents say."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from forecast_service import formatting
from forecast_service.charts import text as charts_text
from forecast_service.charts import tornado
from forecast_service.charts.process import draw
from tests.forecast_service.charts.test_references import ORDERS, drawn


def finding(name: str) -> str:
    return drawn(name, "light", "vl.json")[1]


def documents(name: str) -> dict[str, Any]:
    found: dict[str, Any] = ORDERS[name]["documents"]
    return found


def test_a_fan_says_the_probability_the_median_and_the_last_figure() -> None:
    forecast = documents("fan")["forecast"]
    core = forecast["paths"]["core"]["quantiles"]
    text = finding("fan")
    p = forecast["targets"][0]["probability"]["at_deadline"]
    assert text.startswith(f"Germany has a probability of {100 * p:.0f} % (about {round(10 * p)} in 10)")
    assert f"median of the simulated futures is {core['0.5'][-1]:.1f} %" in text
    assert f"between {core['0.1'][-1]:.1f} % and {core['0.9'][-1]:.1f} %" in text
    last = documents("fan")["history"][-1]
    assert f"In {last['year']} it stood at an estimated {last['share_pct']:.1f} %." in text


def test_overlays_are_said_in_their_order_and_the_ghost_too() -> None:
    text = finding("fan-overlays")
    for other in documents("fan-overlays")["overlays"]:
        assert (
            f"{formatting.title(other['scenario']['name'])} at {other['paths']['core']['quantiles']['0.5'][-1]:.1f} %"
            in text
        )
    assert "The baseline is drawn behind it." in text
    assert "baseline is drawn" not in finding("fan")


def test_a_ranking_counts_who_is_more_likely_than_not() -> None:
    target = documents("ranking")["alliance"]["targets"][0]
    likely = sum(s["at_deadline"] >= 0.5 for s in target["ranking"])
    first, last = target["ranking"][0], target["ranking"][-1]
    text = finding("ranking")
    assert f"{likely} of {len(target['ranking'])} allies" in text
    assert f"{first['country']['name']} is likeliest ({100 * first['at_deadline']:.0f} %)" in text
    assert f"{last['country']['name']} least likely ({100 * last['at_deadline']:.0f} %)" in text
    assert text.endswith("Lines run from the model that expects least to the one that expects most.")


def test_a_ranking_by_share_is_in_the_order_of_the_shares() -> None:
    shares = {
        s["share_pct"]["median"]: s["country"]["name"]
        for s in documents("ranking-share")["alliance"]["targets"][0]["ranking"]
    }
    text = finding("ranking-share")
    assert f"from {shares[max(shares)]} ({max(shares):.1f} %) to {shares[min(shares)]} ({min(shares):.1f} %)" in text


def test_a_count_says_median_interval_and_majority() -> None:
    tally = documents("count")["alliance"]["targets"][0]["at_deadline"]
    low, high = tally["interval_80"]
    text = finding("count")
    assert f"is {tally['median']} of {tally['allies']}" in text
    assert f"have {low} to {high}." in text
    more = sum(tally["distribution"][tally["allies"] // 2 + 1 :])
    assert f"most allies do is {100 * more:.0f} %" in text


def test_a_heatmap_says_how_many_are_likely_first_and_last() -> None:
    ranking = documents("heatmap")["alliance"]["targets"][0]["ranking"]
    first, last = (sum(s["by_year"][t] >= 0.5 for s in ranking) for t in (0, -1))
    assert f"{first} of 31 allies" in finding("heatmap")
    assert f"and {last} in 2035" in finding("heatmap")


def test_a_waterfall_says_where_from_where_to_and_what_mattered() -> None:
    forecast = documents("waterfall")["forecast"]
    begun = forecast["baseline"]["targets"][0]["probability"]["at_deadline"]
    ended = forecast["targets"][0]["probability"]["at_deadline"]
    text = finding("waterfall")
    assert text.startswith(f"From {100 * begun:.0f} % in the baseline to {100 * ended:.0f} % under the scenario")
    most = max((step["change"]["core"] for step in forecast["waterfall"]), key=abs)
    assert f"by {charts_text.points(most)} points" in text


def test_a_waterfall_without_levers_says_so() -> None:
    order = copy.deepcopy(ORDERS["waterfall"])
    order["documents"]["forecast"] |= {"baseline": None, "waterfall": []}
    from forecast_service.charts.process import draw

    assert "no lever to explain" in draw(order | {"theme": "light", "width": 720, "form": "svg"})[1]


def test_a_tornado_says_its_widest_bar() -> None:
    found = documents("tornado")["sensitivity"]
    most = found["bars"][0]
    text = finding("tornado")
    assert f"is {100 * found['probability']:.0f} %" in text
    assert f"moves it most is {most['assumption']}: {100 * most['at_low']:.0f} % with" in text


def test_reliability_says_the_largest_gap() -> None:
    curve = [one for one in documents("reliability")["record"]["reliability"] if one["forecasts"] >= 50]
    worst = max(curve, key=lambda one: abs(one["probability"] - one["frequency"]))
    text = finding("reliability")
    assert f"farthest off was {100 * worst['probability']:.0f} %, which happened in" in text
    assert f"{100 * worst['frequency']:.0f} % of {worst['forecasts']:,}." in text


@pytest.mark.parametrize(
    ("p", "said"), [(0.001, "< 1 %"), (0.01, "1 %"), (0.246, "25 %"), (0.99, "99 %"), (0.9951, "> 99 %")]
)
def test_a_probability_is_never_0_or_100(p: float, said: str) -> None:
    assert formatting.percent(p) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.0 %"), (1e-6, "1e-6 %"), (0.0123, "0.012 %"), (0.05, "0.1 %"), (3.46, "3.5 %"), (99999.9, "99999.9 %"),
        (1e5, "1e5 %"), (9.6e11, "9.6e11 %"), (1.65e17, "1.6e17 %"),
    ],
)  # fmt: skip
def test_a_share_has_digits_that_say_something(value: float, said: str) -> None:
    assert charts_text.share(value) == said


def written(order: dict[str, Any], width: int) -> list[str]:
    body, _ = draw(order | {"theme": "light", "form": "svg", "width": width})
    return [text.text or "" for text in ElementTree.fromstring(body).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  our own


@pytest.mark.parametrize("width", [280, 720, 1600])
@pytest.mark.parametrize(
    ("scale", "axis", "median"),
    [(1, "2", "%"), (1e17, "e+17", "e17 %"), (1e12, "e+12", "e12 %"), (1e-5, "e-5", "e-5 %")],
)
def test_the_axis_of_a_fan_can_be_read_whatever_the_numbers(scale: float, axis: str, median: str, width: int) -> None:
    order = copy.deepcopy(ORDERS["fan"])
    order["documents"]["history"] = []
    forecast = order["documents"]["forecast"]
    forecast["targets"][0]["threshold"] *= scale
    quantiles = forecast["paths"]["core"]["quantiles"]
    for level, values in quantiles.items():
        quantiles[level] = [value * scale for value in values]
    texts = written(order, width)
    ticks = [text for text in texts if axis in text and len(text) <= 7]
    assert len(ticks) == len(set(ticks)) > 0
    assert any(text.endswith(median.replace(" ", "\N{NO-BREAK SPACE}")) or text.endswith(median) for text in texts)


def test_what_is_equal_is_said_to_be() -> None:
    """Every probability at its bound, and one year."""
    order = copy.deepcopy(ORDERS["heatmap"])
    alliance = order["documents"]["alliance"]
    alliance["years"] = alliance["years"][:1]
    for target in alliance["targets"]:
        for standing in target["ranking"]:
            standing |= {"by_year": [0.99975], "at_deadline": 0.99975, "across_members": [0.99975, 0.99975]}
    _, heat = draw(order | {"theme": "light", "form": "svg", "width": 720})
    assert heat.count(f"in {alliance['years'][0]}") == 1
    ranking = ORDERS["ranking"] | {"documents": ORDERS["ranking"]["documents"] | {"alliance": alliance}}
    _, ranked = draw(ranking | {"theme": "light", "form": "svg", "width": 720})
    assert "all are equally likely to (> 99 %)." in ranked
    tornado = copy.deepcopy(ORDERS["tornado"])
    for bar in tornado["documents"]["sensitivity"]["bars"]:
        bar |= {"at_low": 0.99975, "at_high": 0.99975, "swing": 0.0}
    _, moved = draw(tornado | {"theme": "light", "form": "svg", "width": 720})
    assert moved.endswith("None of these assumptions moves it.")


def test_what_is_not_seen_is_taken_out_of_names() -> None:
    assert charts_text.clean("a\u202eb\x00\n c\u200f") == "a b c"
    assert charts_text.clean("سيناريو 日本") == "سيناريو 日本"


@pytest.mark.parametrize("places", [[10.0, 10.0, 10.0], [0.0, 200.0, 199.0, 1.0], [100.0], []])
def test_labels_are_kept_apart_and_within_bounds(places: list[float]) -> None:
    moved = sorted(charts_text.apart(places, 13, 4, 196))
    assert all(b - a > 12.5 for a, b in pairwise(moved))
    assert all(3.5 <= place <= 196.5 for place in moved)


def test_a_long_word_is_cut_and_the_rest_wrapped() -> None:
    lines = charts_text.wrap("a " + "x" * 500 + " about 41 % of them", 200, 12)
    assert all(charts_text.width(line, 12) <= 200 for line in lines)
    assert any("41\N{NO-BREAK SPACE}%" in line for line in lines)


@pytest.mark.parametrize(("low", "high", "starts"), [(40, 50, (50, 60)), (70, 80, (60, 70)), (50, 70, (60, 60))])
def test_no_end_of_a_bar_hides_the_other(low: int, high: int, starts: tuple[int, int]) -> None:
    bar = {"assumption": "pledges", "at_low": low / 100, "at_high": high / 100}
    row = tornado.bar_row(bar, 60)
    assert (row["low_from"], row["high_from"]) == pytest.approx(starts)


def test_what_lies_on_one_side_is_named_on_both_sides_of_the_rule() -> None:
    order = copy.deepcopy(ORDERS["tornado"])
    found = order["documents"]["sensitivity"]
    found["bars"] = [found["bars"][0] | {"low": "little", "high": "much", "at_low": 0.40, "at_high": 0.50}]
    found["probability"] = 0.6
    body, _ = draw(order | {"theme": "light", "form": "svg", "width": 720})
    texts = {text.text: text for text in ElementTree.fromstring(body).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314  our own
    anchors = [texts[said].get("text-anchor") for said in ("little: 40 %", "much: 50 %")]
    assert anchors == ["end", "start"]


@pytest.mark.parametrize(("end", "said"), [(0.99995, "all kept in full: > 99 %"), (0.00005, "kept: < 1 %")])
@pytest.mark.parametrize("width", [720, 1160])
def test_an_end_at_certainty_is_named_in_full(end: float, said: str, width: int) -> None:
    order = copy.deepcopy(ORDERS["tornado"])
    found = order["documents"]["sensitivity"]
    how = said.partition(":")[0]
    found["bars"] = [found["bars"][0] | {"low": "none", "high": how, "at_low": 0.55, "at_high": end}]
    found["probability"] = 0.6 if end > 0.5 else 0.5
    body, _ = draw(order | {"theme": "light", "form": "svg", "width": width})
    written = [text.text for text in ElementTree.fromstring(body).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  our own
    assert said in [text.replace("\u00a0", " ") for text in written if text]
    percentages = {int(text) for text in written if text and text.isdigit()}
    assert percentages
    assert percentages <= set(range(101)), "no gridline says more than all"
