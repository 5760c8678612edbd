"""When things are slow, fail, are under a prefix, or ask for a key."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Route, expect

from tests.forecast_service.dashboard.conftest import PREFIX, Guarded, Opening, settled


def test_a_slow_answer_says_so_and_then_comes(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    held: list[Route] = []
    page.route("**/countries/DEU?*", lambda route: held.append(route))
    page.get_by_role("link", name="GDP shock: a recession").click()
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status").filter(has_text="Still working")).to_be_visible()
    held[0].continue_()
    expect(page.locator(".eyebrow").first).to_contain_text("GDP shock")
    expect(page.get_by_role("status").filter(has_text="Still working")).to_be_hidden()
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")


def test_what_fails_is_said_and_what_was_there_stays(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    before = page.locator(".number").inner_text()
    page.route("**/countries/DEU?*", lambda route: route.abort())
    page.get_by_role("link", name="GDP shock: a recession").click()
    alert = page.get_by_role("alert").filter(has_text="did not answer")
    expect(alert).to_contain_text("still shows the previous answer")
    assert page.locator(".number").inner_text() == before
    page.unroute("**/countries/DEU?*")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".eyebrow").first).to_contain_text("GDP shock")
    expect(alert).to_be_hidden()


def test_a_slider_whose_answer_fails_says_so_where_the_reader_is(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    before = page.locator(".number").inner_text()
    page.route("**/live?*", lambda route: route.fulfill(status=429, body="no"))
    page.locator("#slider-gdp").fill("-2")
    alert = page.get_by_role("alert").filter(has_text="too many requests")
    expect(alert).to_contain_text("those of the assumptions before")
    assert page.locator(".ally [data-trouble]").count() == 1
    expect(page.locator("[data-region=headline]")).to_have_class(re.compile("behind"))
    assert page.locator(".number").inner_text() == before
    page.unroute("**/live?*")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".eyebrow").first).to_contain_text("Own assumptions")
    expect(alert).to_be_hidden()
    expect(page.locator("[data-region=headline]")).not_to_have_class(re.compile("behind"))


def test_while_an_answer_waits_what_is_older_looks_old(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU")
    held: list[Route] = []
    page.route("**/live?*", lambda route: held.append(route), times=1)
    slider = page.locator("#slider-gdp")
    for value in ("-1", "-2", "-3"):
        slider.fill(value)
    expect(page.locator("[data-region=when]")).to_have_class(re.compile("behind"))
    page.wait_for_timeout(200)
    assert len([url for url in page.seen.requests if "/live?" in url]) == 1, "one at a time"  # type: ignore[attr-defined]
    held[0].continue_()
    page.wait_for_url(re.compile("gdp=-3"))
    asked = [url for url in page.seen.requests if "/live?" in url]  # type: ignore[attr-defined]
    assert [url.rsplit("=", 1)[1] for url in asked] == ["-1", "-3"], "of those that wait the last counts"
    expect(page.locator("[data-region=when]")).not_to_have_class(re.compile("behind"))


def test_what_succeeds_tells_no_trouble_and_keeps_the_focus(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?cap=3")
    page.get_by_label(re.compile("^Core target")).fill("3.2")
    page.get_by_role("checkbox", name="Trend", exact=True).press("Space")
    expect(page.locator(".eyebrow").first).to_contain_text("3.2")
    page.wait_for_url(re.compile("overlay=trend"))
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("[data-trouble]")).to_be_hidden()
    expect(page.locator("footer")).to_contain_text("Model version")
    expect(page.get_by_role("checkbox", name="Trend", exact=True)).to_be_focused()
    page.get_by_role("button", name="Show these futures").press("Enter")
    expect(page.get_by_role("button", name="Show these futures")).to_be_focused()


def test_saving_tells_no_trouble(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?cap=3")
    page.get_by_label("Name", exact=True).fill("not above three")
    page.get_by_role("button", name="Save").press("Space")
    expect(page.locator("[data-save-told]")).to_contain_text("Saved as “not above three”")
    expect(page.locator("[data-trouble]")).to_be_hidden()


@pytest.mark.parametrize("deleted", [False, True])
def test_what_was_saved_without_an_answer_is_not_saved_twice(opened: Opening, site: str, deleted: bool) -> None:
    page, name, answers = opened(f"{site}/countries/DEU?cap=3"), uuid.uuid4().hex, []

    def lose(route: Route) -> None:
        answers.append(route.fetch())
        route.abort()

    page.route("**/v1/scenarios", lose, times=1)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save").click()
    told, saved = page.locator("[data-save-told]"), f"{site}/v1/scenarios?owner=me&q={name}"
    expect(told).to_contain_text("unclear whether the scenario was saved")
    (first,) = [answer.json()["id"] for answer in answers]
    if deleted:
        page.request.delete(f"{site}/v1/scenarios/{first}")
        page.get_by_role("button", name="Save").click()
        expect(told).to_contain_text("was deleted since")
    page.get_by_role("button", name="Save").click()
    expect(told).to_contain_text("Saved as")
    (only,) = page.request.get(saved).json()["items"]
    assert (only["id"] == first) is not deleted


def test_an_old_picture_is_marked_while_the_new_one_fails(opened: Opening, site: str) -> None:
    page = opened(site)
    settled(page)
    ranking = page.locator("[data-picture=ranking]")
    old = ranking.locator("img").evaluate("image => image.currentSrc")
    page.route("**/v1/alliance/ranking.svg*", lambda route: route.fulfill(status=500, body="no"))
    page.get_by_label("Scenario", exact=True).select_option("trend")
    expect(page.locator(".eyebrow").first).to_contain_text("Trend")
    ranking.scroll_into_view_if_needed()
    expect(ranking.locator("[data-stale]")).to_contain_text("This is the previous chart.")
    assert ranking.locator("img").evaluate("image => image.currentSrc") == old
    page.unroute("**/v1/alliance/ranking.svg*")
    ranking.get_by_role("button", name="Try again").click()
    expect(ranking.locator("[data-stale]")).to_be_hidden()
    assert ranking.locator("img").evaluate("image => image.currentSrc") != old


def test_a_first_picture_that_fails_leaves_its_text_and_says_what_to_do(opened: Opening, site: str) -> None:
    page = opened(f"{site}/method")
    page.route("**/v1/**/*.svg*", lambda route: route.fulfill(status=500, body="no"))
    page.goto(site)
    ranking = page.locator("[data-picture=ranking]")
    ranking.scroll_into_view_if_needed()
    expect(ranking.locator("[data-stale]")).to_contain_text("The figures are in the table.")
    assert "Ranking" in (ranking.locator("img").get_attribute("alt") or "")


def test_under_a_prefix_a_key_works_as_at_the_root(opened: Opening, guarded: Guarded) -> None:
    page = opened(f"{guarded.address}/countries/DEU")
    expect(page.locator("h1")).to_have_text("This page needs a key")
    page.get_by_label("Your key").fill("fs_nobody_knows")
    page.get_by_role("button", name="Show the page").click()
    expect(page.get_by_role("status").filter(has_text="does not know the key")).to_be_visible()
    page.get_by_label("Your key").fill(guarded.reader)
    page.get_by_role("button", name="Show the page").click()
    expect(page.locator("h1")).to_have_text("Germany")
    settled(page)
    assert page.seen.failed == [], "no picture was asked for without the key"  # type: ignore[attr-defined]
    assert not [url for url in page.seen.requests if guarded.reader in url]  # type: ignore[attr-defined]
    assert not [url for url in page.seen.requests if PREFIX not in url and not url.startswith("data:")]  # type: ignore[attr-defined]
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Alliance").click()
    expect(page.locator("h1")).to_contain_text("of 31 allies")
    assert page.url == f"{guarded.address}/"
    page.reload()
    expect(page.locator("h1")).to_contain_text("of 31 allies")
    page.get_by_role("button", name="Forget my key").click()
    expect(page.locator("h1")).to_have_text("This page needs a key")


def test_who_may_read_but_not_save_is_told_so_and_who_may_saves(opened: Opening, guarded: Guarded) -> None:
    page = opened(f"{guarded.address}/method")
    for key, told in ((guarded.reader, "may read but not save"), (guarded.writer, "Saved as")):
        page.evaluate("key => sessionStorage.setItem('forecast-service-key', key)", key)
        page.goto(f"{guarded.address}/countries/DEU?cap=3")
        page.get_by_label("Name", exact=True).fill("three")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("[data-save-told]")).to_contain_text(told)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_saved_scenario_that_is_gone_is_told_in_words(opened: Opening, site: str) -> None:
    page = opened(f"{site}/countries/DEU?scenario=01jd3k8v2xq4t6r9m0n5p7s8yb")
    expect(page.locator("main")).to_contain_text("no scenario that you may read")
