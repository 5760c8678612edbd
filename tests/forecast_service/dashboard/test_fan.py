"""The page's fan chart: what it draws is what the answer says."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from forecast_service.dashboard import fan
from forecast_service.dashboard.pages.ally import plans


def forecast(client: FlaskClient, code: str, query: str = "") -> Any:
    return client.get(f"/v1/countries/{code}/forecast?{query}").json


def known(client: FlaskClient, code: str) -> Any:
    return client.get(f"/v1/countries/{code}/history").json["components"][0]["observations"]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?\d+),(-?\d+)", path)]


def line(drawn: fan.Fan, kind: str) -> list[tuple[float, float]]:
    (found,) = [it.path for it in drawn.lines if it.kind == kind]
    return points(found)


@pytest.mark.parametrize("code", ["ESP", "EST", "LUX", "USA"])
def test_the_median_ends_where_the_answer_says(client: FlaskClient, code: str) -> None:
    answer, shares = forecast(client, code), known(client, code)
    drawn = fan.draw(fan.Plot(answer, "core", shares))
    median = line(drawn, "median")
    assert median[0] == (
        pytest.approx(10 * (drawn.origin or 0), abs=1),
        pytest.approx(1000 - 1000 * shares[-1]["share_pct"] / drawn.top, abs=1),
    )
    assert median[-1] == (
        1000,
        pytest.approx(1000 - 1000 * answer["paths"]["core"]["quantiles"]["0.5"][-1] / drawn.top, abs=1),
    )
    assert drawn.target == pytest.approx(100 - 350 / drawn.top, abs=0.01)
    assert drawn.readings[-1].said.startswith(f"2035: median {answer['paths']['core']['quantiles']['0.5'][-1]:.2f}")
    assert [it.year for it in drawn.readings] == list(range(2006, 2036))


@pytest.mark.parametrize("component", ["core", "related", "total"])
def test_the_axis_holds_the_80_percent_band_and_what_is_cut_is_marked(client: FlaskClient, component: str) -> None:
    answer = forecast(client, "EST")
    drawn = fan.draw(fan.Plot(answer, component, known(client, "EST") if component == "core" else ()))
    edges = answer["paths"][component]["quantiles"]
    assert max(edges["0.9"]) <= drawn.top
    widest = next(it for it in drawn.names if (it.also + it.text).startswith("95"))
    assert ("↑" in widest.text) == (edges["0.975"][-1] > drawn.top)
    assert min(y for _, y in line(drawn, "band-80")) >= 0


def test_what_came_and_what_is_planned_have_marks(client: FlaskClient) -> None:
    answer, shares = forecast(client, "DEU"), known(client, "DEU")
    came = [{"year": 2027, "share_pct": 9.5, "estimate": False}]
    drawn = fan.draw(fan.Plot(answer, "core", shares, plans=[(2029, 3.5)], came=came))
    assert {it.kind for it in drawn.points} == {"estimate", "plan", "came"}
    assert drawn.top >= 9.5
    said = {it.year: it.said for it in drawn.readings}
    assert "planned: 3.50" in said[2029]
    assert "it came to 9.50" in said[2027]
    assert "Russia invaded Ukraine" in said[2022]


def test_only_the_latest_plan_of_a_year_that_still_holds_is_marked(client: FlaskClient) -> None:
    plan = {"component": "core", "stance": "plan", "year": 2029, "status": "plan"}
    detail = {
        "pledges": [
            plan | {"target_pct": 3.5, "stated_on": "2025-11-26"},
            plan | {"target_pct": 3.2, "stated_on": "2025-06-24"},
            plan | {"target_pct": 3.0, "year": 2028, "status": "withdrawn", "stated_on": "2025-06-24"},
            plan | {"target_pct": 3.5, "year": 2035, "stance": "pledged", "stated_on": "2025-06-25"},
            plan | {"target_pct": 1.0, "component": "related", "stated_on": "2025-06-25"},
        ]
    }
    assert plans(detail, "core", 2026) == [(2029, 3.5)]
    assert plans(detail, "core", 2030) == []
    # Those of the bundled data lie in the future.
    for ally in client.get("/v1/countries").json["items"]:
        found = plans(client.get(f"/v1/countries/{ally['code']}").json, "core", 2026)
        assert all(year > 2026 and 0 < share < 10 for year, share in found)


def test_several_fans_share_a_scale(client: FlaskClient) -> None:
    plots = [fan.Plot(forecast(client, code), "core", known(client, code)) for code in ("ESP", "EST")]
    top = fan.scale(plots)
    assert top == fan.draw(plots[1]).top > fan.draw(plots[0]).top
    assert fan.draw(plots[0], top).levels == fan.draw(plots[1], top).levels


@given(st.lists(st.floats(-20, 120), min_size=1, max_size=12))
def test_no_two_names_are_written_over_each_other(places: list[float]) -> None:
    found = sorted(it.y for it in fan.apart([fan.Mark(100, y, "x") for y in places]))
    assert len(found) == len(places)
    assert found[-1] <= 100
    gaps = [after - before for before, after in pairwise(found)]
    assert all(gap >= fan.APART - 0.02 for gap in gaps)


def test_under_a_low_cap_every_name_is_inside(client: FlaskClient) -> None:
    answer, base = forecast(client, "EST", "scenario=exemption"), forecast(client, "EST")
    others = [(name, forecast(client, "EST", f"scenario={name}")) for name in ("stall", "pledge", "trend")]
    drawn = fan.draw(fan.Plot(answer, "core", known(client, "EST"), base, others))
    assert len(drawn.names) >= 6
    assert all(0 <= it.y <= 100 for it in drawn.names)
