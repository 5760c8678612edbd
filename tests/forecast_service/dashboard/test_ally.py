"""An ally's page: what follows the sliders, what moves it most, and what it says of money."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from forecast_service.dashboard import lever_form, text
from forecast_service.dashboard.pages import ally
from tests.forecast_service.dashboard.test_pages import text_of


def regions(page: str) -> dict[str, str]:
    """The text of each part by name; those that follow the sliders."""
    parts = re.findall(r'data-region="([a-z-]+)" data-live(.*?)(?=data-region=|\Z)', page, re.DOTALL)
    return {name: text_of(re.sub(r"<[^>]*\Z", "", f"<{part}")).strip() for name, part in parts}


@pytest.mark.parametrize("query", ["", "?gdp=-2", "?scenario=stall&component=total", "?cap=2&floor=3"])
def test_the_live_part_is_what_the_page_shows(client: FlaskClient, query: str) -> None:
    page, live = client.get(f"/countries/ESP{query}"), client.get(f"/countries/ESP/live{query}")
    assert live.status_code == page.status_code
    assert "<html" not in live.text
    found = regions(live.text)
    assert {"headline", "fan", "steps", "bar"} == set(found)
    for name, said in found.items():
        assert regions(page.text)[name].startswith(said), name


def test_the_live_part_is_small(client: FlaskClient) -> None:
    packed = client.get("/countries/ESP/live?gdp=-2", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 6_000


def test_every_preset_opens_and_says_its_change(client: FlaskClient) -> None:
    for scenario, _ in ally.PRESETS:
        page = client.get(f"/countries/BEL?scenario={scenario}")
        assert page.status_code == 200
        assert ("than the baseline's" in text_of(page.text)) == (scenario != "baseline")


@pytest.mark.parametrize("query", ["", "?component=related", "?component=total", "?deadline=2029"])
@pytest.mark.parametrize("code", ["ESP", "EST", "ISL"])
def test_three_controls_come_first_and_no_change_of_the_reader_moves_them(
    client: FlaskClient, code: str, query: str
) -> None:
    def order(more: str) -> list[str]:
        return re.findall(r'data-lever="([a-z_]+)"', client.get(f"/countries/{code}{query}{more}").text)

    plain = order("")
    assert sorted(plain) == sorted([*(control.name for control in lever_form.CONTROLS), "freeze"])
    assert order(("&" if query else "?") + "gdp=-3&spread=2") == plain


def test_a_slider_that_is_not_set_looks_and_is_called_so(client: FlaskClient) -> None:
    page = client.get("/countries/ESP?gdp=0").text
    assert re.search(r'class="lever is-set" data-lever="gdp"', page), "0 is a setting"
    assert re.search(r'class="lever" data-lever="spend"', page)
    assert re.search(r'id="lever-spend"[^>]*placeholder="not set"', page)


def test_who_may_not_read_gets_no_live_part(client: FlaskClient) -> None:
    assert client.get("/countries/Germny/live").status_code == 404
    assert client.get("/countries/DEU/live?deadline=soon").status_code == 422


def wanted(extra: float, money: float) -> dict[str, object]:
    usd = {"extra": money, "extra_cumulative": 5 * money}
    national = {"extra": money / 1000, "extra_cumulative": money / 200, "currency": "EUR"}
    return {
        "extra_growth_pp": extra,
        "deadline": 2035,
        "probability": {"asked": 0.8},
        "money": {"usd": usd, "national": national},
    }


def test_less_than_expected_is_not_called_more() -> None:
    less = wanted(-3.7, -617)
    assert "likelier than that already" in text.requirement(less)
    assert "3.7 points a year less" in text.requirement(less)
    said = text.money(less).replace("\u00a0", " ")
    assert said.startswith("US$617 million less in 2035, US$3.1 billion less in all years")
    assert "EUR 0.62 billion less" in said
    assert "more" not in said
    assert "-" not in said
    more = wanted(2.0, 617)
    assert "2.0 points a year more" in text.requirement(more)
    assert "less" not in text.money(more)


@pytest.mark.parametrize(
    ("p", "by", "said"), [(0.006, 0.005, "In almost no"), (0.1, 0.5, "The likeliest first year is 2030, with 10 %")]
)
def test_no_year_of_less_than_1_percent_is_called_likeliest(p: float, by: float, said: str) -> None:
    target = {"first_year": {"2030": p, "2031": p / 2}, "probability": {"by_deadline": by}}
    assert said in text.first_year(target, 2026, 2035).replace("\u00a0", " ")


def test_a_comparison_keeps_its_allies_in_every_link(client: FlaskClient) -> None:
    page = client.get("/compare?allies=ESP,EST,POL&scenario=stall").text
    tabs = re.findall(r'href="/compare\?([^"]*component=[^"]*)"', page)
    assert len(tabs) == 2
    for tab in tabs:
        shown = client.get(f"/compare?{html.unescape(tab)}").text
        assert "<h1>Spain, Estonia and Poland</h1>" in shown
        assert "Stall" in shown


def test_a_misspelt_ally_of_a_comparison_can_be_put_right(client: FlaskClient) -> None:
    page = client.get("/compare?allies=ESP,Germny")
    assert page.status_code == 404
    meant = re.search(r'Did you mean <a href="([^"]+)"', page.text)
    assert meant
    assert "<h1>Spain and Germany</h1>" in client.get(html.unescape(meant[1])).text
