"""What readers come for, done in a real browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.forecast_service.dashboard.conftest import Opening, settled

FOCUS_SHOWS = """(() => {
  const it = document.activeElement, outline = it.closest(".map-picture") && it.querySelector("path");
  return outline ? getComputedStyle(outline).strokeWidth === "6px" : getComputedStyle(it).outlineStyle !== "none";
})()"""
"""Whether a reader sees the focus: as an outline, or on the map as a thick border."""


def query_of(page: Page) -> dict[str, str]:
    return dict(re.findall(r"[?&]([^=&#]+)=([^&#]*)", page.url))


def headline(page: Page) -> str:
    return page.locator(".number").first.inner_text().replace("\u00a0", " ")


def test_an_ally_is_chosen_by_search_and_by_the_table(opened: Opening, site: str) -> None:
    page = opened(site)
    page.get_by_label("Find an ally").fill("Poland")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("h1")).to_have_text("Poland")
    assert page.url == f"{site}/countries/POL"
    page.get_by_label("Another ally").fill("est")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Estonia")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Poland")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Alliance").click()
    expect(page.locator("h1")).to_contain_text("of 31 allies")
    page.get_by_role("region", name="All allies, a table").get_by_role("link", name="Germany").click()
    expect(page.locator("h1")).to_have_text("Germany")
    assert page.title().startswith("Germany: ")
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1, "the page was never loaded anew"


def test_tabs_and_deadline_change_what_is_shown(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    core = headline(page)
    page.get_by_role("link", name=re.compile("^Related")).click()
    expect(page.locator(".tabs [aria-current=true]")).to_contain_text("Related")
    assert headline(page) != core
    assert "An assumption (a prior)" in page.locator("[data-region=rests]").inner_text()
    page.get_by_role("link", name=re.compile("^Total")).click()
    expect(page.locator(".tabs [aria-current=true]")).to_contain_text("Total")
    page.get_by_text("More assumptions").click()
    page.get_by_label("Deadline").fill("2029")
    expect(page.locator(".eyebrow").first).to_contain_text("2029")
    page.wait_for_url(re.compile("deadline=2029"))
    assert query_of(page) == {"component": "total", "deadline": "2029"}


def test_a_preset_shows_its_steps_and_what_it_says(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    preset = page.get_by_role("link", name="Stall: the share stays")
    preset.press("Enter")
    expect(page.locator(".eyebrow").first).to_contain_text("Stall")
    assert query_of(page) == {"scenario": "stall"}
    expect(page.locator("[data-region=headline]")).to_contain_text("than the baseline's")
    expect(page.get_by_role("region", name="Steps from the baseline").locator("tbody tr")).to_have_count(3)
    expect(page.locator("#scenario-says")).to_contain_text("frozen")
    expect(preset).to_be_focused()
    expect(preset).to_have_attribute("aria-current", "true")
    page.get_by_text("More assumptions").click()
    page.get_by_label("Scenario", exact=True).select_option("trend")
    expect(page.locator(".eyebrow").first).to_contain_text("Trend")
    page.wait_for_url(re.compile("scenario=trend"))


def test_number_chart_and_steps_follow_a_slider(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/ESP")
    before, line = headline(page), page.locator(".chart path.median").get_attribute("d")
    slider = page.locator("#slider-gdp")
    slider.fill("-3")
    expect(page.locator("#lever-gdp")).to_have_value("-3")
    expect(page.locator(".number").first).not_to_have_text(before)
    assert page.locator(".chart path.median").get_attribute("d") != line
    expect(page.locator(".chart path.ghost")).to_have_count(1)
    steps = page.get_by_role("region", name="Steps from the baseline").locator("tbody tr")
    expect(steps).to_have_count(2)
    page.wait_for_url(re.compile("gdp=-3"))
    expect(page.locator("[data-said]")).to_have_text(re.compile("^Spain [0-9]+.%, [0-9]+.points more$"))
    page.locator("#lever-gdp").fill("-2.5")
    expect(slider).to_have_value("-2.5")
    expect(page.locator("[data-lever=gdp]")).to_have_class(re.compile("is-set"))
    page.get_by_role("button", name="Clear Growth of GDP").click()
    expect(page.locator(".number").first).to_have_text(before.replace(" %", "\u00a0%"))
    expect(page.get_by_role("region", name="Steps from the baseline")).to_have_count(0)
    expect(page.locator("[data-lever=gdp]")).not_to_have_class(re.compile("is-set"))


def test_ten_fast_key_presses_count_ten_and_nothing_moves(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/ESP")
    slider = page.locator("#slider-gdp")
    slider.focus()
    place = slider.bounding_box()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#lever-gdp")).to_have_value("-5")
    page.wait_for_url(re.compile("gdp=-5"))
    expect(page.locator("[data-region=when]")).not_to_have_class(re.compile("behind"))
    expect(slider).to_be_focused()
    assert slider.bounding_box() == place
    asked = [url for url in page.seen.requests if "/live?" in url]  # type: ignore[attr-defined]
    assert asked[-1].endswith("gdp=-5")
    with_levers: Any = page.request.get(f"{site}/countries/ESP/own.json?gdp=-5")
    p = with_levers.json()["targets"][0]["probability"]["at_deadline"]
    assert headline(page) == f"{100 * p:.0f} %"


def test_an_address_that_a_slider_made_opens_the_same(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?related=2&component=total")
    page.get_by_role("slider", name="Growth of GDP, points a year, slider").fill("2")
    page.wait_for_url(re.compile("gdp=2"))
    assert query_of(page) == {"related": "2", "component": "total", "gdp": "2"}
    number = headline(page)
    page.reload()
    assert headline(page) == number


def test_levers_that_contradict_are_told_at_their_fields(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?cap=2")
    floor = page.locator("#lever-floor")
    floor.fill("3")
    expect(page.get_by_role("alert").filter(has_text="cannot be used")).to_be_visible()
    faulty = page.locator("[aria-invalid=true]")
    expect(faulty).to_have_count(1)
    fault = (faulty.get_attribute("aria-describedby") or "").split()[-1]
    expect(page.locator(f"#{fault}")).to_be_visible()
    expect(floor).to_be_focused()
    floor.fill("1.5")
    expect(faulty).to_have_count(0)


def test_a_chart_has_the_baseline_and_at_most_three_overlays(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?scenario=stall")
    page.get_by_text("More assumptions").click()
    for number, name in enumerate(("Trend", "Pledge", "GDP shock")):
        page.get_by_role("checkbox", name=name, exact=True).check()
        expect(page.locator(f".chart path.other-{number}")).to_have_count(1)
    expect(page.get_by_role("checkbox", name="Exemption", exact=True)).to_be_disabled()
    page.wait_for_url(re.compile("overlay=trend%2Cpledge%2Cgdp-shock"))
    expect(page.locator(".chart path.ghost")).to_have_count(1)
    page.get_by_label("Hide the baseline in the chart").check()
    expect(page.locator(".chart path.ghost")).to_have_count(0)


def test_a_scenario_is_saved_forked_and_shared(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?cap=3")
    number = headline(page)
    shared = page.locator("[data-share]").inner_text()
    page.get_by_label("Name", exact=True).fill("not above three")
    page.get_by_label("Everyone may read it").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-save-told]")).to_contain_text("Saved as “not above three”")
    kept = query_of(page)["scenario"]
    assert re.fullmatch("[0-9a-z]{26}", kept)
    assert headline(page) == number
    page.get_by_role("button", name="Fork it").click()
    expect(page.locator("[data-save-told]")).to_contain_text("The copy is yours")
    assert query_of(page)["scenario"] not in {"", kept}
    assert headline(page) == number
    again = opened(shared)
    assert headline(again) == number
    expect(again.locator("#lever-cap")).to_have_value("3")


def test_up_to_four_allies_are_compared_on_one_scale(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/POL")
    page.get_by_role("link", name="Compare Poland with other allies").click()
    expect(page.locator("h1")).to_have_text("Poland and Germany")
    page.get_by_label("Ally 3").select_option("ESP")
    expect(page.locator("h1")).to_have_text("Poland, Germany and Spain")
    assert query_of(page)["allies"].replace("%2C", ",") == "POL,DEU,ESP"
    expect(page.locator("[data-fan]")).to_have_count(3)
    axes = {tuple(fan.locator(".grid + .tick").all_inner_texts()) for fan in page.locator("[data-fan]").all()}
    assert len(axes) == 1
    # A closed list that changes with an arrow key keeps the reader where they are until they leave it.
    field = page.get_by_label("Ally 4")
    field.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("h1")).to_have_text("Poland, Germany and Spain")
    expect(field).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("h1")).to_have_text("Poland, Germany, Spain and Belgium")


def test_track_record_and_method_can_be_read(opened: Opening, site: str) -> None:
    page = opened(site)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Track record").click()
    expect(page.locator("h1")).to_have_text("How often were we right?")
    settled(page)
    assert page.locator("[data-picture=reliability] img").evaluate("image => image.naturalWidth") > 300
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Method").click()
    expect(page.locator("h1")).to_contain_text("what it cannot know")


def test_downloads_and_lines_to_copy_give_the_answer_shown(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?scenario=stall", permissions=["clipboard-read", "clipboard-write"])
    for link in page.locator(".downloads a").all():
        answer: Any = page.request.get(f"{site}{link.get_attribute('href')}")
        assert answer.status == 200, link.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    page.get_by_role("button", name="Copy the lines for curl").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl 'http")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()


def test_the_chart_is_read_year_by_year_with_keys_and_pointer(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    keys, said = page.get_by_role("slider", name="Read the chart year by year"), page.locator("[data-fan-said]")
    expect(said).to_contain_text("2035: median")
    keys.focus()
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("2034: median")
    page.keyboard.press("Home")
    expect(said).not_to_contain_text("median")
    assert keys.get_attribute("aria-valuetext") == said.inner_text()
    box = keys.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20)
    expect(said).to_contain_text("2035: median")
    page.locator("#slider-gdp").fill("-1")
    expect(page.locator(".eyebrow").first).to_contain_text("Own assumptions")
    expect(said).to_contain_text("2035: median")
    expect(page.locator(".chart line.reader")).to_have_attribute("visibility", "visible")


def test_a_journey_by_keyboard_alone(opened: Opening, site: str) -> None:
    page = opened(site, permissions=["clipboard-read", "clipboard-write"])

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))

    def tab_to(wanted: str) -> None:
        for _ in range(90):
            page.keyboard.press("Tab")
            assert page.evaluate(FOCUS_SHOWS), focused()
            if focused() == wanted:
                return
        raise AssertionError(f"no way to {wanted}")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to("search-country")
    page.keyboard.type("germany")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Germany")
    assert focused() == "main", "focus follows to the new content"
    tab_to("slider-gdp")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".eyebrow").first).to_contain_text("Own assumptions")
    page.wait_for_url(re.compile("gdp=0.5"))
    assert focused() == "slider-gdp"
    page.keyboard.press("Tab")
    assert focused() == "lever-gdp"
    page.locator("#main").focus()
    tab_to("preset-pledge")
    page.keyboard.press("Enter")
    expect(page.locator(".eyebrow").first).to_contain_text("Pledge")
    assert focused() == "preset-pledge"
    tab_to("copy-link")
    page.keyboard.press("Enter")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site}/countries/DEU?scenario=pledge"
    page.locator("#main").focus()
    tab_to("Compare Germany with other allies")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Germany and France")
    assert focused() == "main"


def test_without_javascript_the_page_is_a_report(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU", java_script_enabled=False)
    assert "about" in page.locator(".in-words").inner_text()
    expect(page.locator(".chart path.median")).to_have_count(1)
    expect(page.locator("input[type=range]").first).to_be_hidden()
    page.locator("#lever-gdp").fill("1")
    page.get_by_role("button", name="Show these futures").click()
    expect(page.locator(".eyebrow").first).to_contain_text("Own assumptions")
    page.get_by_text("More assumptions").click()
    page.get_by_label("Scenario", exact=True).select_option("stall")
    page.get_by_role("button", name="Show these futures").click()
    expect(page.locator("#scenario")).to_have_value("stall")
    expect(page.locator("#lever-gdp")).to_have_value("1")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Alliance").click()
    page.get_by_label("Find an ally").fill("Iceland")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("[data-region=headline]")).to_contain_text("no armed forces")
