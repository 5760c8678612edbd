"""What readers come for, done in a real browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.forecast_service.dashboard.conftest import Opening, settled


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


def test_the_table_can_be_sorted(opened: Opening, site: str) -> None:
    page = opened(site)
    page.get_by_role("columnheader", name="Latest share").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Latest share")).to_have_attribute("aria-sort", "descending")
    shares = [float(t.split("\u00a0")[0]) for t in page.locator(".allies tbody td:nth-child(2)").all_inner_texts()[:31]]
    assert shares == sorted(shares, reverse=True)


def test_tabs_and_deadline_change_what_is_shown(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    core = headline(page)
    page.get_by_role("link", name=re.compile("^Related")).click()
    expect(page.locator("[aria-current=true]")).to_contain_text("Related")
    assert headline(page) != core
    assert "An assumption (a prior)" in page.locator("[data-region=headline]").inner_text()
    page.get_by_role("link", name=re.compile("^Total")).click()
    expect(page.locator("[aria-current=true]")).to_contain_text("Total")
    page.get_by_label("Deadline").fill("2029")
    page.keyboard.press("Tab")
    expect(page.locator(".eyebrow").first).to_contain_text("2029")
    assert query_of(page)["component"] == "total"
    assert query_of(page)["deadline"] == "2029"


def test_a_scenario_chosen_by_its_name_has_a_waterfall(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    page.get_by_label("Scenario", exact=True).select_option("stall")
    expect(page.locator(".eyebrow").first).to_contain_text("Stall")
    assert query_of(page) == {"scenario": "stall", "core": "3.5", "deadline": "2035"}
    assert "Against the baseline" in page.locator("[data-region=headline]").inner_text()
    steps = page.get_by_role("region", name="Steps from the baseline")
    expect(steps.locator("tbody tr")).to_have_count(3)
    expect(page.locator("[data-picture=waterfall] img")).to_have_attribute("alt", re.compile("^From the baseline's"))
    expect(page.locator("#scenario-says")).to_contain_text("frozen")


def test_sliders_and_numbers_move_together(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    before = headline(page)
    slider = page.get_by_label("Cap, % of GDP, slider")
    slider.fill("3")
    expect(page.locator("#lever-cap")).to_have_value("3")
    expect(page.locator(".number").first).not_to_have_text(before)
    assert query_of(page)["cap"] == "3"
    page.locator("#lever-gdp").fill("-2.5")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Growth of GDP, points a year, slider")).to_have_value("-2.5")
    expect(page.get_by_role("region", name="Steps from the baseline").locator("tbody tr")).to_have_count(3)
    assert query_of(page)["gdp"] == "-2.5"
    settled(page)
    assert any("/own.svg?" in url and "ghost=baseline" in url for url in page.seen.requests)  # type: ignore[attr-defined]
    page.get_by_role("button", name="Clear Cap").click()
    expect(page.get_by_role("region", name="Steps from the baseline").locator("tbody tr")).to_have_count(2)
    assert "cap" not in query_of(page)


def test_levers_that_contradict_are_told_at_their_fields(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?cap=2")
    page.locator("#lever-floor").fill("3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="cannot be used")).to_be_visible()
    faulty = page.locator("[aria-invalid=true]")
    expect(faulty).to_have_count(1)
    assert faulty.get_attribute("aria-describedby")


def test_a_chart_has_a_ghost_and_at_most_three_overlays(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?scenario=stall")
    for name in ("Trend", "Pledge", "GDP shock"):
        page.get_by_role("checkbox", name=name, exact=True).check()
        page.wait_for_url(re.compile(name.split()[0].lower()))
    expect(page.get_by_role("checkbox", name="Exemption", exact=True)).to_be_disabled()
    assert query_of(page)["overlay"].replace("%2C", ",") == "trend,pledge,gdp-shock"
    drawn = page.locator("[data-picture=fan] img").get_attribute("data-light-wide") or ""
    assert "ghost=baseline" in drawn
    assert "overlay=trend%2Cpledge%2Cgdp-shock" in drawn
    page.get_by_role("link", name="Hide the baseline's ghost").click()
    expect(page.get_by_role("link", name="Show the baseline as a ghost")).to_be_visible()
    assert "ghost" not in (page.locator("[data-picture=fan] img").get_attribute("data-light-wide") or "")


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


def test_two_allies_can_be_compared(opened: Opening, site: str) -> None:
    page = opened(f"{site}/compare")
    page.get_by_label("One ally").select_option("POL")
    expect(page.locator("h1")).to_have_text("Poland and France")
    page.get_by_role("link", name="Swap sides").click()
    expect(page.locator("h1")).to_have_text("France and Poland")
    assert query_of(page) == {"a": "FRA", "b": "POL", "scenario": "baseline", "deadline": "2035"} or query_of(page) == {
        "a": "FRA",
        "b": "POL",
    }
    expect(page.locator("[data-picture=fan]")).to_have_count(2)


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


def test_the_chart_is_read_year_by_year_with_the_keyboard(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    slider = page.get_by_label("Read it year by year")
    expect(page.locator("[data-readout-text]")).to_contain_text("2035: median")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-readout-text]")).to_contain_text("2034: median")
    page.keyboard.press("Home")
    expect(page.locator("[data-readout-text]")).not_to_contain_text("median")
    assert slider.get_attribute("aria-valuetext") == page.locator("[data-readout-text]").inner_text()


def test_everything_works_with_the_keyboard_alone(opened: Opening, site: str) -> None:
    page = opened(site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("germany")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Germany")
    assert page.evaluate("document.activeElement.id") == "main", "focus follows to the new content"
    page.locator("#lever-cap").focus()
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    expect(page.locator(".eyebrow").first).to_contain_text("Own levers")
    assert page.evaluate("document.activeElement !== document.body"), "focus is not lost when parts change"
    seen: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        seen.add(page.evaluate("document.activeElement.tagName"))
        assert outline != "none"
    assert {"INPUT", "BUTTON"} <= seen


def test_without_javascript_the_page_is_a_report(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU", java_script_enabled=False)
    assert "about" in page.locator(".in-words").inner_text()
    page.locator("#lever-cap").fill("3")
    page.get_by_role("button", name="Show these futures").click()
    expect(page.locator(".eyebrow").first).to_contain_text("Own levers")
    page.get_by_label("Scenario", exact=True).select_option("stall")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#lever-cap")).to_have_value("3")
    fan = page.locator("[data-picture=fan] img")
    fan.scroll_into_view_if_needed()
    expect(page.locator("input[type=range]").first).to_be_hidden()
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Alliance").click()
    page.get_by_label("Find an ally").fill("Iceland")
    page.get_by_role("button", name="Go").click()
    expect(page.locator("[data-region=headline]")).to_contain_text("no armed forces")
