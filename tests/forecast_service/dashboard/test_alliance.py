"""The page of the alliance: its sentence, map, table and search."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from forecast_service.dashboard import alliance_map
from forecast_service.dashboard.pages import alliance
from models.dataset.countries import COMPONENTS, allies
from tests.forecast_service.dashboard.conftest import PATIENCE_MS, Opening
from tests.forecast_service.dashboard.test_pages import text_of

HALF = re.compile(r"(\d+|no) all(?:y is|ies are) likelier than not")


def answer(client: FlaskClient, component: str = "core", query: str = "") -> dict[str, Any]:
    targets = client.get(f"/v1/alliance/forecast?{query}").json["targets"]
    found: dict[str, Any] = targets[COMPONENTS.index(component)]  # type: ignore[arg-type]
    return found


def order(page: str) -> list[str]:
    """The codes of the allies in the order of the table."""
    return re.findall(r'<th scope="row"><a href="/countries/([A-Z]{3})', page)


def heading(page: str, name: str) -> str:
    """The link of a column's heading, without its fragment."""
    (address,) = re.findall(rf'<a id="sort-{name}" href="([^"#]+)#sort-{name}"', page)
    return str(address).replace("&amp;", "&")


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_headline_says_the_median_and_the_range_and_why_the_ranking_counts_another_number(
    client: FlaskClient, component: str
) -> None:
    target, said = answer(client, component), text_of(client.get(f"/?component={component}").text)
    tally = target["at_deadline"]
    assert f"On present course about {tally['median']} of {tally['allies']} allies spend at least" in said
    low, high = tally["interval_80"]
    assert f"8 of 10 have {low} to {high} allies" in said
    likelier = sum(entry["at_deadline"] >= 0.5 for entry in target["ranking"])
    assert target["likelier_than_not"] == likelier
    assert HALF.findall(said) == [str(likelier or "no")]
    assert ("less than an even chance each" in said) == (likelier < tally["median"])


def test_a_scenario_is_named_in_the_headline(client: FlaskClient) -> None:
    median = answer(client, query="scenario=border-war")["at_deadline"]["median"]
    said = text_of(client.get("/?scenario=border-war").text)
    assert f"Under the scenario “Border war” about {median} of 31 allies" in said
    assert "On present course about" not in said


@pytest.mark.parametrize(
    ("median", "count", "headline", "one_by_one"),
    [
        (0, 0, "none of 31 allies spend ", "no allies are likelier than not to do so: the same number."),
        (1, 1, "about 1 of 31 allies spends ", "1 ally is likelier than not to do so: the same number."),
        (12, 9, "about 12 of 31 allies spend ", "The others have less than an even chance each"),
        (9, 12, "about 9 of 31 allies spend ", "But each of them may still fail"),
    ],
)
def test_the_sentences_hold_for_any_count(median: int, count: int, headline: str, one_by_one: str) -> None:
    target = {"component": "core", "threshold": 3.5, "likelier_than_not": count}
    target["at_deadline"] = {"median": median, "allies": 31}
    assert headline in alliance.headline({"scenario": {"name": "baseline"}, "deadline": 2035}, target)
    assert one_by_one in alliance.one_by_one(target)


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_map_has_every_ally_as_a_link_that_says_its_probability(client: FlaskClient, component: str) -> None:
    ranking = {it["country"]["code"]: it["at_deadline"] for it in answer(client, component)["ranking"]}
    page = client.get(f"/?component={component}").text
    (drawn,) = re.findall(r'<svg class="map-picture".*?</svg>', page, re.DOTALL)
    links = re.findall(
        r'<a id="map-(\w+)" href="/countries/(\w+)[^"]*" aria-label="([^"]+)".*?fill="url\(#map-(\w+)\)"', drawn
    )
    assert {code for code, *_ in links} == allies().keys()
    for code, leads_to, says, fill in links:
        p = ranking.get(code)
        assert leads_to == code
        assert f'id="map-{fill}"' in drawn
        if p is None:
            assert (code, says, fill) == ("ISL", "Iceland: n/a, no armed forces", "none")
        else:
            low, high = (0, *alliance_map.BOUNDS)[int(fill)], (*alliance_map.BOUNDS, 1)[int(fill)]
            assert low <= p <= high
            assert says.replace("\u00a0", " ") in {f"{allies()[code].name}: {round(100 * p)} %"}
    assert len(alliance_map.classes()) == len(alliance_map.BOUNDS) + 1


def test_an_ally_that_is_left_out_says_why() -> None:
    ranking = [{"country": {"code": "DEU"}, "at_deadline": 0.5}]
    countries = [{"code": code, "name": code} for code in ("DEU", "ISL", "LUX", "MNE")]
    found = alliance_map.places(countries, ranking, {"MNE": "too few figures"})
    assert [(it.code, it.fill, it.reason) for it in found] == [
        ("DEU", "3", ""),
        ("ISL", "none", "no armed forces"),
        ("LUX", "none", "no armed forces"),
        ("MNE", "none", "too few figures"),
    ]


def test_the_outlines_are_small_and_within_the_map() -> None:
    assert alliance_map.OUTLINES.stat().st_size < 12_500
    found = alliance_map._outlines()
    width, height = alliance_map.size()
    assert found["paths"].keys() == allies().keys()
    for path in found["paths"].values():
        for ring in path.split("M")[1:]:
            start, steps = ring.rstrip("z").split("l")
            numbers = [int(number) for number in re.findall(r"-?\d+", steps)]
            x, y = map(int, start.split())
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = x + dx, y + dy
                assert 0 <= x <= width
                assert 0 <= y <= height
    assert {"LUX", "MNE", "SVN"} <= found["markers"].keys()
    settings = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    assert "dashboard/data/*" in settings["tool"]["setuptools"]["package-data"]["forecast_service"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_tab_is_sorted_by_what_it_shows_and_shows_it_first(client: FlaskClient, component: str) -> None:
    page = client.get(f"/?component={component}").text
    ranked = [it["country"]["code"] for it in answer(client, component)["ranking"]]
    assert order(page)[: len(ranked)] == ranked
    columns = re.findall(r'<a id="sort-(\w+)"', page)
    assert columns[:4] == ["name", component, "by", "latest"]
    assert sorted(columns) == sorted(alliance.SORTS)
    tabs = re.findall(r'<li><a href="([^"]+)"', page.partition('class="tabs"')[2].partition("</nav>")[0])
    assert len(tabs) == 3
    sorted_by_name = client.get(f"/?component={component}&sort=name").text
    assert tabs == re.findall(
        r'<li><a href="([^"]+)"', sorted_by_name.partition('class="tabs"')[2].partition("</nav>")[0]
    ), "another tab begins with its own order"


@pytest.mark.parametrize("name", alliance.SORTS)
def test_a_heading_turns_the_order_round_and_those_without_a_number_stay_last(client: FlaskClient, name: str) -> None:
    page = client.get("/?component=total").text
    once = client.get(heading(page, name)).text if name != "total" else page
    twice = client.get(heading(once, name)).text
    assert re.findall(r'aria-sort="(\w+)"', once) == ["ascending" if name == "name" else "descending"]
    assert re.findall(r'aria-sort="(\w+)"', twice) == ["descending" if name == "name" else "ascending"]
    assert heading(twice, name) == (f"/?component=total&sort={name}" if name != "total" else "/?component=total")
    first, second = order(once), order(twice)
    assert sorted(first) == sorted(second)
    assert first[0] != second[0]
    if name == "name":
        assert first == second[::-1]
    elif name != "related":
        assert (first[-1], second[-1]) == ("ISL", "ISL")
    shown = {row["country"]["code"]: row for row in answer(client, "total")["ranking"]}
    if name == "by":
        numbers = [shown[code]["by_deadline"] for code in second[:-1]]
        assert numbers == sorted(numbers)


def test_a_row_that_does_not_apply_says_why(client: FlaskClient) -> None:
    page = client.get("/").text
    (row,) = re.findall(r'<tr>\s*<th scope="row"><a href="/countries/ISL">.*?</tr>', page, re.DOTALL)
    assert "n/a: no armed forces" in row
    assert "n/a: no armed forces" not in client.get("/?component=related").text.partition('class="figures allies"')[2]


def test_a_full_bar_is_a_hundred_percent(client: FlaskClient) -> None:
    widths = [float(width) for width in re.findall(r'class="bar-fill" width="([\d.]+)"', client.get("/").text)]
    assert widths == [round(100 * it["at_deadline"], 1) for it in answer(client)["ranking"]]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("uk", "GBR"), ("britain", "GBR"), ("great britain", "GBR"), ("holland", "NLD"), ("turkey", "TUR"),
        ("türkiye", "TUR"), ("turkiye", "TUR"), ("czech republic", "CZE"), ("usa", "USA"), ("america", "USA"),
        ("macedonia", "MKD"), ("ESPANA", "ESP"), ("  germany ", "DEU"),
    ],
)  # fmt: skip
def test_a_search_takes_what_people_type(client: FlaskClient, typed: str, code: str) -> None:
    response = client.get("/countries", query_string={"country": typed, "deadline": "2032"})
    assert (response.status_code, response.headers["Location"]) == (303, f"/countries/{code}?deadline=2032")


@pytest.mark.parametrize(
    ("address", "said", "links"),
    [
        ("/countries?country=Germny&scenario=stall", "No ally goes by 'Germny'. Did you mean Germany?",
         ["/countries/DEU?scenario=stall"]),
        ("/countries/Germny?deadline=2032&cap=3", "Did you mean Germany?", ["/countries/DEU?deadline=2032&cap=3"]),
        ("/countries/slov/sensitivity", "Did you mean Slovakia or Slovenia?",
         ["/countries/SVK/sensitivity", "/countries/SVN/sensitivity"]),
        ("/countries?country=England", "Did you mean United Kingdom?", ["/countries/GBR"]),
        ("/compare?a=polnd&b=FRA", "Did you mean Poland?", ["/compare?a=POL&b=FRA"]),
        ("/countries?country=austria", "Austria is no member of NATO.", []),
        ("/countries?country=zz+top", "No ally goes by 'zz top'.", []),
    ],
)  # fmt: skip
def test_an_unknown_name_leads_to_the_list_and_to_what_may_be_meant(
    client: FlaskClient, address: str, said: str, links: list[str]
) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert said in re.sub(r" (?=[?.])", "", text_of(response.text))
    (told,) = re.findall(r'<p class="lead">(.*?)</p>', response.text, re.DOTALL)
    found = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', told)]
    assert found == links
    for link in found:
        assert client.get(link).status_code == 200
    assert response.text.count('<span class="tile-code">') == 32
    assert "GET /v1" not in response.text
    for field in ("scenario", "deadline"):
        if (kept := re.search(rf"{field}=(\w+)", address)) and "country=" in address:
            assert f'<input type="hidden" name="{field}" value="{kept[1]}">' in response.text


@pytest.mark.slow
def test_an_ally_on_the_map_opens_with_the_keyboard(opened: Opening, site: str) -> None:
    page = opened(f"{site}/?scenario=stall")
    link = page.get_by_role("link", name=re.compile(r"^Luxembourg: "))
    page.locator("#map-ESP").focus()
    ids = []
    for _ in range(len(allies())):
        page.keyboard.press("Tab")
        ids.append(page.evaluate("document.activeElement.id"))
    assert "map-LUX" in ids
    link.focus()
    expect(link.locator(".map-marker")).to_be_visible()
    assert link.evaluate("it => getComputedStyle(it.querySelector('.map-marker')).strokeWidth") == "6px"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/countries/LUX?scenario=stall", wait_until="commit")
    expect(page.locator("h1")).to_contain_text("Luxembourg", timeout=PATIENCE_MS)


@pytest.mark.slow
def test_sorting_keeps_the_focus_and_the_place(opened: Opening, site: str) -> None:
    page = opened(f"{site}/")
    page.locator("#sort-by").focus()
    for query, direction in (("sort=by", "descending"), ("sort=-by", "ascending"), ("sort=by", "descending")):
        before = page.evaluate("scrollY")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site}/?{query}#sort-by", timeout=PATIENCE_MS)
        expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", direction)
        expect(page.locator("#sort-by")).to_be_focused()
        assert abs(page.evaluate("scrollY") - before) < 2
